import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { CliError } from '../../cli/errors.ts';
import {
  configReference,
  configReferenceFile,
  writtenReference,
} from '../../scripts/write-config-reference.ts';
import { gatewayErrors } from '../../src/errors/gateway-error.ts';

const project = join(import.meta.dirname, '..', '..');

const markdownIn = (folder: string, recursive: boolean): readonly string[] =>
  readdirSync(join(project, folder), { recursive, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(project, folder, file));

const files = [
  ...markdownIn('.', false),
  ...markdownIn('content', true),
  ...markdownIn('docs', true),
];
const documents = files.map((file) => ({
  name: relative(project, file),
  file,
  text: readFileSync(file, 'utf8'),
}));

const read = (name: string): string => readFileSync(join(project, name), 'utf8');

const fence = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gmu;

const blocksOf = (text: string): readonly { readonly language: string; readonly code: string }[] =>
  [...text.matchAll(fence)].map(([, , language = '', code = '']) => ({ language, code }));

/** The text with its blocks of code taken out, where brackets are no links. */
const prose = (text: string): string => text.replace(fence, '');

/** As the platforms that render Markdown make anchors of headings. */
const anchorsOf = (text: string): readonly string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gmu)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('links', () => {
  test.each(documents)('every relative link of $name leads to a file and a heading', (document) => {
    const links = [...prose(document.text).matchAll(/\]\(([^)\s]+)\)/gu)].map(([, to = '']) => to);
    const broken = links
      .filter((link) => !/^[a-z]+:/u.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? document.file : join(dirname(document.file), path);
        if (!existsSync(target)) return true;
        return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
      });
    expect(broken).toEqual([]);
  });
});

describe('JSON', () => {
  test.each(documents)('every json block of $name is JSON', ({ text }) => {
    for (const { language, code } of blocksOf(text)) {
      if (language === 'json') expect(() => JSON.parse(code) as unknown, code).not.toThrow();
    }
  });

  test('the examples of the configuration use settings that exist', () => {
    const settings = new Set(
      [...writtenReference(read('content/configuration.md')).matchAll(/^\| `([^`]+)`/gmu)].map(
        ([, path = '']) => path.split('.')[0],
      ),
    );
    for (const { language, code } of blocksOf(read('content/configuration.md'))) {
      if (language !== 'json') continue;
      for (const name of Object.keys(JSON.parse(code) as object)) expect(settings).toContain(name);
    }
  });
});

/** Splits as a shell does, as far as the documents need it. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/gu)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? '',
  );

const commandLines = documents.flatMap(({ name, text }) => {
  const inBlocks = blocksOf(text).flatMap(({ code }) => code.replaceAll('\\\n', ' ').split('\n'));
  const inline = [...prose(text).matchAll(/`([^`\n]+)`/gu)].map(([, code = '']) => code);
  return [...inBlocks, ...inline]
    .map((line) => line.replace(/^.*(?:^|\s)npx drawbridge(?=\s|$)/u, 'npx drawbridge').trim())
    .filter((line) => line.startsWith('npx drawbridge '))
    .map((line) => line.replace(/\s+#.*$/u, '').replace('npx drawbridge ', ''))
    .filter((line) => !/^[[…]|…$/u.test(line))
    .map((line) => ({ name, line }));
});

/** Parses a command line as the CLI does, and stops where it would ask a deployment. */
const dryRun = async (line: string): Promise<string> => {
  let reached = false;
  let said = '';
  const stop = () => {
    reached = true;
    return Promise.reject(new CliError('TWIN_NOT_RUNNING', 'dry run'));
  };
  await runCli(wordsOf(line), {
    terminal: { out: () => undefined, err: (text) => void (said += text) },
    connect: stop,
    demoKey: async () => 'a key',
    readStacks: stop,
  });
  return reached || /(^| )(--help|help)( |$)/u.test(line) ? 'understood' : said;
};

describe('command lines', () => {
  test('there are some', () => {
    expect(commandLines.length).toBeGreaterThan(15);
  });

  test.each(commandLines)('$name: the CLI understands "$line"', async ({ line }) => {
    expect(await dryRun(line)).toBe('understood');
  });

  test('a verb or an option that the CLI does not have is found', async () => {
    expect(await dryRun('keys mint acme')).toContain('unknown command');
    expect(await dryRun('keys create acme --forever')).toContain('unknown option');
  });
});

describe('references', () => {
  test('the table of settings is what scripts/write-config-reference.ts makes', async () => {
    const written = writtenReference(readFileSync(configReferenceFile, 'utf8'));
    expect(written).toBe(await configReference());
  });

  test.each(Object.entries(gatewayErrors))(
    'content/errors.md has the code %s with its status and JSON-RPC code',
    (code, { httpStatus, rpcCode }) => {
      const row = read('content/errors.md')
        .split('\n')
        .find((line) => line.startsWith(`| \`${code}\``));
      expect(row?.split('|').map((cell) => cell.trim())).toEqual(
        expect.arrayContaining([String(httpStatus), String(rpcCode)]),
      );
    },
  );

  test('content/audit.md has every field of an audit record, and no other', () => {
    const [, body = ''] =
      /export interface AuditRecord \{\n([\s\S]*?)^\}/mu.exec(read('src/audit/audit-record.ts')) ??
      [];
    const declared = [...body.matchAll(/^ {2}readonly (\w+)\??:/gmu)].map(([, field]) => field);
    const [, section = ''] =
      /^## Fields of an audit record\n([\s\S]*?)^## /mu.exec(read('content/audit.md')) ?? [];
    const [table = ''] = section.split('| outcome ');
    const described = [...table.matchAll(/^\| `(\w+)`/gmu)].map(([, field]) => field);
    expect(declared.length).toBeGreaterThan(20);
    expect(described).toEqual(declared);
  });

  test('content/audit.md has every field of the access log', () => {
    const fields = [
      ...read('lib/constructs/access-log-format.ts').matchAll(/^ {6}(\w+): ['e]/gmu),
    ].map(([, field]) => field);
    const [, section = ''] =
      /^## Fields of the access log\n([\s\S]*?)^## /mu.exec(read('content/audit.md')) ?? [];
    expect(fields.length).toBeGreaterThan(10);
    for (const field of fields) expect(section).toContain(`\`${field}\``);
  });

  test('docs/architecture.md has the arrows that the linter enforces', () => {
    const [, forbidden = ''] =
      /^const forbidden = \{\n([\s\S]*?)^\};/mu.exec(read('eslint.config.js')) ?? [];
    const enforced = [...forbidden.matchAll(/^ {2}(\w+): \[([^\]]+)\],$/gmu)].map(
      ([, room = '', others = '']) => [room, [...others.matchAll(/\w+/gu)].map(([name]) => name)],
    );
    const documented = [
      ...read('docs/architecture.md').matchAll(/^\| `(\w+)` +\| ([^|]+)\|[^|]+\|$/gmu),
    ].map(([, room = '', others = '']) => [
      room,
      [...others.matchAll(/\w+/gu)].map(([name]) => name),
    ]);
    expect(enforced.length).toBeGreaterThan(5);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(enforced));
  });

  test('docs/architecture.md lists every decision', () => {
    const architecture = read('docs/architecture.md');
    for (const file of readdirSync(join(project, 'docs', 'adr'))) {
      expect(architecture).toContain(`adr/${file}`);
    }
  });

  test('every page of the guide has one title and is 60 to 200 lines', () => {
    for (const { name, text } of documents.filter((each) => each.name.startsWith('content/'))) {
      expect(prose(text).match(/^# /gmu), name).toHaveLength(1);
      const lines = text.split('\n').length;
      expect(lines, name).toBeGreaterThanOrEqual(60);
      expect(lines, name).toBeLessThanOrEqual(200);
    }
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { secretNames } from '../../lib/upstreams-config.ts';
import { listLimits } from '../../src/gateway/definitions.ts';
import {
  openApiEntry,
  parseMcpServers,
  remoteEntry,
  stdioEntry,
} from '../../src/upstreams/mcp-servers.ts';
import { pinLock } from '../../src/upstreams/pin-lock.ts';

const project = join(import.meta.dirname, '..', '..');
const read = (...path: readonly string[]): string => readFileSync(join(project, ...path), 'utf8');

const pages = readdirSync(join(project, 'content'))
  .filter((file) => file.startsWith('upstreams') || file === 'pins.md')
  .map((name) => ({ name, text: read('content', name) }));
const page = (name: string): string => pages.find((one) => one.name === name)?.text ?? '';

const examples = pages.flatMap(({ name, text }) =>
  [...text.matchAll(/^ *```json\n([\s\S]*?)^ *```$/gmu)].map(([, json = '']) => ({
    name,
    json,
    keys: Object.keys(JSON.parse(json) as object),
  })),
);
const examplesWith = (key: string) => examples.filter(({ keys }) => keys.includes(key));

/** The cells of the rows of a table, without the outer ones. */
const rowsOf = (text: string, heading: RegExp): readonly (readonly string[])[] => {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => heading.test(line));
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};
const codesIn = (cell = ''): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/gu)].map(([, code = '']) => code);

describe('the examples of upstreams', () => {
  it('are taken as config/mcp.json', () => {
    const shown = examplesWith('mcpServers');
    expect(shown.length).toBeGreaterThanOrEqual(4);
    for (const { name, json } of shown) {
      expect(() => parseMcpServers(json, name), name).not.toThrow();
    }
  });

  it('of pins and secrets are taken, too', () => {
    const [lock] = examplesWith('servers').filter(({ keys }) => keys.includes('version'));
    expect(pinLock.safeParse(JSON.parse(lock?.json ?? '')).error).toBeUndefined();
    const [secrets] = examplesWith('secrets');
    const names = (JSON.parse(secrets?.json ?? '{}') as { secrets?: unknown }).secrets;
    expect(secretNames.parse(names)).toEqual(['weather-token', 'shop']);
  });
});

describe('the table of keys', () => {
  const kinds = {
    stdio: Object.keys(stdioEntry.shape),
    HTTP: Object.keys(remoteEntry.shape),
    OpenAPI: Object.keys(openApiEntry.shape),
  };
  const rows = rowsOf(page('upstreams.md'), /^\| key +\| of +\|/u);
  /** `tools.include` is a part of `tools`. */
  const keysOf = (cell: string | undefined) => codesIn(cell).map((key) => key.split('.')[0] ?? '');

  it.each(Object.entries(kinds))(
    'has every key of an entry of kind %s, and no other',
    (kind, keys) => {
      const described = rows
        .filter(([, of = '']) => of === 'all' || of.includes(kind))
        .flatMap(([key]) => keysOf(key))
        // Its row is about what it says of HTTP servers.
        .concat(kind === 'stdio' ? ['type'] : []);
      expect([...new Set(described)].sort()).toEqual([...keys].sort());
    },
  );
});

describe('failures', () => {
  const [, declared = ''] =
    /export type UpstreamFailure =([\s\S]*?);/u.exec(read('src', 'upstreams', 'upstream.ts')) ?? [];
  const failures = [...declared.matchAll(/'([a-z-]+)'/gu)].map(([, failure = '']) => failure);

  it('are all in the guide, and no others', () => {
    expect(failures.length).toBeGreaterThan(10);
    const told = rowsOf(page('upstreams-behaviour.md'), /^\| `reason`, `failure` +\|/u);
    expect(told.flatMap(([cell]) => codesIn(cell)).sort()).toEqual([...failures].sort());
    const helped = rowsOf(read('content', 'troubleshooting.md'), /^\| failure +\|/u);
    expect(helped.flatMap(([cell]) => codesIn(cell)).sort()).toEqual([...failures].sort());
  });

  it('read to callers as the guide says', () => {
    const source = read('src', 'gateway', 'forwarding.ts');
    const told = rowsOf(page('upstreams-behaviour.md'), /^\| `reason`, `failure` +\|/u);
    const parts = told
      .flatMap(([, text]) => codesIn(text))
      .flatMap((text) => text.split(/demo|30|…/u))
      .map((part) => part.trim())
      .filter((part) => part.length > 1);
    expect(parts.length).toBeGreaterThan(8);
    for (const part of parts) expect(source).toContain(part);
  });
});

it('limits of lists are those of the code', () => {
  const rows = new Map(
    rowsOf(page('upstreams-behaviour.md'), /^\| what +\| limit +\|/u).map(
      ([what = '', limit = '']) => [what, limit],
    ),
  );
  const shown = (...numbers: readonly number[]) =>
    numbers.map((number) => number.toLocaleString('en')).join('; ');
  const { tools, prompts, resources, resourceTemplates } = listLimits;
  expect(rows.get('tools, prompts of one upstream')).toBe(shown(tools, prompts));
  expect(rows.get('resources, templates of one')).toBe(shown(resources, resourceTemplates));
});

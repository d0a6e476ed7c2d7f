import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { projectDirectory } from '../support/project-copy.ts';

const modules = join(projectDirectory, 'test', 'suites', 'node_modules');

/** The suite of the protocol's authors, in the versions that are installed. */
export const programs = {
  current: join(modules, '@modelcontextprotocol', 'conformance'),
  stable: join(modules, 'conformance-0.1.16'),
} as const;

export const expectedFailuresFile = join(import.meta.dirname, 'expected-failures.yml');

const check = z.looseObject({
  id: z.string(),
  status: z.enum(['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO']),
  errorMessage: z.string().optional(),
});
export type Check = z.infer<typeof check>;

export interface Scenario {
  readonly name: string;
  readonly checks: readonly Check[];
}

export interface SuiteRun {
  readonly exitCode: number | null;
  readonly scenarios: readonly Scenario[];
  /** What it printed, for when it printed only that. */
  readonly output: string;
}

const lists = z.looseObject({ server: z.array(z.string()) });

const serverListOf = (file: string): readonly string[] =>
  lists.parse(parse(readFileSync(file, 'utf8'))).server;

/** The scenarios that count for a revision. */
export const requiredBy = (revision: string): readonly string[] =>
  serverListOf(join(programs.current, 'requirements', `${revision}.yaml`));

export const expectedFailures = (): readonly string[] => serverListOf(expectedFailuresFile);

/** `server-<scenario>-<time of its end>` */
const resultDirectory = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/u;

const readScenarios = (directory: string): readonly Scenario[] =>
  readdirSync(directory).flatMap((entry) => {
    const name = resultDirectory.exec(entry)?.[1];
    if (name === undefined) return [];
    const text = readFileSync(join(directory, entry, 'checks.json'), 'utf8');
    return [{ name, checks: z.array(check).parse(JSON.parse(text)) }];
  });

/** @param options.args - of its command `server`, but where the server is. */
export const runSuite = async ({
  program,
  args,
  url,
}: {
  readonly program: string;
  readonly args: readonly string[];
  readonly url: string;
}): Promise<SuiteRun> => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-conformance-'));
  try {
    const entry = join(program, 'dist', 'index.js');
    const child = spawn(
      process.execPath,
      [entry, 'server', '--url', url, ...args, '--output-dir', directory],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, scenarios: readScenarios(directory), output };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import * as z from 'zod';

/** `npm test`: format, lint, types, then every test. The last line counts tests. */
const projectDirectory = dirname(import.meta.dirname);
const bin = (name: string) => join(projectDirectory, 'node_modules', ...name.split('/'));

interface Step {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
}

/** @param output - `later` keeps what it writes until it has ended: for steps that run beside each other. */
const step = async (
  { name, script, args }: Step,
  output: 'inherit' | 'later' = 'inherit',
): Promise<boolean> => {
  const startedAt = Date.now();
  const stdio = output === 'inherit' ? 'inherit' : 'pipe';
  const child = spawn(process.execPath, [script, ...args], {
    cwd: projectDirectory,
    stdio: ['ignore', stdio, stdio],
  });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => said.push(chunk));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  process.stdout.write(Buffer.concat(said));
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'}  ${name}  ${seconds} s`);
  return code === 0;
};

/** One after the other. */
const steps = async (...all: readonly Step[]): Promise<readonly boolean[]> => {
  const passed: boolean[] = [];
  for (const one of all) passed.push(await step(one, 'later'));
  return passed;
};

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numFailedTestSuites: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

const firstLines = (text: string): string =>
  text.split('\n', 12).join('\n').slice(0, 1500).replace(/^/gmu, '      ');

/** Every failure again, in short: whoever sees only the end of a long output sees which it was. */
const failuresOf = ({ testResults }: z.infer<typeof report>): readonly string[] =>
  testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(projectDirectory, name);
    const failed = assertionResults.filter((one) => one.status === 'failed');
    if (status === 'failed' && failed.length === 0) return [`${file}\n${firstLines(message)}`];
    return failed.map(
      ({ fullName, failureMessages }) =>
        `${file} > ${fullName}\n${firstLines(failureMessages?.[0] ?? '')}`,
    );
  });

// Before the types: tests import those of the suites.
const hasSuites = await step({
  name: 'suites',
  script: join(projectDirectory, 'scripts', 'ensure-suites.mjs'),
  args: [],
});
// ESLint takes as long as the other two, and a processor of its own.
const checks = await Promise.all([
  steps(
    {
      name: 'format',
      script: bin('prettier/bin/prettier.cjs'),
      args: ['--check', '--log-level=warn', '.'],
    },
    { name: 'types', script: bin('typescript/bin/tsc'), args: ['--noEmit'] },
  ),
  steps({ name: 'lint', script: bin('eslint/bin/eslint.js'), args: ['--max-warnings=0', '.'] }),
]).then((both) => both.flat());

const directory = mkdtempSync(join(tmpdir(), 'drawbridge-test-'));
const reportFile = join(directory, 'report.json');
const filters = process.argv.slice(2);
const tests = await step({
  name: 'tests',
  script: bin('vitest/vitest.mjs'),
  args: [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...filters,
  ],
});

let passed = 0;
let failed = 1;
try {
  const counts = report.parse(JSON.parse(readFileSync(reportFile, 'utf8')));
  passed = counts.numPassedTests;
  failed = counts.numFailedTests;
  if (counts.numPassedTests === 0 && filters.length === 0) failed ||= 1;
  if (!tests) failed ||= counts.numFailedTestSuites || 1;
  for (const failure of failuresOf(counts)) console.log(`FAIL  ${failure}`);
} catch {
  console.log('FAIL  the test runner wrote no report');
}
rmSync(directory, { recursive: true, force: true });
failed += [hasSuites, ...checks].filter((ok) => !ok).length;
passed += checks.filter(Boolean).length;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

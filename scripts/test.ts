import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import * as z from 'zod';

/** `npm test`: format, lint, types, then every test. The last line counts tests. */
const projectDirectory = dirname(import.meta.dirname);
const bin = (name: string) => join(projectDirectory, 'node_modules', ...name.split('/'));

const step = (name: string, script: string, args: readonly string[]): boolean => {
  const startedAt = Date.now();
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: projectDirectory,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name}  ${seconds} s`);
  return status === 0;
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
const hasSuites = step('suites', join(projectDirectory, 'scripts', 'ensure-suites.mjs'), []);
const checks = [
  step('format', bin('prettier/bin/prettier.cjs'), ['--check', '--log-level=warn', '.']),
  step('types', bin('typescript/bin/tsc'), ['--noEmit']),
  step('lint', bin('eslint/bin/eslint.js'), ['--max-warnings=0', '.']),
];

const directory = mkdtempSync(join(tmpdir(), 'drawbridge-test-'));
const reportFile = join(directory, 'report.json');
const filters = process.argv.slice(2);
const tests = step('tests', bin('vitest/vitest.mjs'), [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportFile}`,
  ...filters,
]);

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

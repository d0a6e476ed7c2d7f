import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../bench/table.ts';
import { suiteResult, type SuiteResult } from './result.ts';
import { projectDirectory } from './project-copy.ts';
import { renderProof } from './page.ts';

/** Something that a command of its own runs, and whose latest whole run stands in `docs/proof.md`. */
export interface Suite {
  /** Of its npm script. */
  readonly name: string;
  /** @param say - one line of progress. @throws Error when it could not be run at all. */
  run(
    say: (line: string) => void,
  ): Promise<Omit<SuiteResult, 'name' | 'date' | 'seconds' | 'node'>>;
}

const resultsDirectory = join(projectDirectory, 'proof', 'results');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

export const versionOf = (packageDirectory: string): string => {
  const text = readFileSync(join(packageDirectory, 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
};

/**
 * Runs a suite as a command: prints its table, and ends with 1 when a row failed.
 * @param options.record - whether this run may stand in `docs/proof.md`: it was the whole suite.
 */
export const runAsCommand = async (
  suite: Suite,
  options: { readonly record: boolean },
): Promise<void> => {
  const startedAt = Date.now();
  const outcome = await suite.run(say);
  const result: SuiteResult = {
    name: suite.name,
    date: new Date(startedAt).toISOString().slice(0, 10),
    seconds: Math.round((Date.now() - startedAt) / 1000),
    node: process.versions.node,
    ...outcome,
  };
  const failures = result.rows.filter(({ ok }) => !ok);
  say(
    `\n${table(
      result.columns,
      result.rows.map(({ cells }) => cells),
    )}\n`,
  );
  for (const { cells, why } of failures)
    say(`FAILED  ${cells.join(' · ')}${why ? `: ${why}` : ''}`);
  say(
    `${result.rows.length - failures.length} passed, ${failures.length} failed. ${result.summary}`,
  );
  if (options.record) {
    mkdirSync(resultsDirectory, { recursive: true });
    const text = `${JSON.stringify(suiteResult.parse(result), null, 2)}\n`;
    writeFileSync(join(resultsDirectory, `${suite.name}.json`), text);
    await renderProof(projectDirectory);
    say(`Written to proof/results/${suite.name}.json and docs/proof.md.`);
  }
  process.exitCode = failures.length === 0 ? 0 : 1;
};

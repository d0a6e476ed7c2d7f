import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { drawCharts } from './charts.ts';
import { isWhole, readOptions, usage, type BenchOptions } from './options.ts';
import { renderReport, type BenchResults } from './report.ts';
import { renderProof } from '../proof/support/page.ts';
import { Bench } from './run.ts';

const projectDirectory = dirname(import.meta.dirname);
const resultsDirectory = join(import.meta.dirname, 'results');

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const fail = (error: unknown): never => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
};

/** Four significant digits: more would only make differences between two runs that mean nothing. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;

const save = (results: BenchResults): void => {
  mkdirSync(resultsDirectory, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(resultsDirectory, name), text);
  write('latest.json', `${JSON.stringify(results, rounded, 2)}\n`);
  write('latest.md', renderReport(results));
};

const stopOnSignals = (bench: Bench): void => {
  const stop = (): void => {
    bench.close().then(() => process.exit(130), fail);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  // The launcher holds this channel: when it is gone, nobody waits for the results.
  if (process.channel !== undefined) process.once('disconnect', stop);
};

const main = async (options: BenchOptions): Promise<void> => {
  const bench = new Bench(options, projectDirectory, say);
  stopOnSignals(bench);
  try {
    const results = await bench.run();
    say(`\n${renderReport(results)}`);
    if (!isWhole(options)) {
      say('Not written to bench/results: that takes a run without options.');
      return;
    }
    save(results);
    drawCharts(results, projectDirectory);
    await renderProof(projectDirectory);
    say(
      'Written to bench/results/latest.json and latest.md, charts to docs/charts, and docs/proof.md.',
    );
  } finally {
    await bench.close();
  }
};

try {
  const options = readOptions();
  if (options.help) say(usage);
  else await main(options);
  process.exit(0);
} catch (error) {
  fail(error);
}

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { figure, table, verdict } from '../../bench/table.ts';

const spread = z.object({ median: z.number() });

/** What is read of `bench/results/latest.json`. */
const benchResults = z.object({
  machine: z.object({ date: z.string(), processor: z.string(), cores: z.number() }),
  inFunction: z.object({
    ownRatio: z.number(),
    chargedRatio: z.number(),
    waitedUs: z.number(),
    waitedRatio: z.number(),
    rows: z.array(z.object({ name: z.string(), ownUs: spread, cpuUs: spread })),
  }),
  coldStart: z.object({ rows: z.array(z.object({ name: z.string(), firstAnswerMs: z.number() })) }),
  upstreams: z.object({ targets: z.array(z.object({ name: z.string(), value: z.number() })) }),
  throughput: z.object({
    rows: z.array(
      z.object({
        target: z.string(),
        connections: z.number(),
        figures: z.object({ rps: spread, cpuUs: spread, cpuSelfUs: spread }),
      }),
    ),
  }),
  growth: z.object({ keys: z.object({ ratio: z.number() }) }),
});
type BenchResults = z.infer<typeof benchResults>;

interface Target {
  readonly name: string;
  readonly value: number;
  readonly bound: string;
  readonly met: boolean;
  /** Why it is not met, where that is known. */
  readonly bounds?: string;
}

const atMost = (name: string, value: number, most: number, bounds?: string): Target => ({
  name,
  value,
  bound: `≤ ${most} ×`,
  met: value <= most,
  ...(bounds === undefined ? {} : { bounds }),
});

const atLeast = (name: string, value: number, least: number, bounds?: string): Target => ({
  name,
  value,
  bound: `≥ ${least} ×`,
  met: value >= least,
  ...(bounds === undefined ? {} : { bounds }),
});

const functionBounds = ({ inFunction }: BenchResults): string => {
  const { chargedRatio, waitedUs, waitedRatio, rows } = inFunction;
  const bare = rows.at(-1)?.ownUs.median ?? Number.NaN;
  return (
    'The function: counting exactly takes one request to DynamoDB for each call, and the bare handler makes none. With that one signed ' +
    `UpdateItem before it, and nothing else of ours, the bare handler is at ${figure(chargedRatio)} × itself. Less of that is the request than ` +
    `the wait for it: in a row the handler takes ${figure(bare)} µs, and ${figure(waitedUs)} µs when other programs had the processor's caches ` +
    `since its last call, as every call in a function runs. Against that, ours is at ${figure(waitedRatio)} ×. Quota, policy and audit without ` +
    'the request add under 0.1 ms (`node scripts/run.mjs bench/governance.ts`).'
  );
};

const coldBounds =
  "The cold start: a fifth of it is Node itself and a third is reading and running the bundle, of which the SDK's server and zod are two " +
  'thirds. Of the first call, making the index of the documents ready and loading Request and Response of Node (undici), which the ' +
  'SDK answers with, are about a fifth each. The adapter is small, and the stdio server that it starts is one file; it starts it again ' +
  'for every call.';

const ms = (us: number): string => `${figure(us / 1000)} ms`;

const roadBounds = ({ throughput, inFunction }: BenchResults): string => {
  const at = (prefix: RegExp) =>
    throughput.rows.find(({ target, connections }) => connections === 10 && prefix.test(target))
      ?.figures;
  const [twin, proxy] = [at(/^twin/u), at(statelessProxy)];
  return (
    'The road: mcp-proxy answers from one process and counts nothing. A call through the twin passes the firewall and the usage plan, goes ' +
    'to a Lambda sandbox over the Runtime API (two HTTP exchanges), and is charged by an UpdateItem that is signed, checked against IAM ' +
    `and written to disk by dynalite (two more). At 10 connections that is ${ms(twin?.cpuUs.median ?? Number.NaN)} of CPU for each call, ` +
    `${ms(twin?.cpuSelfUs.median ?? Number.NaN)} of it in the gateway, against ${ms(proxy?.cpuUs.median ?? Number.NaN)} of mcp-proxy, and both ` +
    `processors are full. The function itself takes ${ms(inFunction.rows[0]?.cpuUs.median ?? Number.NaN)} when it has a processor to itself; ` +
    'here twelve processes share two of them, and their caches. At AWS, API Gateway, Lambda and DynamoDB run on machines of their own.'
  );
};

const statelessProxy = /^mcp-proxy .*stateless/u;

const targetsOf = (results: BenchResults): readonly Target[] => {
  const rps = (prefix: string, connections: number): number =>
    results.throughput.rows.find(
      (row) => row.target.startsWith(prefix) && row.connections === connections,
    )?.figures.rps.median ?? Number.NaN;
  const stateless = (connections: number): number =>
    results.throughput.rows.find(
      (row) => statelessProxy.test(row.target) && row.connections === connections,
    )?.figures.rps.median ?? Number.NaN;
  const firstAnswer = (name: string): number =>
    results.coldStart.rows.find((row) => row.name === name)?.firstAnswerMs ?? Number.NaN;
  const stdio = results.upstreams.targets.find(({ name }) => name.startsWith('stdio'))?.value;
  return [
    atMost(
      "a warm keyed call with quota, policy and audit, in the function, against the SDK's bare handler",
      results.inFunction.ownRatio,
      2,
      functionBounds(results),
    ),
    atMost(
      "cold start of the mcp function to its first answer, against AWS's adapter",
      firstAnswer('mcp') / firstAnswer("AWS's adapter"),
      0.6,
      coldBounds,
    ),
    atLeast("a warm stdio call, faster than AWS's adapter", stdio ?? Number.NaN, 100),
    ...[10, 50].map((count) =>
      atLeast(
        `requests per second through the twin, against mcp-proxy stateless with a key, ${count} connections`,
        rps('twin', count) / stateless(count),
        1,
        roadBounds(results),
      ),
    ),
    atMost('lookups with 1,000,000 keys, against 10', results.growth.keys.ratio, 1.2),
  ];
};

const charts = [
  ['throughput', 'Requests per second by connections'],
  ['growth-tools', 'Time by tools'],
  ['growth-upstreams', 'Time by upstreams'],
  ['growth-bodies', 'Time by size of the body'],
  ['growth-keys', 'Time by keys'],
] as const;

/** The targets of the latest whole run of `npm run bench`, and its charts. Undefined when there was none. */
export const speedSection = (projectDirectory: string): string | undefined => {
  const file = join(projectDirectory, 'bench', 'results', 'latest.json');
  if (!existsSync(file)) return undefined;
  const parsed = benchResults.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) return undefined;
  const { date, processor, cores } = parsed.data.machine;
  const targets = targetsOf(parsed.data);
  const missed = new Set(targets.flatMap(({ met, bounds }) => (met ? [] : (bounds ?? []))));
  return [
    '## Speed',
    'Ratios between programs in one run, interleaved, medians of several rounds. All figures, with those of every peer: ' +
      '[the results](../bench/results/latest.md).',
    `${date}, ${processor}, ${cores} cores:`,
    ['```sh', 'npm run bench', '```'].join('\n'),
    table(
      ['what', 'measured', 'target', ''],
      targets.map(({ name, value, bound, met }) => [
        name,
        `${figure(value)} ×`,
        bound,
        verdict(met),
      ]),
    ),
    ...(missed.size === 0 ? [] : ['What bounds those that are missed:', ...missed]),
    ...charts.map(([name, alt]) => `![${alt}](charts/${name}.svg)`),
  ].join('\n\n');
};

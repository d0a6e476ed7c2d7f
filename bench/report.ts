import type { AuthorizerReads } from './authorizer-reads.ts';
import { adapterName } from './cold-cases.ts';
import type { ColdStartResult } from './cold-start.ts';
import type { GrowthResult } from './growth/growth.ts';
import { growthReport } from './growth/report.ts';
import { inFunctionReport, type InFunctionResult } from './in-function.ts';
import type { LaneResult } from './lanes.ts';
import type { Machine } from './machine.ts';
import { policyReport, type PolicyResult } from './policy.ts';
import type { SizeRow } from './sizes.ts';
import { figure, noise, percent, table, verdict } from './table.ts';
import type { ThroughputResult, ThroughputRow } from './throughput.ts';
import { upstreamReport } from './upstream-report.ts';
import type { UpstreamResult } from './upstreams.ts';
import type { Workload } from './workload.ts';

export interface BenchResults {
  readonly machine: Machine;
  readonly workload: {
    readonly params: Workload['params'];
    readonly documents: number;
    readonly resultBytes: number;
  };
  readonly throughput?: ThroughputResult;
  readonly authorizerReads?: AuthorizerReads;
  readonly lanes?: LaneResult;
  readonly inFunction?: InFunctionResult;
  readonly policies?: PolicyResult;
  readonly upstreams?: UpstreamResult;
  readonly growth?: GrowthResult;
  readonly coldStart?: ColdStartResult;
  readonly sizes?: readonly SizeRow[];
}

const about = ({ machine, workload }: BenchResults): string => {
  const { date, processor, system, cores, memoryGb, loadAverage, versions } = machine;
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `# Benchmark of ${date}`,
    `${processor}, ${cores} cores, ${memoryGb} GB, ${system}. Load average before the start: ${loadAverage.toFixed(2)}.`,
    `${list.join(', ')}.`,
    `Each request is \`tools/call\` of \`${workload.params.name}\` over ${workload.documents} indexed documents; its result is ` +
      `${workload.resultBytes} bytes of JSON. Every reply was checked: its id and its whole result.`,
  ].join('\n\n');
};

const throughputRow = (
  { target, figures, ratio }: ThroughputRow,
  { yardstick, startUpMs }: ThroughputResult,
): readonly string[] => [
  target,
  `${figure(figures.rps.median)} ±${percent(figures.rps.spread / 2)}`,
  figure(figures.p50Ms.median),
  figure(figures.p95Ms.median),
  figure(figures.p99Ms.median),
  `${figure(figures.cpuUs.median)} ±${percent(figures.cpuUs.spread / 2)}`,
  figure(figures.cpuSelfUs.median),
  figure(figures.memoryMb.median),
  figure(startUpMs[target]),
  ...(target === yardstick
    ? ['1', '1', '1', '1']
    : [ratio.rps, ratio.p50Ms, ratio.p99Ms, ratio.cpuUs].map(figure)),
];

const throughput = (result: ThroughputResult): string => {
  const { rows, rounds, secondsEach, yardstick, othersShare } = result;
  const head = [
    '',
    'req/s',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'CPU µs',
    'own CPU µs',
    'MB',
    'start ms',
  ];
  const ratios = ['× req/s', '× p50', '× p99', '× CPU'];
  const counts = [...new Set(rows.map(({ connections }) => connections))];
  return [
    '## Throughput',
    `${rounds} rounds of ${secondsEach} s, the servers one after the other in each; medians, and half the distance of the ` +
      `extremes. CPU is user and system time per request of the server with all processes below it; own CPU is that of the ` +
      `first process alone (of the twin: the gateway). MB is resident memory of all of them, what they share counted in each; ` +
      `start is from its spawn to the first right answer. × is against the ${yardstick} in the same round. The load ` +
      `generator runs on the same machine and bounds the fastest row.`,
    ...counts.flatMap((count) => [
      `### ${count} ${count === 1 ? 'connection' : 'connections'}`,
      table(
        [...head, ...ratios],
        rows
          .filter(({ connections }) => connections === count)
          .map((row) => throughputRow(row, result)),
      ),
    ]),
    noise(othersShare?.highest, othersShare?.median),
  ].join('\n\n');
};

/** Of the mcp function's first answer, in multiples of the adapter's. */
const firstAnswerBound = 0.6;

const firstAnswerTarget = (rows: ColdStartResult['rows']): string => {
  const of = (wanted: string) => rows.find(({ name }) => name === wanted)?.firstAnswerMs;
  const ratio = (of('mcp') ?? Number.NaN) / (of(adapterName) ?? Number.NaN);
  return (
    `Spawn to first answer, mcp against ${adapterName}: ${figure(ratio)} ×; target: ≤ ${firstAnswerBound} ×: ` +
    `${verdict(ratio <= firstAnswerBound)}. The adapter is bundled as NodejsFunction does it, and starts the same tool as a stdio server.`
  );
};

const coldStart = ({ rounds, bareMs, bareMsLowest, rows, othersShare }: ColdStartResult): string =>
  [
    '## Cold start',
    `Medians of ${rounds} interleaved rounds. Ready is spawn to the first GET invocation/next; first answer is spawn to the ` +
      `end of the first answer, its AWS calls included. × is against \`node -e 0\`, spawn to exit.`,
    table(
      ['', 'ready ms', 'lowest', '× bare', 'target', '', 'first answer ms', '× bare'],
      [
        ['node -e 0', figure(bareMs), figure(bareMsLowest), '1', '', '', '', ''],
        ...rows.map((row) => [
          row.name,
          figure(row.readyMs),
          figure(row.readyMsLowest),
          figure(row.readyRatio),
          row.readyTarget === undefined ? '' : `≤ ${row.readyTarget}`,
          row.readyTarget === undefined ? '' : verdict(row.readyRatio <= row.readyTarget),
          figure(row.firstAnswerMs),
          figure(row.firstAnswerRatio),
        ]),
      ],
    ),
    firstAnswerTarget(rows),
    noise(othersShare),
  ].join('\n\n');

const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1);

const sizes = (rows: readonly SizeRow[]): string =>
  [
    '## Bundles',
    table(
      ['', 'KB', 'gzip KB', 'budget KB', ''],
      rows.map(({ name, bytes, gzipBytes, budgetBytes }) => [
        name,
        kilobytes(bytes),
        kilobytes(gzipBytes),
        kilobytes(budgetBytes),
        verdict(bytes <= budgetBytes),
      ]),
    ),
    ...rows.map(
      ({ name, inputs }) =>
        `${name}: ${inputs.map((input) => `${input.name} ${kilobytes(input.bytes)}`).join(', ')}.`,
    ),
  ].join('\n\n');

const perRequest = (calls: Readonly<Record<string, number>>, requests: number): string =>
  Object.entries(calls)
    .map(([action, count]) => `${Number((count / requests).toFixed(2))} ${action}`)
    .join(', ') || 'none';

const authorizerReads = (reads: AuthorizerReads): string =>
  [
    '## AWS calls of the authorizer, per request',
    table(
      ['', 'authorizer', 'all functions'],
      [
        [
          'not cached',
          perRequest(reads.uncached, reads.requestsEach),
          perRequest(reads.uncachedByAll, reads.requestsEach),
        ],
        [
          'cached',
          perRequest(reads.cached, reads.requestsEach),
          perRequest(reads.cachedByAll, reads.requestsEach),
        ],
      ],
    ),
    `Target: one dynamodb:GetItem, and none: ${verdict(reads.met)}.`,
  ].join('\n\n');

const lanes = ({ rounds, rows, othersShare }: LaneResult): string =>
  [
    '## Lanes',
    `Microseconds of one warm operation, one at a time; medians of ${rounds} interleaved rounds, and half the distance of ` +
      `the extremes. The authorizer is its synthesized bundle in a process of its own, with the twin as its AWS. A call of ` +
      `AWS counts in the right-hand columns only, from its last byte to the head of its answer; making, signing and ` +
      `reading it count everywhere. The registry of the other rows is in memory. On Lambda a function gets its share of a ` +
      `core by its memory.`,
    table(
      ['', 'p50 µs', 'p99 µs', 'target', '', 'p50 µs with AWS', 'p99 µs with AWS'],
      rows.map(({ name, p50Us, p99Us, waiting, targetUs }) => [
        name,
        `${figure(p50Us.median)} ±${percent(p50Us.spread / 2)}`,
        figure(p99Us),
        targetUs === undefined ? '' : `≤ ${figure(targetUs)}`,
        targetUs === undefined ? '' : verdict(p50Us.median <= targetUs),
        waiting === undefined ? '' : figure(waiting.p50Us),
        waiting === undefined ? '' : figure(waiting.p99Us),
      ]),
    ),
    noise(othersShare),
  ].join('\n\n');

/** The results as Markdown, for a terminal and for a commit. */
export const renderReport = (results: BenchResults): string =>
  `${[
    about(results),
    ...(results.throughput ? [throughput(results.throughput)] : []),
    ...(results.authorizerReads ? [authorizerReads(results.authorizerReads)] : []),
    ...(results.lanes ? [lanes(results.lanes)] : []),
    ...(results.inFunction ? [inFunctionReport(results.inFunction)] : []),
    ...(results.policies ? [policyReport(results.policies)] : []),
    ...(results.upstreams ? [upstreamReport(results.upstreams)] : []),
    ...(results.growth ? [growthReport(results.growth)] : []),
    ...(results.coldStart ? [coldStart(results.coldStart)] : []),
    ...(results.sizes ? [sizes(results.sizes)] : []),
  ].join('\n\n')}\n`;

import type { Child } from './child.ts';
import { readCpu, readMemoryMb, watchOthers } from './cpu.ts';
import { loadResult, type Expectation } from './messages.ts';
import { median, spreadOf, type Spread } from './statistics.ts';
import { requestHeaders, type Workload } from './workload.ts';

/** A server under load. */
export interface Target {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expected: Expectation;
  /** It keeps sessions, and wants one from each connection. @default false */
  readonly sessions?: boolean;
  /** So many connections it can be asked for. @default all */
  readonly mostConnections?: number;
  /** Spawn to the first right answer. */
  readonly startUpMs: number;
}

/** `undefined` CPU: this system does not tell. */
export interface Figures {
  readonly rps: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Of the target and every process below it, per request. */
  readonly cpuUs: number | undefined;
  /** Of the target's own process, per request. */
  readonly cpuSelfUs: number | undefined;
  /** Resident, of the target and every process below it, after the calls. */
  readonly memoryMb: number | undefined;
}

interface Sample extends Figures {
  readonly target: string;
  readonly connections: number;
  readonly round: number;
  readonly othersShare: number | undefined;
}

export interface ThroughputRow {
  readonly target: string;
  readonly connections: number;
  readonly figures: Readonly<Record<keyof Figures, Spread>>;
  /** Median over the rounds of (this target's figure / the yardstick's of the same round). */
  readonly ratio: Readonly<Record<keyof Figures, number>>;
}

export interface ThroughputResult {
  readonly yardstick: string;
  readonly rounds: number;
  readonly secondsEach: number;
  readonly rows: readonly ThroughputRow[];
  readonly startUpMs: Readonly<Record<string, number>>;
  /** Of the machine, what other programs took while something was measured. */
  readonly othersShare: { readonly median: number; readonly highest: number } | undefined;
}

export interface ThroughputOptions {
  readonly targets: readonly Target[];
  /** The name of the target that the others are compared with. */
  readonly yardstick: string;
  readonly load: Child<unknown>;
  readonly workload: Workload;
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly secondsEach: number;
  /** Each target gives this many answers before the first round, unless that takes too long. */
  readonly warmUp: { readonly answers: number; readonly maxSeconds: number };
  readonly say: (line: string) => void;
}

const figureNames = ['rps', 'p50Ms', 'p95Ms', 'p99Ms', 'cpuUs', 'cpuSelfUs', 'memoryMb'] as const;

/** @throws Error when any reply was not the right one. */
const measure = async (
  target: Target,
  connections: number,
  seconds: number,
  { load, workload }: ThroughputOptions,
) => {
  const others = watchOthers();
  const before = readCpu(target.pid);
  const { url, headers, expected, sessions = false } = target;
  const result = await load.ask(
    {
      url,
      headers: { ...requestHeaders, ...headers },
      params: workload.params,
      expected,
      connections,
      seconds,
      sessions,
    },
    loadResult,
  );
  const after = readCpu(target.pid);
  const othersShare = others();
  if (result.errors > 0 || result.answers === 0) {
    const what = `${result.errors} of ${result.answers} replies were wrong`;
    throw new Error(
      `${target.name}, ${connections} connections: ${what}. ${result.firstError ?? ''}`,
    );
  }
  return { result, before, after, memoryMb: readMemoryMb(target.pid), othersShare };
};

const sampleOf = (
  { result, before, after, memoryMb, othersShare }: Awaited<ReturnType<typeof measure>>,
  of: Pick<Sample, 'target' | 'connections' | 'round'>,
): Sample => {
  const { p50Ms, p95Ms, p99Ms, answers, seconds } = result;
  const perRequestUs = (kind: 'self' | 'tree') =>
    after && before && ((after[kind] - before[kind]) * 1000) / answers;
  return {
    ...of,
    rps: answers / seconds,
    p50Ms,
    p95Ms,
    p99Ms,
    memoryMb,
    cpuUs: perRequestUs('tree'),
    cpuSelfUs: perRequestUs('self'),
    othersShare,
  };
};

const countsOf = (
  { mostConnections = Number.POSITIVE_INFINITY }: Target,
  { connections }: ThroughputOptions,
): readonly number[] => connections.filter((count) => count <= mostConnections);

/** V8 optimizes over the first thousands of calls, and the twin spreads them over ten sandboxes. */
const warmUp = async (target: Target, options: ThroughputOptions): Promise<void> => {
  const { answers, maxSeconds } = options.warmUp;
  const deadline = performance.now() + maxSeconds * 1000;
  let given = 0;
  while (given < answers && performance.now() < deadline) {
    const { result } = await measure(target, Math.max(...countsOf(target, options)), 1, options);
    given += result.answers;
  }
};

/** Rounds in which every target is measured beside the others, in a different order each time. */
export const measureThroughput = async (options: ThroughputOptions): Promise<ThroughputResult> => {
  const { targets, connections, rounds, secondsEach, yardstick, say } = options;
  for (const target of targets) {
    say(`warming up: ${target.name}`);
    await warmUp(target, options);
  }
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = round % targets.length;
    const inOrder = [...targets.slice(first), ...targets.slice(0, first)];
    for (const count of connections) {
      for (const target of inOrder) {
        if (!countsOf(target, options).includes(count)) continue;
        const measured = await measure(target, count, secondsEach, options);
        const sample = sampleOf(measured, { target: target.name, connections: count, round });
        samples.push(sample);
        say(
          `round ${round + 1}/${rounds}, ${count} connections, ${target.name}: ${sample.rps.toFixed(0)} requests/s`,
        );
      }
    }
  }
  const shares = samples.flatMap(({ othersShare }) => othersShare ?? []);
  return {
    yardstick,
    rounds,
    secondsEach,
    rows: connections.flatMap((count) =>
      targets
        .filter((target) => countsOf(target, options).includes(count))
        .map(({ name }) => summarize(samples, name, count, yardstick)),
    ),
    startUpMs: Object.fromEntries(targets.map(({ name, startUpMs }) => [name, startUpMs])),
    othersShare:
      shares.length === 0 ? undefined : { median: median(shares), highest: Math.max(...shares) },
  };
};

const summarize = (
  samples: readonly Sample[],
  target: string,
  connections: number,
  yardstick: string,
): ThroughputRow => {
  const of = (name: string) =>
    samples.filter((sample) => sample.target === name && sample.connections === connections);
  const own = of(target);
  const reference = of(yardstick);
  const values = (from: readonly Sample[], name: keyof Figures) =>
    from.map((sample) => sample[name] ?? Number.NaN);
  const each = <T>(derive: (name: keyof Figures) => T) =>
    Object.fromEntries(figureNames.map((name) => [name, derive(name)])) as Record<keyof Figures, T>;
  return {
    target,
    connections,
    figures: each((name) => spreadOf(values(own, name))),
    ratio: each((name) => {
      const other = values(reference, name);
      return median(values(own, name).map((value, round) => value / (other[round] ?? Number.NaN)));
    }),
  };
};

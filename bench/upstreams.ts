import type * as z from 'zod';
import type { Child } from './child.ts';
import { watchOthers } from './cpu.ts';
import { median, spreadOf, type Spread } from './statistics.ts';
import {
  adapterRow,
  prepareCases,
  yardstick,
  type Place,
  type Surroundings,
  type UpstreamCase,
} from './upstream-cases.ts';
import {
  callerReady,
  callSample,
  type CallRequest,
  type CallSample,
  peerReady,
  type Command,
} from './upstream-messages.ts';

export type Start = <S extends z.ZodType>(
  file: string,
  options: object,
  ready: S,
  environment?: Readonly<Record<string, string>>,
) => Promise<Child<z.infer<S>>>;

export interface UpstreamOptions extends Surroundings {
  readonly start: Start;
  readonly rounds: number;
  readonly each: CallRequest;
  readonly say: (line: string) => void;
}

export interface StdioRow {
  readonly name: string;
  readonly p50Ms: Spread;
  readonly p99Ms: number;
  /** Of all rounds. */
  readonly calls: number;
  /** Median over the rounds of (this p50 / that of the sandbox function in the same round). */
  readonly ratio: number;
}

export interface HttpRow {
  readonly era: 'legacy' | 'modern';
  readonly directMs: Spread;
  readonly twinMs: Spread;
  /** Median over the rounds of the difference in the same round. */
  readonly addedMs: number;
}

export interface ListRow {
  readonly name: string;
  readonly requests: number;
  readonly p50Ms: Spread;
  readonly p99Ms: number;
}

export interface UpstreamTarget {
  readonly name: string;
  readonly value: number;
  readonly bound: string;
  readonly met: boolean;
}

export interface UpstreamResult {
  readonly rounds: number;
  readonly secondsEach: number;
  readonly leastCalls: number;
  readonly yardstick: string;
  readonly stdio: readonly StdioRow[];
  readonly http: readonly HttpRow[];
  /** One of our own tools through the twin, to compare with. */
  readonly own: { readonly name: string; readonly p50Ms: Spread };
  readonly lists: readonly ListRow[];
  readonly targets: readonly UpstreamTarget[];
  readonly othersShare: number | undefined;
}

const bounds = { adapterRatio: 100, addedMs: 3, listMs: 50 } as const;

type Measured = UpstreamCase & { readonly samples: CallSample[] };

const placeOf = ({ table, row, ...place }: Place): string =>
  'way' in place ? `${row}, ${place.way}` : `${table}, ${row}`;

const p50s = ({ samples }: Measured): readonly number[] => samples.map(({ p50Ms }) => p50Ms);
const p99 = ({ samples }: Measured): number => median(samples.map(({ p99Ms }) => p99Ms));

const perRound = (a: Measured, b: Measured, combine: (a: number, b: number) => number): number => {
  const other = p50s(b);
  return median(p50s(a).map((value, round) => combine(value, other[round] ?? Number.NaN)));
};

type Summary = Pick<UpstreamResult, 'stdio' | 'http' | 'own' | 'lists' | 'targets'>;

const summarize = (all: readonly Measured[], adapter: string): Summary => {
  const find = (isIt: (place: Place) => boolean): Measured => {
    const found = all.find(({ place }) => isIt(place));
    if (found === undefined) throw new Error('A case was not measured.');
    return found;
  };
  const stdioCase = (name: string) => find(({ table, row }) => table === 'stdio' && row === name);
  const reference = stdioCase(yardstick);
  const stdio = all.flatMap((one): readonly StdioRow[] =>
    one.place.table !== 'stdio'
      ? []
      : [
          {
            name: one.place.row,
            p50Ms: spreadOf(p50s(one)),
            p99Ms: p99(one),
            calls: one.samples.reduce((sum, { calls }) => sum + calls, 0),
            ratio: perRound(one, reference, (a, b) => a / b),
          },
        ],
  );
  const http = (['legacy', 'modern'] as const).map((era): HttpRow => {
    const [direct, twin] = (['direct', 'twin'] as const).map((way) =>
      find((place) => place.table === 'http' && place.row === era && place.way === way),
    ) as [Measured, Measured];
    return {
      era,
      directMs: spreadOf(p50s(direct)),
      twinMs: spreadOf(p50s(twin)),
      addedMs: perRound(twin, direct, (a, b) => a - b),
    };
  });
  const own = find(({ table }) => table === 'own');
  const lists = all.flatMap((one): readonly ListRow[] =>
    one.place.table !== 'list'
      ? []
      : [
          {
            name: one.place.row,
            requests: one.place.requests,
            p50Ms: spreadOf(p50s(one)),
            p99Ms: p99(one),
          },
        ],
  );
  return {
    stdio,
    http,
    own: { name: own.place.row, p50Ms: spreadOf(p50s(own)) },
    lists,
    targets: targetsOf(
      perRound(stdioCase(adapter), reference, (a, b) => a / b),
      http,
      lists,
    ),
  };
};

const targetsOf = (
  adapterRatio: number,
  http: readonly HttpRow[],
  lists: readonly ListRow[],
): readonly UpstreamTarget[] => [
  {
    name: 'stdio: p50 of the AWS adapter / of the sandbox function',
    value: adapterRatio,
    bound: `≥ ${bounds.adapterRatio}`,
    met: adapterRatio >= bounds.adapterRatio,
  },
  ...http.map(({ era, addedMs }) => ({
    name: `HTTP, ${era}: added p50 ms`,
    value: addedMs,
    bound: `≤ ${bounds.addedMs}`,
    met: addedMs <= bounds.addedMs,
  })),
  ...lists.map(({ name, p50Ms }) => ({
    name: `tools/list, ${name}: p50 ms`,
    value: p50Ms.median,
    bound: `≤ ${bounds.listMs}`,
    met: p50Ms.median <= bounds.listMs,
  })),
];

/** Rounds in which every case is measured beside the others, in a different order each time. */
export const measureUpstreams = async (options: UpstreamOptions): Promise<UpstreamResult> => {
  const { start, rounds, each, say, twin, peers } = options;
  const cases = await prepareCases(options);
  const started: Child<unknown>[] = [];
  const environment = {
    ...twin.awsEnvironment,
    AWS_REGION: twin.authorizerEnvironment['AWS_REGION'] ?? '',
  };
  const startPeer = async (peer: Command | undefined): Promise<void> => {
    if (peer !== undefined) started.push(await start('servers/peer.ts', peer, peerReady));
  };
  const others = watchOthers();
  const callers: { readonly measured: Measured; readonly child: Child<unknown> }[] = [];
  for (const one of cases) {
    say(`upstreams: starting ${placeOf(one.place)}`);
    await startPeer(one.peer);
    const isSandbox = one.caller.kind === 'sandbox';
    const child = await start(
      'servers/caller.ts',
      one.caller,
      callerReady,
      isSandbox ? environment : {},
    );
    started.push(child);
    callers.push({ measured: { ...one, samples: [] }, child });
  }
  // A first round, which warms up, does not count.
  for (let round = 0; round <= rounds; round++) {
    const first = round % callers.length;
    for (const { measured, child } of [...callers.slice(first), ...callers.slice(0, first)]) {
      const sample = await child.ask(each, callSample);
      if (round === 0) continue;
      measured.samples.push(sample);
      say(
        `upstreams: round ${round}/${rounds}, ${placeOf(measured.place)}: ${sample.p50Ms.toFixed(2)} ms`,
      );
    }
  }
  const othersShare = others();
  for (const child of started.reverse()) await child.stop();
  return {
    rounds,
    secondsEach: each.seconds,
    leastCalls: each.least,
    yardstick,
    ...summarize(
      callers.map(({ measured }) => measured),
      adapterRow(peers),
    ),
    othersShare,
  };
};

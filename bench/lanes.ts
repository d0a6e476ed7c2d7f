import type { Child } from './child.ts';
import { watchOthers } from './cpu.ts';
import { laneSample, type LaneMeasure, type LaneSample } from './messages.ts';
import { median, spreadOf, type Spread } from './statistics.ts';

interface LaneCase {
  readonly name: string;
  readonly measure: LaneMeasure;
  /** Operations of one round. */
  readonly operations: number;
  /** Upper bound of the median without the waiting, in microseconds. */
  readonly targetUs?: number;
}

/** Warm, in the function, without the database. */
const decisionTargetUs = 2_000;

const cases: readonly LaneCase[] = [
  { name: 'authorizer, API key', measure: 'key', operations: 500, targetUs: decisionTargetUs },
  { name: 'authorizer, access token', measure: 'jwt', operations: 500, targetUs: decisionTargetUs },
  { name: 'access token alone', measure: 'verify', operations: 1_000 },
  { name: 'its RS256 signature alone', measure: 'signature', operations: 1_000 },
  { name: 'IAM caller, looked up', measure: 'iam', operations: 5_000 },
  { name: 'IAM caller, remembered', measure: 'iam-remembered', operations: 5_000 },
];

export interface LaneRow {
  readonly name: string;
  /** Per operation in microseconds, without what it waited for AWS. */
  readonly p50Us: Spread;
  readonly p99Us: number;
  /** With it; absent where nothing is waited for. */
  readonly waiting?: { readonly p50Us: number; readonly p99Us: number };
  readonly targetUs?: number;
}

export interface LaneResult {
  readonly rounds: number;
  readonly rows: readonly LaneRow[];
  readonly othersShare: number | undefined;
}

export interface LaneOptions {
  readonly child: Child<unknown>;
  readonly rounds: number;
  /** Of the operations of a round. */
  readonly share: number;
  readonly say: (line: string) => void;
}

const summarize = ({ name, targetUs }: LaneCase, samples: readonly LaneSample[]): LaneRow => {
  const of = (pick: (sample: LaneSample) => number) => samples.map(pick);
  const waits = samples.some(({ waits }) => waits > 0);
  return {
    name,
    p50Us: spreadOf(of(({ own }) => own.p50Us)),
    p99Us: median(of(({ own }) => own.p99Us)),
    ...(waits
      ? {
          waiting: {
            p50Us: median(of(({ total }) => total.p50Us)),
            p99Us: median(of(({ total }) => total.p99Us)),
          },
        }
      : {}),
    ...(targetUs === undefined ? {} : { targetUs }),
  };
};

/** Each round measures every case once, one operation at a time; a first round, which warms up, does not count. */
export const measureLanes = async (options: LaneOptions): Promise<LaneResult> => {
  const { child, rounds, share, say } = options;
  const others = watchOthers();
  const samples = new Map<LaneCase, LaneSample[]>(cases.map((one) => [one, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const one of cases) {
      const operations = Math.ceil(one.operations * share);
      const sample = await child.ask({ measure: one.measure, operations }, laneSample);
      if (round > 0) samples.get(one)?.push(sample);
    }
    if (round > 0) say(`lanes: round ${round}/${rounds}`);
  }
  return {
    rounds,
    rows: cases.map((one) => summarize(one, samples.get(one) ?? [])),
    othersShare: others(),
  };
};

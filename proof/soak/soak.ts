import { setTimeout as sleep } from 'node:timers/promises';
import { judge, type Allowance, type Judgement, type Sample } from './judge.ts';
import { startLoad, type LaneCount } from './load.ts';
import { bytesIn, createLook, type Look } from './sampler.ts';
import type { SoakRig } from './soak-rig.ts';

export interface SoakOptions {
  /** Measured, after the warm-up. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly say: (line: string) => void;
}

export interface Grown extends Judgement {
  /** Which processes. */
  readonly kind: string;
  readonly measure: Measure;
}

export interface Soaked {
  readonly grown: readonly Grown[];
  readonly lanes: Readonly<Record<string, LaneCount>>;
  readonly errors: readonly string[];
  readonly calls: number;
  readonly stateBytesPerThousandCalls: number;
  readonly problems: readonly string[];
}

const megabyte = 1_048_576;

/**
 * What may be more in the end than in the beginning. A heap is looked at after a collection, where what is left of caches that fill
 * and of compiled code was below 2 MB. Resident memory is also what V8 keeps to itself: up to a semi-space, 16 MB at most, that
 * grew late, and pages that malloc does not give back. Handles come and go with kept connections, eight to each of the
 * load's. One process more of a kind is a sandbox that a busy moment opened: there are three of a function at most, and what is left
 * behind would be more.
 */
const allowances = {
  heapBytes: { absolute: 2 * megabyte, share: 0.05 },
  rssBytes: { absolute: 16 * megabyte, share: 0.1 },
  handles: { absolute: 8, share: 0.1 },
  processes: { absolute: 1, share: 0 },
} as const satisfies Record<keyof Look, Allowance>;

export type Measure = keyof typeof allowances;
export const measures = Object.keys(allowances) as readonly Measure[];

/** Below what this twin serves on one core; several at once, so that sandboxes are shared. */
const rate = { perSecond: 20, connections: 5 };

const grownIn = (looks: readonly { at: number; look: ReadonlyMap<string, Look> }[]): Grown[] => {
  const kinds = new Set(looks.flatMap(({ look }) => [...look.keys()]));
  return [...kinds].flatMap((kind) =>
    measures.flatMap((measure): Grown[] => {
      const samples = looks.flatMap(({ at, look }): Sample[] => {
        const value = look.get(kind)?.[measure];
        return value === undefined ? [] : [{ at, value }];
      });
      // A kind that was seen now and then only is no series: its processes ended, and did not grow.
      if (samples.length < looks.length / 2) return [];
      return [{ kind, measure, ...judge(samples, allowances[measure]) }];
    }),
  );
};

/** Loads the twin, and looks at it all the while. */
export const soak = async (
  { twin, operations, stateDirectory, heapDirectory }: SoakRig,
  { seconds, warmUpSeconds, say }: SoakOptions,
): Promise<Soaked> => {
  const look = createLook(twin, heapDirectory);
  const load = startLoad(operations, rate);
  const everyMs = Math.min(10_000, Math.max(1_500, (seconds * 1_000) / 40));
  const looks: { at: number; look: ReadonlyMap<string, Look> }[] = [];
  try {
    await sleep(warmUpSeconds * 1_000);
    await look();
    const begun = { at: performance.now(), calls: load.calls(), bytes: bytesIn(stateDirectory) };
    for (;;) {
      const at = performance.now() - begun.at;
      if (at > seconds * 1_000) break;
      looks.push({ at, look: await look() });
      if (looks.length % 10 === 0) say(`${Math.round(at / 1000)} s, ${load.calls()} calls`);
      await sleep(everyMs);
    }
    const calls = load.calls() - begun.calls;
    const written = bytesIn(stateDirectory) - begun.bytes;
    return {
      grown: grownIn(looks),
      lanes: load.counts(),
      errors: load.errors,
      calls,
      stateBytesPerThousandCalls: Math.round((written / calls) * 1_000),
      problems: twin.problems,
    };
  } finally {
    await load.stop();
  }
};

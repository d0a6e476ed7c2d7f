import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

/** Inputs that once failed, or are worth to be tried each time: they run first. */
interface CorpusEntry {
  readonly why: string;
  /** As the target's arbitrary makes it; all of them are JSON. */
  readonly value: unknown;
}

export interface RunLimits {
  readonly seed: number;
  /** Milliseconds. */
  readonly timeMs: number;
}

export interface Outcome {
  readonly runs: number;
  /** Of a property that does not hold: how to see it again. */
  readonly why?: string;
}

export interface FuzzTarget {
  /** What is fuzzed, by its file. */
  readonly name: string;
  /** What must hold for every input. */
  readonly property: string;
  run(limits: RunLimits): Promise<Outcome>;
}

interface Facts<T> {
  readonly name: string;
  readonly property: string;
  readonly arbitrary: fc.Arbitrary<T>;
  /** @throws for an input that the property does not hold for. */
  readonly check: (input: T) => void | Promise<void>;
}

const corpusDirectory = join(import.meta.dirname, 'corpus');

/** `lambdas/mcp/incoming.ts: depth` has its inputs in `lambdas-mcp-incoming-depth.json`. */
export const corpusFile = (name: string): string =>
  `${name.replaceAll(/[^a-zA-Z0-9]+/gu, '-').replace(/-ts(?=-|$)/u, '')}.json`;

const corpusOf = (name: string): readonly CorpusEntry[] => {
  const file = join(corpusDirectory, corpusFile(name));
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CorpusEntry[]) : [];
};

const shown = (value: unknown): string => JSON.stringify(value) ?? 'undefined';

/** Nothing that is fuzzed may leave anything on the prototype of all objects. */
const assertUnpolluted = (): void => {
  const names = Object.keys(Object.prototype);
  for (const name of names) Reflect.deleteProperty(Object.prototype, name);
  if (names.length > 0) throw new Error(`Object.prototype got ${names.join()}`);
};

export const target = <T>({ name, property, arbitrary, check }: Facts<T>): FuzzTarget => ({
  name,
  property,
  run: async ({ seed, timeMs }) => {
    const examples = corpusOf(name).map(({ value }): [T] => [value as T]);
    const details = await fc.check(
      fc.asyncProperty(arbitrary, async (input) => {
        await check(input);
        assertUnpolluted();
      }),
      {
        seed,
        examples,
        numRuns: 1_000_000_000,
        interruptAfterTimeLimit: timeMs,
        markInterruptAsFailure: false,
      },
    );
    if (!details.failed) return { runs: details.numRuns };
    const { counterexample, counterexamplePath, errorInstance } = details;
    const [input] = counterexample ?? [];
    const reason =
      errorInstance instanceof Error ? errorInstance.message.split('\n', 3).join(' ') : 'failed';
    return {
      runs: details.numRuns,
      why: [
        `${reason}`,
        `counterexample ${shown(input)}`,
        `seed ${seed}, path ${counterexamplePath ?? ''}`,
        `to keep it, add {"why": "…", "value": ${shown(input)}} to proof/fuzz/corpus/${corpusFile(name)}`,
      ].join('; '),
    };
  },
});

/** Text of every kind that a parser meets: any bytes, its own alphabet, names of `Object.prototype`. */
export const textOf = (alphabet: string, maxLength = 60): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom(...alphabet), maxLength }),
    fc.string({ unit: 'binary', maxLength }),
    fc.string({ maxLength }),
    fc.constantFrom('', '__proto__', 'constructor', 'toString', 'null', '\u0000', '\ud800'),
  );

/** One character replaced, put in, or left out. */
export const mutated = (text: string, at: number, by: string): string => {
  const index = text.length === 0 ? 0 : at % text.length;
  const change = at % 3;
  if (change === 0) return text.slice(0, index) + by + text.slice(index + 1);
  return (
    text.slice(0, index) + (change === 1 ? by : '') + text.slice(change === 1 ? index : index + 1)
  );
};

/** Bytes cut into pieces at any places. */
export const cutInto = (bytes: Buffer, cuts: readonly number[]): readonly Buffer[] => {
  const places = [...new Set(cuts.map((cut) => (bytes.length === 0 ? 0 : cut % bytes.length)))];
  const ends = [0, ...places.sort((a, b) => a - b), bytes.length];
  return ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
};

/** Times of two things, milliseconds, taken in turn. */
export interface Samples {
  readonly first: readonly number[];
  readonly second: readonly number[];
}

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await run();
  return performance.now() - from;
};

/**
 * Does `run` with what two makers make, in turn, and who goes first by chance, so that what slows the machine slows both.
 * Making is not timed.
 */
export const interleaved = async <T>(
  count: number,
  makers: { readonly first: () => T; readonly second: () => T },
  run: (made: T) => Promise<unknown>,
): Promise<Samples> => {
  const samples = { first: [] as number[], second: [] as number[] };
  const names = ['first', 'second'] as const;
  for (let index = 0; index < count; index++) {
    for (const name of Math.random() < 0.5 ? names : names.toReversed()) {
      const made = makers[name]();
      samples[name].push(await timed(() => run(made)));
    }
  }
  return samples;
};

/** Without the slowest fifth of both together: pauses of the machine, which say nothing of the code. */
const trimmed = ({ first, second }: Samples): Samples => {
  const all = [...first, ...second].sort((a, b) => a - b);
  const limit = all[Math.floor(all.length * 0.8)] ?? Number.POSITIVE_INFINITY;
  const under = (values: readonly number[]) => values.filter((value) => value <= limit);
  return { first: under(first), second: under(second) };
};

const momentsOf = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: squares / (values.length - 1) / values.length };
};

export interface Difference {
  /** Welch's t: how many standard errors the means are apart. */
  readonly t: number;
  /** Milliseconds that the first takes longer. */
  readonly ms: number;
}

/** Of the trimmed samples. */
export const differenceOf = (samples: Samples): Difference => {
  const { first, second } = trimmed(samples);
  const [a, b] = [momentsOf(first), momentsOf(second)];
  const ms = a.mean - b.mean;
  return { t: ms / Math.sqrt(a.error + b.error), ms };
};

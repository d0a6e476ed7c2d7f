/** One look at something that should stay as it is. */
export interface Sample {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly value: number;
}

/** What may be there more at the end without being a leak: so much, and this part of what was there at first. */
export interface Allowance {
  readonly absolute: number;
  readonly share: number;
}

export interface Judgement {
  /** Medians of the first and the last third. */
  readonly first: number;
  readonly last: number;
  readonly allowed: number;
  readonly grows: boolean;
}

export const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
};

/** The median of the slopes between all pairs (Theil and Sen): a few wild samples do not move it. */
const slopeOf = (samples: readonly Sample[]): number =>
  medianOf(
    samples.flatMap((one, index) =>
      samples.slice(index + 1).map((other) => (other.value - one.value) / (other.at - one.at)),
    ),
  );

/**
 * Something grows when the last third is above the first by more than is allowed, and the second half, by itself, still rises as
 * fast. A heap that finds its size does the first and not the second; a leak does both, as it goes on for as long as calls do.
 */
export const judge = (samples: readonly Sample[], { absolute, share }: Allowance): Judgement => {
  const third = Math.floor(samples.length / 3);
  const values = samples.map(({ value }) => value);
  const first = medianOf(values.slice(0, third));
  const last = medianOf(values.slice(-third));
  const allowed = absolute + share * first;
  const begin = samples[0]?.at ?? 0;
  const end = samples.at(-1)?.at ?? 0;
  const half = samples.slice(Math.floor(samples.length / 2));
  // Medians of thirds lie two thirds of the time apart.
  const projected = (slopeOf(half) * ((end - begin) * 2)) / 3;
  return { first, last, allowed, grows: last - first > allowed && projected > allowed / 2 };
};

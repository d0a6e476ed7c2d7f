/** The value below which `share` of the values lie (nearest rank). NaN without values. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
};

/** The middle value; the mean of the middle two of an even number. NaN without values. */
export const median = (values: readonly number[]): number => {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper;
};

/** A median and how far the values lie apart: (highest - lowest) / median. */
export interface Spread {
  readonly median: number;
  readonly spread: number;
}

export const spreadOf = (values: readonly number[]): Spread => {
  const middle = median(values);
  return { median: middle, spread: (Math.max(...values) - Math.min(...values)) / middle };
};

import type { LimitState } from './meter.ts';

/** How much of the fullest limit is used, whole percent and at most 100; undefined where there are no limits. */
export const percentOfFullest = (limits: readonly LimitState[]): number | undefined =>
  limits.length === 0
    ? undefined
    : Math.min(100, Math.floor(Math.max(...limits.map(({ used, limit }) => (used / limit) * 100))));

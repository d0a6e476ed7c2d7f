export type QuotaPeriod = 'DAY' | 'WEEK' | 'MONTH';

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: the fourth day after a Sunday. */
const EPOCH_WEEKDAY = 4;

/** Days since 1970-01-01, UTC. */
export const dayNumber = (now: number): number => Math.floor(now / DAY_MS);

/** `YYYY-MM-DD`, as GetUsage writes a day. */
export const dayName = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** @returns the day number of a `YYYY-MM-DD` date, undefined when it is not one. */
export const parseDay = (date: string): number | undefined => {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : NaN;
  return Number.isNaN(time) ? undefined : time / DAY_MS;
};

/**
 * First and last day of the quota period that `day` lies in, UTC. `offset` is the day on which a period starts: for
 * WEEK 0 is Sunday, for MONTH 0 is the 1st (API Gateway admits 0 for DAY, 0 to 6 for WEEK, 0 to 27 for MONTH).
 */
export const quotaWindow = (
  period: QuotaPeriod,
  offset: number,
  day: number,
): { readonly first: number; readonly last: number } => {
  if (period === 'DAY') return { first: day, last: day };
  if (period === 'WEEK') {
    const first = day - ((((day + EPOCH_WEEKDAY - offset) % 7) + 7) % 7);
    return { first, last: first + 6 };
  }
  const date = new Date(day * DAY_MS);
  const month = date.getUTCMonth() - (date.getUTCDate() <= offset ? 1 : 0);
  const starts = (index: number): number =>
    Date.UTC(date.getUTCFullYear(), index, offset + 1) / DAY_MS;
  return { first: starts(month), last: starts(month + 1) - 1 };
};

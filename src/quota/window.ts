import type { Window } from './meter.ts';

/**
 * Names of counters hold their window, so that a new window begins by itself: `m<epochMinute>`, `d<epochDay>`,
 * `o<yyyymm>`, and `c<one of those>#<subject>` for one credential.
 */
export interface WindowSpan {
  /** Name of the tenant's counter. */
  readonly counter: string;
  /** Unix seconds. */
  readonly startsAt: number;
  readonly endsAt: number;
}

const minuteSeconds = 60;
const daySeconds = 86_400;

const fixedSpan = (letter: string, length: number, at: number): WindowSpan => {
  const index = Math.floor(at / length);
  return {
    counter: `${letter}${index}`,
    startsAt: index * length,
    endsAt: (index + 1) * length,
  };
};

const monthSpan = (at: number): WindowSpan => {
  const date = new Date(at * 1000);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    counter: `o${year}${String(month + 1).padStart(2, '0')}`,
    startsAt: Date.UTC(year, month) / 1000,
    endsAt: Date.UTC(year, month + 1) / 1000,
  };
};

/** The minute, day or month that Unix second `at` is in. */
export const spanOf = (window: Window, at: number): WindowSpan => {
  switch (window) {
    case 'minute':
      return fixedSpan('m', minuteSeconds, at);
    case 'day':
      return fixedSpan('d', daySeconds, at);
    case 'month':
      return monthSpan(at);
  }
};

export const credentialCounter = (counter: string, subject: string): string =>
  `c${counter}#${subject}`;

/** How many windows before the current one are kept. The previous one always is: clocks of containers differ. */
const kept = {
  tenant: { m: 1, d: 40, o: 13 },
  credential: { m: 1, d: 1, o: 1 },
} as const;

const form = /^(?<credential>c?)(?<letter>[mdo])(?<index>\d+)(?:#|$)/u;

/** A month as a number that grows by one. */
const monthIndex = (yyyymm: number): number => Math.floor(yyyymm / 100) * 12 + (yyyymm % 100);

const ageOf = (letter: 'm' | 'd' | 'o', index: number, at: number): number => {
  switch (letter) {
    case 'm':
      return Math.floor(at / minuteSeconds) - index;
    case 'd':
      return Math.floor(at / daySeconds) - index;
    case 'o':
      return monthIndex(Number(monthSpan(at).counter.slice(1))) - monthIndex(index);
  }
};

/** Whether nobody asks for this counter any more. What is no counter is never stale. */
export const isStale = (name: string, at: number): boolean => {
  const parts = form.exec(name)?.groups;
  if (parts === undefined) return false;
  const letter = parts['letter'] as 'm' | 'd' | 'o';
  const scope = parts['credential'] === 'c' ? 'credential' : 'tenant';
  return ageOf(letter, Number(parts['index']), at) > kept[scope][letter];
};

const endOfYears = Date.UTC(10_000, 0);

/** The day of a tenant's day counter as `2026-11-28`; undefined for other names. */
export const dayOf = (name: string): string | undefined => {
  const index = /^d(\d+)$/u.exec(name)?.[1];
  if (index === undefined) return undefined;
  const day = new Date(Number(index) * daySeconds * 1000);
  // Beyond the year 9999 a date is written another way, and beyond 275760 there is none.
  return day.getTime() < endOfYears ? day.toISOString().slice(0, 10) : undefined;
};

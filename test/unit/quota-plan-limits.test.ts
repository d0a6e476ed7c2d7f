import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxShards, planTable, quotaEnv, shareOf } from '../../src/quota/plan-limits.ts';
import { dayOf, isStale, spanOf } from '../../src/quota/window.ts';

const env = (PLANS: string) => quotaEnv.safeParse({ USAGE_TABLE_NAME: 'Usage', PLANS });

describe('the environment of a function that meters', () => {
  it('holds plans as JSON, with defaults', () => {
    expect(env('{"free":{"units":{"perDay":10},"rateLimit":5},"open":{}}').data).toEqual({
      USAGE_TABLE_NAME: 'Usage',
      PLANS: {
        free: { units: { perDay: 10 }, shards: 1, whenUnreachable: 'refuse' },
        open: { shards: 1, whenUnreachable: 'refuse' },
      },
    });
  });

  it.each([
    '',
    '{',
    '[]',
    '{"a":{"units":{"perDay":0}}}',
    '{"a":{"units":{"perDay":1.5}}}',
    '{"a":{"units":{"perHour":1}}}',
    '{"a":{"shards":0}}',
    '{"a":{"shards":65}}',
    '{"a":{"whenUnreachable":"maybe"}}',
    '{"a":{"units":{"perDay":3},"shards":4}}',
    '{"a":{"unitsPerCredential":{"perMinute":3},"shards":4}}',
  ])('is refused with %j', (text) => {
    expect(env(text).success).toBe(false);
  });
});

it('a tenant has as many items as the plan with the most shards, and one at least', () => {
  expect(maxShards(planTable.parse({ a: { shards: 3 }, b: {} }))).toBe(3);
  expect(maxShards({})).toBe(1);
});

it('shares are the whole limit together, as even as can be, and the first is the largest', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 64 }), (limit, shards) => {
      const shares = Array.from({ length: shards }, (_, shard) => shareOf(limit, shards, shard));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(limit);
      expect(shares.toSorted((a, b) => b - a)).toEqual(shares);
      expect(shares[0]! - shares.at(-1)!).toBeLessThanOrEqual(1);
    }),
  );
});

describe('windows', () => {
  const at = (text: string) => Date.parse(text) / 1000;

  it.each([
    ['minute', '2026-11-28T23:59:59Z', 'm29931839', '2026-11-28T23:59:00Z', '2026-11-29T00:00:00Z'],
    ['day', '2026-11-28T00:00:00Z', 'd20785', '2026-11-28T00:00:00Z', '2026-11-29T00:00:00Z'],
    ['month', '2026-12-31T23:59:59Z', 'o202612', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['month', '2028-02-29T12:00:00Z', 'o202802', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  ] as const)('the %s of %s is %s', (window, time, counter, from, to) => {
    expect(spanOf(window, at(time))).toEqual({ counter, startsAt: at(from), endsAt: at(to) });
  });

  it('the current one and the one before are never stale, at whatever second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (now) => {
        for (const window of ['minute', 'day', 'month'] as const) {
          const { counter, startsAt, endsAt } = spanOf(window, now);
          expect([startsAt <= now, now < endsAt]).toEqual([true, true]);
          const names = [counter, spanOf(window, endsAt).counter];
          if (startsAt > 0) names.push(spanOf(window, startsAt - 1).counter);
          for (const name of names.flatMap((one) => [one, `c${one}#key:a`])) {
            expect(isStale(name, now)).toBe(false);
          }
        }
      }),
    );
  });

  it.each(['pk', 's', 'p', 'xkey:m1', 'xd1', 'm', 'm1x', 'cm1x#key:a', 'x', ''])(
    'what is no counter is never stale: %j',
    (name) => {
      expect(isStale(name, at('2100-01-01T00:00:00Z'))).toBe(false);
    },
  );

  it('months are stale by the calendar, over the turn of a year', () => {
    const january = at('2027-01-15T00:00:00Z');
    expect(['o202512', 'o202511'].map((name) => isStale(name, january))).toEqual([false, true]);
    expect(['co202612#a', 'co202611#a'].map((name) => isStale(name, january))).toEqual([
      false,
      true,
    ]);
  });

  it('a day counter tells its day, and nothing else does', () => {
    expect(dayOf('d20785')).toBe('2026-11-28');
    expect(['m20785', 'cd20785#a', 'd', 'd1x'].map(dayOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

it.each(['d100000001', 'd2932897', `d${'9'.repeat(30)}`])(
  'a day that no date is written for is none: %s',
  (name) => {
    expect(dayOf(name)).toBeUndefined();
    expect(dayOf('d2932896')).toBe('9999-12-31');
  },
);

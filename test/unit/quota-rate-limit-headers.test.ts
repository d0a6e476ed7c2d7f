import { expect, it } from 'vitest';
import type { LimitState } from '../../src/quota/meter.ts';
import { rateLimitHeaders, retryAfterSeconds } from '../../src/quota/rate-limit-headers.ts';

/** 2026-02-28T12:00:30.250Z */
const now = Date.UTC(2026, 1, 28, 12, 0, 30, 250);
const minute: LimitState = {
  window: 'minute',
  scope: 'tenant',
  limit: 50,
  used: 12,
  resetAt: Date.UTC(2026, 1, 28, 12, 1) / 1000,
};
const month: LimitState = {
  window: 'month',
  scope: 'tenant',
  limit: 1_000_000_000_000,
  used: 0,
  resetAt: Date.UTC(2026, 2) / 1000,
};
const credentialDay: LimitState = {
  window: 'day',
  scope: 'credential',
  limit: 5,
  used: 7,
  resetAt: Date.UTC(2026, 2) / 1000,
};

it('each limit is an item of both fields, with what is left and the seconds until it ends', () => {
  expect(rateLimitHeaders([minute, month, credentialDay], now)).toEqual({
    'ratelimit-policy':
      '"minute";q=50;w=60, "month";q=1000000000000;w=2419200, "credential-day";q=5;w=86400',
    ratelimit: '"minute";r=38;t=30, "month";r=1000000000000;t=43170, "credential-day";r=0;t=43170',
  });
});

it('a plan without limits has no such headers', () => {
  expect(rateLimitHeaders([], now)).toEqual({});
});

it('a window that has just ended has no seconds left, and a retry is not told to come at once', () => {
  const later = now + 60_000;
  expect(rateLimitHeaders([minute], later)['ratelimit']).toBe('"minute";r=38;t=0');
  expect(retryAfterSeconds(minute, later)).toBe(1);
});

it('a retry comes no earlier than the end of the window', () => {
  expect(retryAfterSeconds(minute, now)).toBe(30);
  expect(retryAfterSeconds(minute, minute.resetAt * 1000 - 1)).toBe(1);
});

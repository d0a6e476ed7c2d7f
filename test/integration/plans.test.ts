import { afterAll, beforeAll, expect, it } from 'vitest';
import { createKey } from '../../src/admin/keys.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
beforeAll(async () => {
  running = await runTwin();
});
afterAll(() => running[Symbol.asyncDispose]());

/** Of the plan `free`: calls in a second, and at once. */
const rate = 5;
const burst = 5;

const call = (key: string) =>
  post(running.mcpUrl, callOf('search', { query: 'plan' }), bearer(key));

/** Sends all at once; `most` is what one bucket lets through in the time that it took, however slow the machine. */
const flood = async (keys: readonly string[]) => {
  const startedAt = performance.now();
  const answers = await Promise.all(keys.map(call));
  const seconds = (performance.now() - startedAt) / 1000;
  const served = answers.filter(({ status }) => status === 200);
  const throttled = answers.filter(({ status }) => status === 429);
  expect(served.length + throttled.length).toBe(keys.length);
  return { served, throttled, most: burst + Math.ceil(rate * seconds) };
};

it('calls beyond 5 per second are throttled, and other tenants are not', async () => {
  const slow = await running.keyOn('free', 'slow');
  const other = await running.keyOn('free', 'other');
  await call(other);

  const { served, throttled, most } = await flood(Array.from({ length: 60 }, () => slow));
  expect(served.length).toBeGreaterThanOrEqual(burst);
  expect(served.length).toBeLessThanOrEqual(most);
  expect(throttled.length).toBeGreaterThan(0);
  for (const { headers, json } of throttled) {
    expect(headers.get('retry-after')).toBe('1');
    expect(json?.error?.code).toBe(-31429);
    expect(json?.code).toBe('THROTTLED');
  }
  expect((await call(other)).status).toBe(200);
});

it('a tenant has one bucket for all of its keys', async () => {
  const first = await running.keyOn('free', 'twokeys');
  const { key: second } = await createKey(running.admin, { tenant: 'twokeys', name: 'second' });
  const keys = Array.from({ length: 60 }, (_, index) => (index % 2 ? first : second));
  const { served, most } = await flood(keys);
  expect(served.length).toBeLessThanOrEqual(most);
});

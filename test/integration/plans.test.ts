import { afterAll, beforeAll, expect, it } from 'vitest';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
beforeAll(async () => {
  running = await runTwin();
});
afterAll(() => running[Symbol.asyncDispose]());

it('30 calls in one second on a plan of 5 per second are throttled, and other tenants are not', async () => {
  const slow = await running.keyOn('free', 'slow');
  const other = await running.keyOn('free', 'other');
  const call = (key: string) =>
    post(running.mcpUrl, callOf('search', { query: 'plan' }), bearer(key));
  await call(other);

  const answers = await Promise.all(Array.from({ length: 30 }, () => call(slow)));
  const served = answers.filter(({ status }) => status === 200);
  const throttled = answers.filter(({ status }) => status === 429);
  expect(served.length + throttled.length).toBe(30);
  expect(served.length).toBeGreaterThanOrEqual(5);
  expect(throttled.length).toBeGreaterThanOrEqual(15);
  for (const { headers, json } of throttled) {
    expect(headers.get('retry-after')).toBe('1');
    expect(json?.error?.code).toBe(-31429);
    expect(json?.code).toBe('THROTTLED');
  }
  expect((await call(other)).status).toBe(200);
});

it('a tenant has one bucket for all of its keys', async () => {
  const first = await running.keyOn('free', 'twokeys');
  const { createKey } = await import('../../src/admin/keys.ts');
  const { key: second } = await createKey(running.admin, { tenant: 'twokeys', name: 'second' });
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, index) =>
      post(running.mcpUrl, callOf('search', { query: 'plan' }), bearer(index % 2 ? first : second)),
    ),
  );
  expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(15);
});

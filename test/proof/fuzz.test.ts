import { expect, it } from 'vitest';
import { targets } from '../../proof/fuzz/targets.ts';

/** All targets together take about twelve seconds. */
const timeMs = 12_000 / targets.length;
const seed = Date.now() % 2 ** 31;

it('each target has a name of its own', () => {
  expect(new Set(targets.map(({ name }) => name)).size).toBe(targets.length);
});

it.each(targets.map((target) => [target.name, target.property, target] as const))(
  '%s: %s',
  async (_name, _property, target) => {
    const { why, runs } = await target.run({ seed, timeMs });
    expect(why).toBeUndefined();
    expect(runs).toBeGreaterThan(0);
  },
);

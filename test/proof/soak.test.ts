import { describe, expect, inject, it } from 'vitest';
import { judge, type Sample } from '../../proof/soak/judge.ts';
import { soak } from '../../proof/soak/soak.ts';
import { startSoakRig } from '../../proof/soak/soak-rig.ts';
import { rowsOf } from '../../proof/soak/suite.ts';

const seconds = Number(process.env['DRAWBRIDGE_SOAK_SECONDS'] ?? 45);

/** Noise that is the same each time (Park and Miller), from -1 to 1. */
const noise = (): (() => number) => {
  let state = 7;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (2 * state) / 2_147_483_647 - 1;
  };
};

/** Of a hundred looks at something of about 50, by its share of the time that is over. */
const series = (valueAt: (share: number) => number): Sample[] => {
  const next = noise();
  return Array.from({ length: 100 }, (_, at) => ({ at, value: valueAt(at / 99) + next() }));
};

describe('what is called growth', () => {
  const allowance = { absolute: 2, share: 0.05 };
  const grows = (valueAt: (share: number) => number): boolean =>
    judge(series(valueAt), allowance).grows;

  it.each([
    ['what stays', () => 50],
    ['what falls', (share: number) => 60 - 20 * share],
    ['a heap that finds its size', (share: number) => 50 + 12 * (1 - Math.exp(-8 * share))],
    ['a step that was one cache', (share: number) => (share < 0.4 ? 50 : 60)],
    ['the teeth of a saw', (share: number) => 50 + 20 * ((share * 12) % 1)],
    ['one wild sample', (share: number) => (share > 0.98 ? 500 : 50)],
  ])('is not %s', (_, valueAt) => {
    expect(grows(valueAt)).toBe(false);
  });

  it.each([
    ['a leak of 10 in the whole time', (share: number) => 50 + 10 * share],
    ['a leak that began late', (share: number) => 50 + 30 * Math.max(0, share - 0.4)],
    ['a leak below teeth of a saw', (share: number) => 50 + 12 * share + 5 * ((share * 12) % 1)],
    [
      'a leak behind a warm-up',
      (share: number) => 50 + 5 * (1 - Math.exp(-8 * share)) + 10 * share,
    ],
  ])('is %s', (_, valueAt) => {
    expect(grows(valueAt)).toBe(true);
  });

  it('is one process more that stays, where none is allowed', () => {
    const counted = (more: (at: number) => number): Sample[] =>
      Array.from({ length: 30 }, (_, at) => ({ at, value: 3 + more(at) }));
    const none = { absolute: 0, share: 0 };
    expect(
      judge(
        counted((at) => Math.floor(at / 6)),
        none,
      ).grows,
    ).toBe(true);
    expect(
      judge(
        counted((at) => Number(at === 20)),
        none,
      ).grows,
    ).toBe(false);
    expect(
      judge(
        counted(() => 0),
        none,
      ).grows,
    ).toBe(false);
  });
});

it.runIf(process.platform === 'linux')(
  'a steady load of all lanes and upstreams leaves nothing behind, and has no error that was not made',
  async () => {
    const rig = await startSoakRig(inject('proofCdkOut'));
    try {
      const soaked = await soak(rig, { seconds, warmUpSeconds: 10, say: () => undefined });
      expect(soaked.errors).toEqual([]);
      expect(rowsOf(soaked).filter(({ ok }) => !ok)).toEqual([]);
      expect(soaked.calls).toBeGreaterThan(seconds);
      for (const lane of ['API key', 'token', 'SigV4', 'wrong key']) {
        expect(soaked.lanes[lane]?.provoked, lane).toBeGreaterThan(0);
      }
      const seen = new Set(soaked.grown.map(({ kind, measure }) => `${kind} ${measure}`));
      for (const kind of ['twin', 'mcp', 'authorizer', 'stdio sandbox']) {
        expect(seen).toContain(`${kind} heapBytes`);
      }
    } finally {
      await rig.close();
    }
  },
  240_000,
);

import { describe, expect, it } from 'vitest';
import {
  MeterUnavailableError,
  type ChargeOutcome,
  type LimitState,
} from '../../src/quota/meter.ts';
import type { PlanTable } from '../../src/quota/plan-limits.ts';
import { aCaller, noon, plans, type MeterWorld } from './meter-fixtures.ts';

const minuteEnd = noon / 1000 + 60;
const dayEnd = Date.UTC(2026, 10, 29) / 1000;
const monthEnd = Date.UTC(2026, 11) / 1000;

const table = plans({
  plan: { units: { perMinute: 10, perDay: 15, perMonth: 20 } },
  open: {},
  each: { units: { perDay: 10 }, unitsPerCredential: { perMinute: 3, perDay: 5, perMonth: 6 } },
  five: { units: { perMinute: 5 } },
});

const caller = aCaller();
const granted = (outcome: ChargeOutcome): readonly LimitState[] => {
  if (outcome.kind !== 'granted') throw new Error(`it was ${outcome.kind}`);
  return outcome.limits;
};

/** What every adapter of `Meter`, `UsageReader` and `StandingWriter` does. */
export const meterContract = (
  name: string,
  start: (plans: PlanTable) => Promise<MeterWorld>,
): void => {
  describe(`${name}: charges`, () => {
    it('a granted charge says how each limit stands after it', async () => {
      await using world = await start(table);
      expect(await world.meter.charge({ principal: caller, units: 4 })).toEqual({
        kind: 'granted',
        limits: [
          { window: 'minute', scope: 'tenant', limit: 10, used: 4, resetAt: minuteEnd },
          { window: 'day', scope: 'tenant', limit: 15, used: 4, resetAt: dayEnd },
          { window: 'month', scope: 'tenant', limit: 20, used: 4, resetAt: monthEnd },
        ],
      });
      const limits = granted(await world.meter.charge({ principal: caller, units: 6 }));
      expect(limits.map(({ used }) => used)).toEqual([10, 10, 10]);
      expect(await world.usage.read(caller)).toEqual(limits);
    });

    it('a refused charge changes nothing, and names the limit that ends last', async () => {
      await using world = await start(table);
      await world.meter.charge({ principal: caller, units: 10 });
      const minute = await world.meter.charge({ principal: caller, units: 1 });
      expect(minute).toMatchObject({
        kind: 'over-limit',
        over: { window: 'minute', scope: 'tenant', limit: 10, used: 10, resetAt: minuteEnd },
      });
      expect(await world.meter.charge({ principal: caller, units: 6 })).toMatchObject({
        over: { window: 'day', used: 10 },
      });
      const month = await world.meter.charge({ principal: caller, units: 11 });
      expect(month).toMatchObject({ kind: 'over-limit', over: { window: 'month', used: 10 } });
      expect(await world.usage.read(caller)).toEqual(
        minute.kind === 'over-limit' ? minute.limits : [],
      );
    });

    it('more units than a limit has are refused also when nothing was used', async () => {
      await using world = await start(table);
      expect(await world.meter.charge({ principal: caller, units: 21 })).toMatchObject({
        kind: 'over-limit',
        over: { window: 'month', used: 0 },
        limits: [{ used: 0 }, { used: 0 }, { used: 0 }],
      });
      expect(granted(await world.meter.charge({ principal: caller, units: 10 }))).toHaveLength(3);
    });

    it('0 units are granted at a limit that is used up', async () => {
      await using world = await start(table);
      await world.meter.charge({ principal: caller, units: 10 });
      const limits = granted(await world.meter.charge({ principal: caller, units: 0 }));
      expect(limits.map(({ used }) => used)).toEqual([10, 10, 10]);
    });

    it.each([-1, 0.5, NaN, 2 ** 53])('%s units are no charge', async (units) => {
      await using world = await start(table);
      await expect(world.meter.charge({ principal: caller, units })).rejects.toThrow(RangeError);
    });

    it('a plan without limits grants, and is counted by day', async () => {
      await using world = await start(table);
      const open = aCaller({ plan: 'open' });
      for (const units of [1, 2, 3]) {
        expect(await world.meter.charge({ principal: open, units })).toEqual({
          kind: 'granted',
          limits: [],
        });
      }
      expect(await world.usage.read(open)).toEqual([]);
      expect(await world.usage.days('acme')).toEqual([{ day: '2026-11-28', units: 6 }]);
    });

    it.each(['absent', 'constructor', '__proto__'])('the unknown plan %s refuses', async (plan) => {
      await using world = await start(table);
      const principal = aCaller({ plan });
      await expect(world.meter.charge({ principal, units: 0 })).rejects.toThrow(
        MeterUnavailableError,
      );
      await expect(world.usage.read(principal)).rejects.toThrow(MeterUnavailableError);
    });

    it('tenants share nothing', async () => {
      await using world = await start(table);
      await world.meter.charge({ principal: caller, units: 10 });
      const other = await world.meter.charge({
        principal: aCaller({ tenant: 'other' }),
        units: 10,
      });
      expect(other.kind).toBe('granted');
    });
  });

  describe(`${name}: windows`, () => {
    it('a new minute, day and month begin empty, at their second', async () => {
      await using world = await start(table);
      const charge = (units: number) => world.meter.charge({ principal: caller, units });
      world.clock.now = Date.UTC(2026, 10, 30, 23, 58);
      expect((await charge(10)).kind).toBe('granted');
      world.clock.now += 59_999;
      expect((await charge(1)).kind).toBe('over-limit');
      world.clock.now += 1;
      expect((await charge(5)).kind).toBe('granted');
      expect(await charge(1)).toMatchObject({ over: { window: 'day', used: 15 } });
      world.clock.now = Date.UTC(2026, 11, 1);
      const limits = granted(await charge(10));
      expect(limits.map(({ used }) => used)).toEqual([10, 10, 10]);
      world.clock.now = Date.UTC(2026, 11, 2);
      expect(granted(await charge(10)).map(({ used }) => used)).toEqual([10, 10, 20]);
      world.clock.now = Date.UTC(2026, 11, 3);
      expect(await charge(1)).toMatchObject({ over: { window: 'month', used: 20 } });
      expect(await world.usage.days('acme')).toEqual([
        { day: '2026-11-30', units: 15 },
        { day: '2026-12-01', units: 10 },
        { day: '2026-12-02', units: 10 },
      ]);
    });
  });

  describe(`${name}: limits of credentials`, () => {
    const one = aCaller({ plan: 'each' });
    const two = aCaller({ plan: 'each', subject: 'jwt:änne#d20000', lane: 'jwt' });

    it('each caller has its own beside the tenant’s', async () => {
      await using world = await start(table);
      const charge = (principal: typeof one, units: number) =>
        world.meter.charge({ principal, units });
      expect(granted(await charge(one, 3))).toMatchObject([
        { window: 'day', scope: 'tenant', limit: 10, used: 3 },
        { window: 'minute', scope: 'credential', limit: 3, used: 3, resetAt: minuteEnd },
        { window: 'day', scope: 'credential', limit: 5, used: 3, resetAt: dayEnd },
        { window: 'month', scope: 'credential', limit: 6, used: 3, resetAt: monthEnd },
      ]);
      expect(await charge(one, 1)).toMatchObject({
        over: { window: 'minute', scope: 'credential' },
      });
      expect(granted(await charge(two, 3)).map(({ used }) => used)).toEqual([6, 3, 3, 3]);
      world.clock.now += 60_000;
      expect((await charge(one, 2)).kind).toBe('granted');
      expect(await charge(one, 1)).toMatchObject({ over: { window: 'day', scope: 'credential' } });
      expect((await charge(two, 2)).kind).toBe('granted');
      expect(await charge(aCaller({ plan: 'each', subject: 'key:CCCCCCCC' }), 1)).toMatchObject({
        over: { window: 'day', scope: 'tenant', used: 10 },
      });
      expect((await world.usage.read(two)).map(({ used }) => used)).toEqual([10, 2, 5, 5]);
    });
  });

  describe(`${name}: standing`, () => {
    const charge = (world: MeterWorld, changes: Parameters<typeof aCaller>[0] = {}, units = 1) =>
      world.meter.charge({ principal: aCaller(changes), units });

    it('a revoked credential is refused from the second of its revocation, and no other', async () => {
      await using world = await start(table);
      await world.standing.revoke('acme', 'key:AAAAAAAA', noon / 1000);
      expect(await charge(world)).toEqual({ kind: 'revoked' });
      expect(await charge(world, {}, 0)).toEqual({ kind: 'revoked' });
      expect((await charge(world, { subject: 'key:BBBBBBBB' })).kind).toBe('granted');
      expect((await charge(world, { tenant: 'other' })).kind).toBe('granted');
    });

    it('a grace period lasts until its second', async () => {
      await using world = await start(table);
      await world.standing.revoke('acme', 'key:AAAAAAAA', noon / 1000 + 30);
      world.clock.now = noon + 29_999;
      expect((await charge(world)).kind).toBe('granted');
      world.clock.now = noon + 30_000;
      expect(await charge(world)).toEqual({ kind: 'revoked' });
    });

    it('a revocation inside a grace period ends it', async () => {
      await using world = await start(table);
      await world.standing.revoke('acme', 'key:AAAAAAAA', noon / 1000 + 30);
      await world.standing.revoke('acme', 'key:AAAAAAAA', noon / 1000);
      expect(await charge(world)).toEqual({ kind: 'revoked' });
    });

    it('a principal that is recorded again may call again', async () => {
      await using world = await start(table);
      const subject = 'iam:123456789012:role/ci';
      await world.standing.revoke('acme', subject, noon / 1000);
      expect(await charge(world, { subject })).toEqual({ kind: 'revoked' });
      await world.standing.readmit('acme', subject);
      expect((await charge(world, { subject })).kind).toBe('granted');
    });

    it('a suspended tenant is refused until it is resumed', async () => {
      await using world = await start(table);
      await world.standing.suspend('acme');
      expect(await charge(world)).toEqual({ kind: 'suspended' });
      expect(await charge(world, { plan: 'open' }, 0)).toEqual({ kind: 'suspended' });
      await world.standing.resume('acme');
      expect((await charge(world)).kind).toBe('granted');
    });

    it('policies that are newer than the caller’s answer are told, and no older ones', async () => {
      await using world = await start(table);
      await world.standing.setPolicyVersion('acme', 3);
      expect(await charge(world)).toEqual({ kind: 'policy-changed', version: 3 });
      expect(await charge(world, { policyVersion: 2 }, 0)).toEqual({
        kind: 'policy-changed',
        version: 3,
      });
      expect((await charge(world, { policyVersion: 3 })).kind).toBe('granted');
      expect((await charge(world, { policyVersion: 4 })).kind).toBe('granted');
    });

    it('of two versions the newer stays, in whichever order they come', async () => {
      await using world = await start(table);
      await world.standing.setPolicyVersion('acme', 4);
      await world.standing.setPolicyVersion('acme', 3);
      expect(await charge(world, { policyVersion: 3 })).toEqual({
        kind: 'policy-changed',
        version: 4,
      });
    });

    it('of several reasons the gravest is told: revoked, suspended, policies, limits', async () => {
      await using world = await start(table);
      await world.meter.charge({ principal: caller, units: 10 });
      const outcome = async () => (await charge(world)).kind;
      expect(await outcome()).toBe('over-limit');
      await world.standing.setPolicyVersion('acme', 1);
      expect(await outcome()).toBe('policy-changed');
      await world.standing.suspend('acme');
      expect(await outcome()).toBe('suspended');
      await world.standing.revoke('acme', 'key:AAAAAAAA', 0);
      expect(await outcome()).toBe('revoked');
      expect((await world.usage.read(caller)).map(({ used }) => used)).toEqual([10, 10, 10]);
    });

    it('standing says nothing of usage', async () => {
      await using world = await start(table);
      await world.standing.suspend('acme');
      await world.standing.setPolicyVersion('acme', 1);
      expect(await world.usage.days('acme')).toEqual([]);
    });
  });

  it(`${name}: parallel charges are granted up to the limit, and none beyond it`, async () => {
    await using world = await start(table);
    const principal = aCaller({ plan: 'five' });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => world.meter.charge({ principal, units: 1 })),
    );
    expect(outcomes.filter(({ kind }) => kind === 'granted')).toHaveLength(5);
    const used = outcomes.flatMap((outcome) =>
      outcome.kind === 'granted' ? outcome.limits.map((limit) => limit.used) : [],
    );
    expect(used.sort()).toEqual([1, 2, 3, 4, 5]);
  });
};

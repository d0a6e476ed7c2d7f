import { describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey } from '../../src/admin/keys.ts';
import { usageBreakdown, usageOf, usageOfAll } from '../../src/admin/usage.ts';
import type { Principal } from '../../src/principals/principal.ts';
import { aWorld, failureOf, nowSeconds } from './admin-fixtures.ts';

const principalOf = (tenant: string, plan: string): Principal => ({
  tenant,
  subject: 'key:Used0000',
  role: 'user',
  lane: 'key',
  plan,
});

const aWorldWithUsage = async () => {
  const world = aWorld();
  await createTenant(world.ports, { tenant: 'acme', plan: 'free' });
  await createTenant(world.ports, { tenant: 'beta', plan: 'pro' });
  const use = (tenant: string, plan: string, units: number) =>
    world.meter.charge({ principal: principalOf(tenant, plan), units });
  await use('acme', 'free', 3);
  world.at.now += 86_400_000;
  await use('acme', 'free', 4);
  await use('beta', 'pro', 1);
  return world;
};

describe('usageOf', () => {
  it('tells the limits as they stand and the units of each day', async () => {
    const { ports } = await aWorldWithUsage();
    const usage = await usageOf(ports, 'acme');
    expect(usage.limits).toMatchObject([
      { window: 'minute', scope: 'tenant', limit: 10, used: 4 },
      { window: 'day', scope: 'tenant', limit: 100, used: 4 },
    ]);
    expect(usage.days).toEqual([
      { day: '2026-11-21', units: 3 },
      { day: '2026-11-22', units: 4 },
    ]);
  });

  it('of a key of another tenant there is none', async () => {
    const { ports } = await aWorldWithUsage();
    const { record } = await createKey(ports, { tenant: 'beta', name: 'x' });
    expect(await failureOf(usageOf(ports, 'acme', record.keyId))).toMatchObject({
      code: 'KEY_NOT_FOUND',
    });
    expect(await usageOf(ports, 'beta', record.keyId)).toMatchObject({ limits: [] });
  });
});

describe('usageOfAll', () => {
  it('tells the units of today and of this month, by tenant', async () => {
    const { ports, at } = await aWorldWithUsage();
    expect(await usageOfAll(ports)).toEqual([
      { tenant: 'acme', plan: 'free', today: 4, month: 7 },
      { tenant: 'beta', plan: 'pro', today: 1, month: 1 },
    ]);
    at.now += 15 * 86_400_000;
    expect(await usageOfAll(ports)).toMatchObject([
      { today: 0, month: 0 },
      { today: 0, month: 0 },
    ]);
  });
});

describe('usageBreakdown', () => {
  it('asks for the last seven days when nothing is said', async () => {
    const { ports, usageQueries } = aWorld();
    usageQueries.rows = [{ of: 'search', calls: 2, units: 2, errors: 0 }];
    const { rows } = await usageBreakdown(ports, undefined, { by: 'tool' });
    expect(rows).toEqual(usageQueries.rows);
    expect(usageQueries.asked).toEqual([
      { by: 'tool', from: nowSeconds - 7 * 86_400, to: nowSeconds },
    ]);
  });

  it('takes days and times, of one tenant', async () => {
    const { ports, usageQueries } = await aWorldWithUsage();
    const range = { from: '2026-11-01', to: '2026-11-02T12:00:00+01:00' };
    await usageBreakdown(ports, 'acme', { by: 'day', ...range });
    expect(usageQueries.asked).toEqual([
      {
        tenant: 'acme',
        by: 'day',
        from: Date.UTC(2026, 10, 1) / 1000,
        to: Date.UTC(2026, 10, 2, 11) / 1000,
      },
    ]);
  });

  it.each([
    { from: '2026-11-02', to: '2026-11-01' },
    { from: '2024-01-01', to: '2026-11-01' },
    { from: 'yesterday' },
    { to: '2026-13-01' },
  ])('refuses the range %j', async (range) => {
    const { ports } = aWorld();
    expect(
      await failureOf(usageBreakdown(ports, undefined, { by: 'day', ...range })),
    ).toMatchObject({ code: 'INVALID_INPUT' });
  });
});

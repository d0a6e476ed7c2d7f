import { describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { diagnose } from '../../src/admin/diagnose.ts';
import { driftText } from '../../src/admin/drift.ts';
import { createKey } from '../../src/admin/keys.ts';
import { setPolicies } from '../../src/admin/policies.ts';
import { repair } from '../../src/admin/repair.ts';
import { aKey, aPrincipal } from '../contract/registry.contract.ts';
import { aWorld, failing, now, withMethods } from './admin-fixtures.ts';

type World = Awaited<ReturnType<typeof aSoundWorld>>;

const aSoundWorld = async () => {
  const world = aWorld();
  const tenant = await createTenant(world.ports, { tenant: 'acme', plan: 'free' });
  const { record: key } = await createKey(world.ports, { tenant: 'acme', name: 'ci' });
  const { apiGatewayKeyId } = tenant;
  const gatewayKey = world.usagePlans.keys.get(apiGatewayKeyId);
  if (gatewayKey === undefined) throw new Error('no API Gateway key');
  return { ...world, tenant, key, apiGatewayKeyId, gatewayKey };
};

interface Case {
  readonly kind: string;
  readonly spoil: (world: World) => Promise<unknown>;
  readonly text: RegExp;
  /** What `--repair` says of it, and whether it is gone then. */
  readonly note: RegExp;
  readonly mended: boolean;
}

const cases: readonly Case[] = [
  {
    kind: 'gateway-key-missing',
    spoil: async ({ usagePlans, apiGatewayKeyId }) => usagePlans.keys.delete(apiGatewayKeyId),
    text: /its API Gateway key gateway-key-1 is not there/,
    note: /created API Gateway key gateway-key-2 with the same value, in plan free/,
    mended: true,
  },
  {
    kind: 'gateway-key-off',
    spoil: async ({ usagePlans, apiGatewayKeyId, gatewayKey }) =>
      usagePlans.keys.set(apiGatewayKeyId, { ...gatewayKey, enabled: false }),
    text: /is off/,
    note: /switched API Gateway key gateway-key-1 on/,
    mended: true,
  },
  {
    kind: 'gateway-key-value',
    spoil: async ({ usagePlans, apiGatewayKeyId, gatewayKey }) =>
      usagePlans.keys.set(apiGatewayKeyId, { ...gatewayKey, value: 'x'.repeat(40) }),
    text: /has another value than its record/,
    note: /aws apigateway delete-api-key --api-key gateway-key-1/,
    mended: false,
  },
  {
    kind: 'gateway-key-plan',
    spoil: async ({ usagePlans, apiGatewayKeyId, gatewayKey }) =>
      usagePlans.keys.set(apiGatewayKeyId, { ...gatewayKey, plan: 'pro' }),
    text: /is in plan pro, not in free/,
    note: /put API Gateway key gateway-key-1 into plan free/,
    mended: true,
  },
  {
    kind: 'gateway-key-plan',
    spoil: ({ usagePlans, apiGatewayKeyId }) =>
      usagePlans.detach({ apiGatewayKeyId, plan: 'free' }),
    text: /is in no plan, not in free/,
    note: /put API Gateway key gateway-key-1 into plan free/,
    mended: true,
  },
  {
    kind: 'plan-unknown',
    spoil: async ({ registry }) => {
      await registry.updateTenant('acme', { plan: 'gold' }, 1);
      await registry.updateKey((await registry.listKeys('acme')).items[0]?.keyId ?? '', {
        plan: 'gold',
      });
    },
    text: /its plan "gold" is none of this deployment/,
    note: /tenants move acme --plan <plan>/,
    mended: false,
  },
  {
    kind: 'gateway-key-orphan',
    spoil: ({ usagePlans }) =>
      usagePlans.createTenantKey({ tenant: 'gone', value: 'v'.repeat(40) }),
    text: /API Gateway key gateway-key-2 has its name/,
    note: /removed API Gateway key gateway-key-2/,
    mended: true,
  },
  {
    kind: 'gateway-key-orphan',
    spoil: async ({ usagePlans }) =>
      usagePlans.keys.set('young', {
        tenant: 'new',
        value: 'v'.repeat(40),
        createdAt: now - 60_000,
      }),
    text: /API Gateway key young has its name/,
    note: /younger than an hour/,
    mended: false,
  },
  {
    kind: 'key-differs',
    spoil: ({ registry, key }) =>
      registry.updateKey(key.keyId, { plan: 'pro', suspended: true, policyVersion: 9 }),
    text: /does not repeat the tenant’s plan, suspended, policyVersion/,
    note: /rewrote 1 keys/,
    mended: true,
  },
  {
    kind: 'policy-missing',
    spoil: async ({ registry, standing, key }) => {
      await registry.updateTenant('acme', { policyVersion: 3 }, 1);
      await registry.updateKey(key.keyId, { policyVersion: 3 });
      await standing.setPolicyVersion('acme', 3);
    },
    text: /version 3 of its policies is in force and is not recorded/,
    note: /policies set acme <file>/,
    mended: false,
  },
  {
    kind: 'standing-status',
    spoil: ({ standing }) => standing.suspend('acme'),
    text: /do not agree whether it is suspended/,
    note: /told the counters what the record says/,
    mended: true,
  },
  {
    kind: 'standing-policies',
    spoil: async ({ ports, standing }) => {
      const behind = withMethods(standing, { setPolicyVersion: async () => undefined });
      const input = { tenant: 'acme', text: 'permit', by: 'dev' };
      await setPolicies({ ...ports, standing: behind }, input);
    },
    text: /its counters have version none of its policies, its record 1/,
    note: /told the counters/,
    mended: true,
  },
  {
    kind: 'standing-policies',
    spoil: ({ standing }) => standing.setPolicyVersion('acme', 4),
    text: /its counters have version 4 of its policies, its record none/,
    note: /a version is never taken back/,
    mended: false,
  },
  {
    kind: 'principal-orphan',
    spoil: ({ registry }) => registry.createPrincipal(aPrincipal('ci', 'gone')),
    text: /role\/ci is a principal of this tenant, which is not there/,
    note: /removed principal arn:aws:iam::123456789012:role\/ci/,
    mended: true,
  },
];

describe('doctor', () => {
  it('finds nothing in a sound deployment, revoked keys included', async () => {
    const { ports, registry } = await aSoundWorld();
    await registry.createKey(aKey('Revoked0', 'acme', { status: 'revoked', plan: 'pro' }));
    expect(await diagnose(ports)).toEqual([]);
    expect(await repair(ports, [])).toEqual([]);
  });

  it.each(cases)(
    '$kind is found; repaired: $mended',
    async ({ kind, spoil, text, note, mended }) => {
      const world = await aSoundWorld();
      await spoil(world);
      const found = await diagnose(world.ports);
      expect(found.map((drift) => drift.kind)).toEqual([kind]);
      expect(found.map((drift) => driftText(drift))).toEqual([expect.stringMatching(text)]);
      expect(await repair(world.ports, found)).toEqual([
        { drift: found[0], mended, note: expect.stringMatching(note) as string },
      ]);
      expect(await diagnose(world.ports)).toEqual(mended ? [] : found);
    },
  );

  it('a tenant with a new API Gateway key keeps the value that its keys have', async () => {
    const { ports, registry, usagePlans, tenant, key, apiGatewayKeyId } = await aSoundWorld();
    usagePlans.keys.delete(apiGatewayKeyId);
    await repair(ports, await diagnose(ports));
    const after = await registry.getTenant('acme');
    expect(after).toEqual({ ...tenant, apiGatewayKeyId: 'gateway-key-2', revision: 2 });
    expect(usagePlans.keys.get('gateway-key-2')).toMatchObject({
      value: tenant.usageKey,
      plan: 'free',
    });
    expect(await registry.getKey(key.keyId)).toEqual(key);
  });

  it('what fails is said, and does not stop the rest', async () => {
    const { ports, usagePlans, standing, apiGatewayKeyId, gatewayKey } = await aSoundWorld();
    usagePlans.keys.set(apiGatewayKeyId, { ...gatewayKey, enabled: false });
    await standing.suspend('acme');
    const broken = withMethods(usagePlans, { enable: failing('busy') });
    const treated = await repair({ ...ports, usagePlans: broken }, await diagnose(ports));
    expect(treated).toMatchObject([
      {
        drift: { kind: 'gateway-key-off' },
        mended: false,
        note: expect.stringContaining('busy') as string,
      },
      { drift: { kind: 'standing-status' }, mended: true },
    ]);
  });

  it('an orphan that has got its tenant meanwhile is left alone', async () => {
    const { ports, usagePlans } = await aSoundWorld();
    const { apiGatewayKeyId } = await usagePlans.createTenantKey({
      tenant: 'late',
      value: 'v'.repeat(40),
    });
    const found = await diagnose(ports);
    await ports.registry.createTenant({
      tenant: 'late',
      name: 'late',
      plan: 'free',
      status: 'active',
      usageKey: 'v'.repeat(40),
      apiGatewayKeyId,
      createdAt: '2026-11-21T05:00:00.000Z',
      revision: 1,
    });
    expect(await repair(ports, found)).toMatchObject([{ note: 'a record names it now' }]);
    expect(usagePlans.keys.has(apiGatewayKeyId)).toBe(true);
  });
});

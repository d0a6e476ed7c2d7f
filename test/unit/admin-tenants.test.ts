import { describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey, revokeKey } from '../../src/admin/keys.ts';
import { listTenants, showTenant } from '../../src/admin/tenants.ts';
import { aWorld, failing, failureOf, now, withMethods } from './admin-fixtures.ts';

describe('createTenant', () => {
  it('refuses the tenant that deployments shake hands as, and makes nothing', async () => {
    const { ports, registry } = aWorld();
    await expect(
      createTenant(ports, { tenant: 'drawbridge-handshake', plan: 'pro' }),
    ).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('choose another id') as string,
    });
    expect(await registry.getTenant('drawbridge-handshake')).toBeUndefined();
  });

  it('creates an API Gateway key of 40 characters in the plan, then the record', async () => {
    const { ports, registry, usagePlans } = aWorld();
    const record = await createTenant(ports, { tenant: 'acme', name: ' Acme Ltd ', plan: 'pro' });
    expect(record).toEqual({
      tenant: 'acme',
      name: 'Acme Ltd',
      plan: 'pro',
      status: 'active',
      usageKey: record.usageKey,
      apiGatewayKeyId: 'gateway-key-1',
      createdAt: '2026-11-21T05:00:00.000Z',
      revision: 1,
    });
    expect(record.usageKey).toMatch(/^[0-9A-Za-z]{40}$/);
    expect(usagePlans.keys.get('gateway-key-1')).toEqual({
      tenant: 'acme',
      value: record.usageKey,
      plan: 'pro',
    });
    expect(await registry.getTenant('acme')).toEqual(record);
  });

  it('an unknown plan is refused with the plans there are, and nothing is created', async () => {
    const { ports, usagePlans, registry } = aWorld();
    const failure = await failureOf(createTenant(ports, { tenant: 'acme', plan: 'gold' }));
    expect(failure).toMatchObject({
      code: 'PLAN_UNKNOWN',
      message: 'there is no plan "gold": choose one of free, pro',
    });
    expect(usagePlans.keys.size).toBe(0);
    expect(await registry.getTenant('acme')).toBeUndefined();
  });

  it.each(['Acme', 'a_b', '-a', 'a-', '', 'a'.repeat(33)])('refuses the id %j', async (tenant) => {
    const { ports, usagePlans } = aWorld();
    const failure = await failureOf(createTenant(ports, { tenant, plan: 'free' }));
    expect(failure).toMatchObject({ code: 'INVALID_INPUT' });
    expect(failure.message).toMatch(/^tenant: a tenant id is 1 to 32/);
    expect(usagePlans.keys.size).toBe(0);
  });

  it('a name cannot hold line breaks or terminal controls', async () => {
    const { ports } = aWorld();
    for (const name of ['two\nlines', '\u001b[2J', '  ']) {
      expect(
        await failureOf(createTenant(ports, { tenant: 'acme', name, plan: 'free' })),
      ).toMatchObject({ code: 'INVALID_INPUT' });
    }
  });

  it('an existing tenant is a conflict and stays as it was', async () => {
    const { ports, usagePlans, registry } = aWorld();
    const first = await createTenant(ports, { tenant: 'acme', plan: 'free' });
    const failure = await failureOf(createTenant(ports, { tenant: 'acme', plan: 'pro' }));
    expect(failure).toMatchObject({ code: 'TENANT_EXISTS' });
    expect(usagePlans.keys.size).toBe(1);
    expect(await registry.getTenant('acme')).toEqual(first);
  });

  it('of two creations at once one wins and the other leaves nothing behind', async () => {
    const { ports, usagePlans, registry } = aWorld();
    const outcomes = await Promise.allSettled([
      createTenant(ports, { tenant: 'acme', plan: 'free' }),
      createTenant(ports, { tenant: 'acme', plan: 'pro' }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const stored = await registry.getTenant('acme');
    expect([...usagePlans.keys.keys()]).toEqual([stored?.apiGatewayKeyId]);
  });

  it('a failure to join the plan undoes the API Gateway key', async () => {
    const { ports, usagePlans, registry } = aWorld();
    const broken = withMethods(usagePlans, { attach: failing('plan is full') });
    const failure = await failureOf(
      createTenant({ ...ports, usagePlans: broken }, { tenant: 'acme', plan: 'free' }),
    );
    expect(failure).toMatchObject({ code: 'UPSTREAM_FAILED' });
    expect(failure.message).toContain('plan is full');
    expect(usagePlans.keys.size).toBe(0);
    expect(await registry.getTenant('acme')).toBeUndefined();
  });

  it('a failure to write the record undoes the API Gateway key', async () => {
    const { ports, usagePlans, registry } = aWorld();
    const broken = withMethods(registry, { createTenant: failing('table is down') });
    const failure = await failureOf(
      createTenant({ ...ports, registry: broken }, { tenant: 'acme', plan: 'free' }),
    );
    expect(failure).toMatchObject({ code: 'UPSTREAM_FAILED' });
    expect(usagePlans.keys.size).toBe(0);
  });

  it('a write that landed although it was reported as refused or failed counts', async () => {
    for (const report of [async () => false, failing('timeout')]) {
      const { ports, usagePlans, registry } = aWorld();
      const unsure = withMethods(registry, {
        createTenant: async (record) => {
          await registry.createTenant(record);
          return report();
        },
      });
      const record = await createTenant(
        { ...ports, registry: unsure },
        { tenant: 'acme', plan: 'free' },
      );
      expect(usagePlans.keys.has(record.apiGatewayKeyId)).toBe(true);
    }
  });

  it('when undoing fails too, the error says what is left and how to remove it', async () => {
    const { ports, usagePlans } = aWorld();
    const broken = withMethods(usagePlans, {
      attach: failing('plan is full'),
      remove: failing('still down'),
    });
    const failure = await failureOf(
      createTenant({ ...ports, usagePlans: broken }, { tenant: 'acme', plan: 'free' }),
    );
    expect(failure).toMatchObject({ code: 'ROLLBACK_FAILED' });
    expect(failure.message).toContain('plan is full');
    expect(failure.message).toContain('`aws apigateway delete-api-key --api-key gateway-key-1`');
  });

  it('when the outcome of the write cannot be known, nothing is undone and the error says so', async () => {
    const { ports, usagePlans, registry } = aWorld();
    let reads = 0;
    const broken = withMethods(registry, {
      createTenant: failing('table is down'),
      getTenant: async () => {
        reads += 1;
        return reads === 1 ? undefined : failing('table is down')();
      },
    });
    const failure = await failureOf(
      createTenant({ ...ports, registry: broken }, { tenant: 'acme', plan: 'free' }),
    );
    expect(failure).toMatchObject({ code: 'ROLLBACK_FAILED' });
    expect(failure.message).toMatch(/not known\. Run `tenants show acme`.*gateway-key-1/);
    expect(usagePlans.keys.size).toBe(1);
  });

  it('no error repeats the usage key', async () => {
    const { ports, usagePlans } = aWorld();
    let usageKey = 'none';
    const broken = withMethods(usagePlans, {
      createTenantKey: async (input) => {
        usageKey = input.value;
        return usagePlans.createTenantKey(input);
      },
      attach: failing('plan is full'),
      remove: failing('still down'),
    });
    const failure = await failureOf(
      createTenant({ ...ports, usagePlans: broken }, { tenant: 'acme', plan: 'free' }),
    );
    expect(usageKey).toHaveLength(40);
    expect(failure.message).not.toContain(usageKey);
  });
});

describe('listTenants and showTenant', () => {
  it('lists more tenants than a page holds, by id', async () => {
    const { ports, registry } = aWorld();
    const ids = Array.from({ length: 205 }, (_, i) => `t${String(i).padStart(3, '0')}`);
    const template = await createTenant(ports, { tenant: 'a', plan: 'free' });
    for (const tenant of ids) await registry.createTenant({ ...template, tenant });
    expect((await listTenants(ports)).map(({ tenant }) => tenant)).toEqual(['a', ...ids]);
  });

  it('shows a tenant with its keys counted', async () => {
    const { ports, at } = aWorld({ now });
    await createTenant(ports, { tenant: 'acme', plan: 'free' });
    await createKey(ports, { tenant: 'acme', name: 'lives' });
    await createKey(ports, { tenant: 'acme', name: 'expires', expiresInSeconds: 60 });
    const { record } = await createKey(ports, { tenant: 'acme', name: 'dies' });
    await revokeKey(ports, record.keyId);
    at.now += 60_000;
    const summary = await showTenant(ports, 'acme');
    expect(summary).toMatchObject({ keyCount: 3, activeKeyCount: 1, tenant: { tenant: 'acme' } });
  });

  it('an unknown tenant is said to be unknown', async () => {
    const { ports } = aWorld();
    expect(await failureOf(showTenant(ports, 'nobody'))).toMatchObject({
      code: 'TENANT_NOT_FOUND',
    });
  });
});

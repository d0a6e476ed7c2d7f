import { describe, expect, it } from 'vitest';
import { createTenant, ensureTenant } from '../../src/admin/create-tenant.ts';
import { createKey, revokeKey } from '../../src/admin/keys.ts';
import { moveTenant } from '../../src/admin/move-tenant.ts';
import { renameTenant } from '../../src/admin/rename-tenant.ts';
import { spreadTenant } from '../../src/admin/spread-tenant.ts';
import { resumeTenant, suspendTenant } from '../../src/admin/tenant-status.ts';
import { aWorld, failing, failureOf, withMethods } from './admin-fixtures.ts';

const aTenantWithKey = async () => {
  const world = aWorld();
  const tenant = await createTenant(world.ports, { tenant: 'acme', plan: 'free' });
  const { record: key } = await createKey(world.ports, { tenant: 'acme', name: 'ci' });
  return { ...world, tenant, key };
};

describe('suspending and resuming', () => {
  it('stops the calls, then writes the tenant and its keys, and takes all of it back', async () => {
    const { ports, registry, standing, key } = await aTenantWithKey();
    expect(await suspendTenant(ports, 'acme')).toMatchObject({
      record: { status: 'suspended', revision: 2 },
      changed: true,
      rewrittenKeys: 1,
    });
    expect(await registry.getKey(key.keyId)).toEqual({ ...key, suspended: true });
    expect(await standing.standings('acme')).toEqual([{ suspended: true }]);

    expect(await resumeTenant(ports, 'acme')).toMatchObject({
      record: { status: 'active', revision: 3 },
      changed: true,
      rewrittenKeys: 1,
    });
    expect(await registry.getKey(key.keyId)).toEqual(key);
    expect(await standing.standings('acme')).toEqual([{ suspended: false }]);
  });

  it('doing it again changes nothing and says so', async () => {
    const { ports } = await aTenantWithKey();
    expect(await resumeTenant(ports, 'acme')).toMatchObject({ changed: false, rewrittenKeys: 0 });
    await suspendTenant(ports, 'acme');
    expect(await suspendTenant(ports, 'acme')).toMatchObject({
      record: { revision: 2 },
      changed: false,
      rewrittenKeys: 0,
    });
  });

  it('a suspended tenant can be given no keys', async () => {
    const { ports } = await aTenantWithKey();
    await suspendTenant(ports, 'acme');
    const failure = await failureOf(createKey(ports, { tenant: 'acme', name: 'late' }));
    expect(failure).toMatchObject({ code: 'TENANT_SUSPENDED' });
    expect(failure.message).toContain('`tenants resume acme`');
  });

  it('a failure after the calls were stopped says that they are, and how to go on', async () => {
    const { ports, registry } = await aTenantWithKey();
    const broken = withMethods(registry, { updateTenant: failing('table is busy') });
    const failure = await failureOf(suspendTenant({ ...ports, registry: broken }, 'acme'));
    expect(failure).toMatchObject({ code: 'INCOMPLETE' });
    expect(failure.message).toMatch(
      /table is busy.* Its calls are refused already, but its record does not say so: .*`tenants resume acme`/,
    );
  });

  it('a resume that meets a suspension at the same time leaves the tenant suspended', async () => {
    const { ports, registry, standing } = await aTenantWithKey();
    await suspendTenant(ports, 'acme');
    let met = false;
    const raced = withMethods(standing, {
      resume: async (tenant) => {
        if (!met) {
          met = true;
          await suspendTenant(ports, 'acme');
        }
        await standing.resume(tenant);
      },
    });
    await resumeTenant({ ...ports, standing: raced }, 'acme');
    expect(await registry.getTenant('acme')).toMatchObject({ status: 'suspended' });
    expect(await standing.standings('acme')).toEqual([{ suspended: true }]);
  });

  it('an unknown tenant is not there', async () => {
    const { ports, standing } = aWorld();
    expect(await failureOf(suspendTenant(ports, 'nobody'))).toMatchObject({
      code: 'TENANT_NOT_FOUND',
    });
    expect(await standing.standings('nobody')).toEqual([{ suspended: false }]);
  });
});

describe('moving', () => {
  it('takes the API Gateway key, the record and the keys to the other plan', async () => {
    const { ports, registry, usagePlans, tenant, key } = await aTenantWithKey();
    expect(await moveTenant(ports, 'acme', 'pro')).toMatchObject({
      record: { plan: 'pro', revision: 2 },
      changed: true,
      rewrittenKeys: 1,
    });
    expect(usagePlans.keys.get(tenant.apiGatewayKeyId)).toMatchObject({ plan: 'pro' });
    expect(await registry.getKey(key.keyId)).toEqual({ ...key, plan: 'pro' });
  });

  it('an unknown plan is refused before anything is touched', async () => {
    const { ports, usagePlans, tenant } = await aTenantWithKey();
    expect(await failureOf(moveTenant(ports, 'acme', 'gold'))).toMatchObject({
      code: 'PLAN_UNKNOWN',
      message: 'there is no plan "gold": choose one of free, pro',
    });
    expect(usagePlans.keys.get(tenant.apiGatewayKeyId)).toMatchObject({ plan: 'free' });
  });

  it('a failure to enter the other plan puts the key back into the first', async () => {
    const { ports, registry, usagePlans, tenant } = await aTenantWithKey();
    const attach: typeof usagePlans.attach = async (input) =>
      input.plan === 'pro' ? failing('plan is full')() : usagePlans.attach(input);
    const broken = withMethods(usagePlans, { attach });
    const failure = await failureOf(moveTenant({ ...ports, usagePlans: broken }, 'acme', 'pro'));
    expect(failure).toMatchObject({ code: 'UPSTREAM_FAILED' });
    expect(usagePlans.keys.get(tenant.apiGatewayKeyId)).toMatchObject({ plan: 'free' });
    expect(await registry.getTenant('acme')).toEqual(tenant);
  });

  it('a change by somebody else undoes the move, to the plan that they chose', async () => {
    const { ports, registry, usagePlans, tenant } = await aTenantWithKey();
    let met = false;
    const raced = withMethods(registry, {
      updateTenant: async (...args) => {
        if (!met) {
          met = true;
          await renameTenant(ports, 'acme', 'Acme Ltd');
        }
        return registry.updateTenant(...args);
      },
    });
    expect(await failureOf(moveTenant({ ...ports, registry: raced }, 'acme', 'pro'))).toMatchObject(
      { code: 'CONFLICT' },
    );
    expect(usagePlans.keys.get(tenant.apiGatewayKeyId)).toMatchObject({ plan: 'free' });
    expect(await registry.getTenant('acme')).toMatchObject({ plan: 'free', name: 'Acme Ltd' });
  });

  it('where undoing fails too the message names the key and the way out', async () => {
    const { ports, usagePlans, tenant } = await aTenantWithKey();
    const broken = withMethods(usagePlans, { attach: failing('plan is full') });
    const failure = await failureOf(moveTenant({ ...ports, usagePlans: broken }, 'acme', 'pro'));
    expect(failure).toMatchObject({ code: 'ROLLBACK_FAILED' });
    expect(failure.message).toContain(tenant.apiGatewayKeyId);
    expect(failure.message).toContain('`doctor --repair`');
  });
});

describe('renaming', () => {
  it('changes the name and nothing else', async () => {
    const { ports, registry, tenant } = await aTenantWithKey();
    expect(await renameTenant(ports, 'acme', ' Acme Ltd ')).toMatchObject({ changed: true });
    expect(await registry.getTenant('acme')).toEqual({ ...tenant, name: 'Acme Ltd', revision: 2 });
    expect(await renameTenant(ports, 'acme', 'Acme Ltd')).toMatchObject({ changed: false });
  });

  it('a write that is reported as refused although it was done is recognised', async () => {
    const { ports, registry } = await aTenantWithKey();
    const lost = withMethods(registry, {
      updateTenant: async (...args) => {
        await registry.updateTenant(...args);
        return registry.updateTenant(...args);
      },
    });
    expect(await renameTenant({ ...ports, registry: lost }, 'acme', 'Acme Ltd')).toMatchObject({
      record: { name: 'Acme Ltd', revision: 2 },
    });
  });
});

describe('the records of keys', () => {
  it('revoked keys stay as they are', async () => {
    const { ports, registry, key } = await aTenantWithKey();
    await revokeKey(ports, key.keyId);
    const revoked = await registry.getKey(key.keyId);
    expect(await moveTenant(ports, 'acme', 'pro')).toMatchObject({ rewrittenKeys: 0 });
    expect(await registry.getKey(key.keyId)).toEqual(revoked);
  });

  it('follow over more than one page', async () => {
    const { ports, registry } = await aTenantWithKey();
    for (let count = 0; count < 120; count += 1) {
      await createKey(ports, { tenant: 'acme', name: `key ${count}` });
    }
    expect(await suspendTenant(ports, 'acme')).toMatchObject({ rewrittenKeys: 121 });
    const { items } = await registry.listKeys('acme', { limit: 100 });
    expect(items.every(({ suspended }) => suspended === true)).toBe(true);
  });

  it('a failure names the keys that are left, and running it again does only those', async () => {
    const { ports, registry, key } = await aTenantWithKey();
    const { record: second } = await createKey(ports, { tenant: 'acme', name: 'second' });
    const broken = withMethods(registry, {
      updateKey: async (keyId, ...rest) =>
        keyId === second.keyId ? failing('busy')() : registry.updateKey(keyId, ...rest),
    });
    const failure = await failureOf(suspendTenant({ ...ports, registry: broken }, 'acme'));
    expect(failure).toMatchObject({ code: 'INCOMPLETE' });
    // Of keys that were made in one millisecond either is first.
    const left = [second.keyId, key.keyId].filter((id) => failure.message.includes(id));
    expect(left).toContain(second.keyId);
    expect(failure.message).toContain(`but ${left.length} of its keys are not`);
    expect(failure.message).toContain('`doctor --repair`');
    expect(await spreadTenant(ports, 'acme')).toMatchObject({ rewritten: left.length });
  });

  it('a change that comes while they follow another is followed too', async () => {
    const { ports, registry, key } = await aTenantWithKey();
    let met = false;
    const raced = withMethods(registry, {
      updateKey: async (...args) => {
        if (!met) {
          met = true;
          await suspendTenant(ports, 'acme');
          // The slower of the two writes last, with what it read before.
          await registry.updateKey(key.keyId, { suspended: null });
        }
        return registry.updateKey(...args);
      },
    });
    await moveTenant({ ...ports, registry: raced }, 'acme', 'pro');
    expect(await registry.getKey(key.keyId)).toEqual({ ...key, plan: 'pro', suspended: true });
  });

  it('a key that is made while its tenant changes repeats the change', async () => {
    const { ports, registry } = await aTenantWithKey();
    let met = false;
    const raced = withMethods(registry, {
      createKey: async (record) => {
        if (!met) {
          met = true;
          await moveTenant(ports, 'acme', 'pro');
        }
        return registry.createKey(record);
      },
    });
    const { record } = await createKey(
      { ...ports, registry: raced },
      { tenant: 'acme', name: 'x' },
    );
    expect(record.plan).toBe('pro');
    expect(await registry.getKey(record.keyId)).toEqual(record);
  });
});

describe('ensureTenant', () => {
  it('finds what it created before, and refuses another tenant of that id', async () => {
    const { ports, usagePlans } = aWorld();
    const input = { tenant: 'acme', plan: 'free', name: 'Acme' };
    const first = await ensureTenant(ports, input);
    expect(first.created).toBe(true);
    expect(await ensureTenant(ports, input)).toEqual({ record: first.record, created: false });
    for (const other of [{ plan: 'pro' }, { name: 'Other' }]) {
      expect(await failureOf(ensureTenant(ports, { ...input, ...other }))).toMatchObject({
        code: 'TENANT_EXISTS',
      });
    }
    expect(usagePlans.keys.size).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey, listKeys, revokeKey, showKey } from '../../src/admin/keys.ts';
import { parseApiKey } from '../../src/credentials/api-key.ts';
import { aWorld, failing, failureOf, nowSeconds, pepper, withMethods } from './admin-fixtures.ts';

const aTenantWorld = async () => {
  const world = aWorld();
  const tenant = await createTenant(world.ports, { tenant: 'acme', plan: 'pro' });
  return { ...world, tenant };
};

describe('createKey', () => {
  it('answers a key whose hash alone is stored, with the plan and usage key of its tenant', async () => {
    const { ports, registry, tenant } = await aTenantWorld();
    const { record, key } = await createKey(ports, { tenant: 'acme', name: 'ci' });
    expect(parseApiKey(key)).toEqual({ tenant: 'acme', keyId: record.keyId });
    expect(pepper.matches(key, record.hash, '2')).toBe(true);
    expect(record).toEqual({
      keyId: record.keyId,
      tenant: 'acme',
      name: 'ci',
      role: 'user',
      plan: 'pro',
      usageKey: tenant.usageKey,
      status: 'active',
      hash: record.hash,
      pepperVersion: '2',
      createdAt: '2026-11-21T05:00:00.000Z',
    });
    expect(await registry.getKey(record.keyId)).toEqual(record);
    expect(JSON.stringify(record)).not.toContain(key.slice(-38));
  });

  it('keeps role, networks (each once) and expiry', async () => {
    const { ports } = await aTenantWorld();
    const { record } = await createKey(ports, {
      tenant: 'acme',
      name: 'ci',
      role: 'readonly',
      expiresInSeconds: 3_600,
      cidrs: ['203.0.113.0/24', '2001:db8::/32', '203.0.113.0/24'],
    });
    expect(record).toMatchObject({
      role: 'readonly',
      expiresAt: nowSeconds + 3_600,
      cidrs: ['203.0.113.0/24', '2001:db8::/32'],
    });
    const dated = await createKey(ports, { tenant: 'acme', name: 'x', expiresAt: 1_900_000_000 });
    expect(dated.record.expiresAt).toBe(1_900_000_000);
  });

  it.each([
    ['an expiry now', { expiresAt: nowSeconds }, /is in the past/],
    [
      'an expiry in the past',
      { expiresAt: 1_000_000_000 },
      /2001-09-09T01:46:40.000Z is in the past/,
    ],
    ['an expiry beyond the calendar', { expiresInSeconds: 1e12 }, /after the year 9999/],
    ['two expiries', { expiresAt: 1_900_000_000, expiresInSeconds: 60 }, /not both/],
    ['a bare address', { cidrs: ['203.0.113.7'] }, /"203.0.113.7" is not a network: .*\/32/],
    ['a wrong prefix', { cidrs: ['10.0.0.0/33'] }, /"10.0.0.0\/33" is not a network/],
    ['no networks', { cidrs: [] }, /cidrs/],
    ['an empty name', { name: '' }, /name: a name has at least one/],
  ])('refuses %s', async (_, input, message) => {
    const { ports, registry } = await aTenantWorld();
    const failure = await failureOf(createKey(ports, { tenant: 'acme', name: 'ci', ...input }));
    expect(failure).toMatchObject({ code: 'INVALID_INPUT' });
    expect(failure.message).toMatch(message);
    expect((await registry.listKeys('acme')).items).toEqual([]);
  });

  it('refuses an unknown and a suspended tenant', async () => {
    const { ports, registry, tenant } = await aTenantWorld();
    expect(await failureOf(createKey(ports, { tenant: 'nobody', name: 'ci' }))).toMatchObject({
      code: 'TENANT_NOT_FOUND',
    });
    await registry.createTenant({ ...tenant, tenant: 'idle', status: 'suspended' });
    expect(await failureOf(createKey(ports, { tenant: 'idle', name: 'ci' }))).toMatchObject({
      code: 'TENANT_SUSPENDED',
    });
  });

  it('a taken key id is tried again with another one', async () => {
    const { ports, registry } = await aTenantWorld();
    let tries = 0;
    const busy = withMethods(registry, {
      createKey: async (record) => ++tries > 2 && registry.createKey(record),
    });
    const { record } = await createKey(
      { ...ports, registry: busy },
      { tenant: 'acme', name: 'ci' },
    );
    expect(tries).toBe(3);
    expect((await registry.listKeys('acme')).items).toEqual([record]);
  });

  it('a retried write that meets itself counts', async () => {
    const { ports, registry } = await aTenantWorld();
    const unsure = withMethods(registry, {
      createKey: async (record) => {
        await registry.createKey(record);
        return false;
      },
    });
    await createKey({ ...ports, registry: unsure }, { tenant: 'acme', name: 'ci' });
    expect((await registry.listKeys('acme')).items).toHaveLength(1);
  });

  it('without a pepper nothing is written', async () => {
    const { ports, registry } = await aTenantWorld();
    const peppers = { read: failing('no such secret', 'ResourceNotFoundException') };
    const failure = await failureOf(
      createKey({ ...ports, peppers }, { tenant: 'acme', name: 'a' }),
    );
    expect(failure).toMatchObject({ code: 'UPSTREAM_NOT_FOUND' });
    expect((await registry.listKeys('acme')).items).toEqual([]);
  });
});

describe('listKeys and showKey', () => {
  it('lists the keys of one tenant, and refuses an unknown one', async () => {
    const { ports, tenant, registry } = await aTenantWorld();
    await registry.createTenant({ ...tenant, tenant: 'other' });
    await createKey(ports, { tenant: 'other', name: 'not mine' });
    const { record } = await createKey(ports, { tenant: 'acme', name: 'mine' });
    expect(await listKeys(ports, 'acme')).toEqual([record]);
    expect(await failureOf(listKeys(ports, 'nobody'))).toMatchObject({ code: 'TENANT_NOT_FOUND' });
  });

  it('an unknown key id is said to be unknown', async () => {
    const { ports } = await aTenantWorld();
    expect(await failureOf(showKey(ports, 'Unknown0'))).toMatchObject({ code: 'KEY_NOT_FOUND' });
  });

  it('a whole key in the place of an id is recognised and not repeated', async () => {
    const { ports } = await aTenantWorld();
    const { key, record } = await createKey(ports, { tenant: 'acme', name: 'ci' });
    for (const pasted of [key, key.slice(0, -1)]) {
      const failure = await failureOf(revokeKey(ports, pasted));
      expect(failure).toMatchObject({ code: 'INVALID_INPUT' });
      expect(failure.message).not.toContain(key.slice(-37, -1));
    }
    const failure = await failureOf(showKey(ports, key));
    expect(failure.message).toContain(`use the id ${record.keyId}`);
  });
});

describe('revokeKey', () => {
  it('revokes once; a second time says so and keeps the first time', async () => {
    const { ports, at } = await aTenantWorld();
    const { record } = await createKey(ports, { tenant: 'acme', name: 'ci' });
    const first = await revokeKey(ports, record.keyId);
    expect(first).toEqual({
      alreadyRevoked: false,
      record: { ...record, status: 'revoked', revokedAt: '2026-11-21T05:00:00.000Z' },
    });
    at.now += 60_000;
    expect(await revokeKey(ports, record.keyId)).toEqual({ ...first, alreadyRevoked: true });
  });

  it('a key that someone else revokes in between was revoked already', async () => {
    const { ports, registry } = await aTenantWorld();
    const { record } = await createKey(ports, { tenant: 'acme', name: 'ci' });
    const raced = withMethods(registry, {
      updateKey: async (keyId, changes) => {
        const revokedAt = '2026-11-21T04:59:59.000Z';
        await registry.updateKey(keyId, { status: 'revoked', revokedAt });
        return registry.updateKey(keyId, changes);
      },
    });
    expect(await revokeKey({ ...ports, registry: raced }, record.keyId)).toMatchObject({
      alreadyRevoked: true,
    });
  });

  it('never reports success when the key is still active', async () => {
    const { ports, registry } = await aTenantWorld();
    const { record } = await createKey(ports, { tenant: 'acme', name: 'ci' });
    const deaf = withMethods(registry, { updateKey: async () => false });
    expect(await failureOf(revokeKey({ ...ports, registry: deaf }, record.keyId))).toMatchObject({
      code: 'UPSTREAM_FAILED',
    });
  });
});

import { describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey, revokeKey, type CreateKeyInput } from '../../src/admin/keys.ts';
import { rotateKey } from '../../src/admin/rotate-key.ts';
import { aWorld, failing, failureOf, nowSeconds, withMethods } from './admin-fixtures.ts';

const day = 86_400;

const aKeyWorld = async (input: Partial<CreateKeyInput> = {}) => {
  const world = aWorld();
  await createTenant(world.ports, { tenant: 'acme', plan: 'pro' });
  const old = await createKey(world.ports, { tenant: 'acme', name: 'ci', ...input });
  const active = async () =>
    (await world.registry.listKeys('acme')).items
      .filter(({ status }) => status === 'active')
      .map(({ keyId }) => keyId);
  return { ...world, old: old.record, oldKey: old.key, active };
};

describe('rotateKey', () => {
  it('makes a key like the old one, which expires after the grace period', async () => {
    const { ports, registry, old, oldKey } = await aKeyWorld({
      role: 'readonly',
      cidrs: ['203.0.113.0/24'],
    });
    const { record, key, previous } = await rotateKey(ports, old.keyId, { graceSeconds: day });
    expect(key).not.toBe(oldKey);
    expect(record).toMatchObject({
      tenant: 'acme',
      name: 'ci',
      role: 'readonly',
      plan: 'pro',
      usageKey: old.usageKey,
      cidrs: ['203.0.113.0/24'],
      status: 'active',
    });
    expect(record.expiresAt).toBeUndefined();
    expect(previous).toEqual({ ...old, replacedBy: record.keyId, expiresAt: nowSeconds + day });
    expect(await registry.getKey(old.keyId)).toEqual(previous);
    expect(await registry.getKey(record.keyId)).toEqual(record);
  });

  it('a grace period of 0 revokes the old key now', async () => {
    const { ports, old } = await aKeyWorld();
    const { previous, record } = await rotateKey(ports, old.keyId, { graceSeconds: 0 });
    expect(previous).toEqual({
      ...old,
      status: 'revoked',
      revokedAt: '2026-11-21T05:00:00.000Z',
      replacedBy: record.keyId,
    });
  });

  it('never extends an earlier expiry', async () => {
    const { ports, old } = await aKeyWorld({ expiresInSeconds: 3_600 });
    const { previous } = await rotateKey(ports, old.keyId, { graceSeconds: day });
    expect(previous.expiresAt).toBe(nowSeconds + 3_600);
  });

  it('a key with a lifetime is followed by one that lives as long, from now', async () => {
    const { ports, old, at } = await aKeyWorld({ expiresInSeconds: 90 * day });
    at.now += 80 * day * 1000;
    const { record, previous } = await rotateKey(ports, old.keyId, { graceSeconds: day });
    expect(record.expiresAt).toBe(nowSeconds + 170 * day);
    expect(previous.expiresAt).toBe(nowSeconds + 81 * day);
  });

  it('an expired key can be renewed and stays expired', async () => {
    const { ports, old, at } = await aKeyWorld({ expiresInSeconds: 60 });
    at.now += 120_000;
    const { record, previous } = await rotateKey(ports, old.keyId, { graceSeconds: day });
    expect(previous.expiresAt).toBe(nowSeconds + 60);
    expect(record.expiresAt).toBe(nowSeconds + 180);
  });

  it('refuses a revoked key', async () => {
    const { ports, old, active } = await aKeyWorld();
    await revokeKey(ports, old.keyId);
    const failure = await failureOf(rotateKey(ports, old.keyId, { graceSeconds: day }));
    expect(failure).toMatchObject({ code: 'KEY_REVOKED' });
    expect(await active()).toEqual([]);
  });

  it('refuses a key that was rotated already, and names its successor', async () => {
    const { ports, old } = await aKeyWorld();
    const { record } = await rotateKey(ports, old.keyId, { graceSeconds: day });
    const failure = await failureOf(rotateKey(ports, old.keyId, { graceSeconds: day }));
    expect(failure).toMatchObject({ code: 'KEY_REPLACED' });
    expect(failure.message).toContain(record.keyId);
  });

  it.each([-1, 1.5, Number.NaN, 1e12])('refuses a grace period of %d', async (graceSeconds) => {
    const { ports, old } = await aKeyWorld();
    expect(await failureOf(rotateKey(ports, old.keyId, { graceSeconds }))).toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  it('of two rotations at once one wins and the other leaves no live key', async () => {
    const { ports, old, active } = await aKeyWorld();
    const outcomes = await Promise.allSettled([
      rotateKey(ports, old.keyId, { graceSeconds: 0 }),
      rotateKey(ports, old.keyId, { graceSeconds: 0 }),
    ]);
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(await active()).toEqual([won[0]?.value.record.keyId]);
  });

  it('a key revoked in between is not brought back, and its successor is revoked', async () => {
    const { ports, registry, old, active } = await aKeyWorld();
    const raced = withMethods(registry, {
      createKey: async (record) => {
        await revokeKey(ports, old.keyId);
        return registry.createKey(record);
      },
    });
    const failure = await failureOf(
      rotateKey({ ...ports, registry: raced }, old.keyId, { graceSeconds: day }),
    );
    expect(failure).toMatchObject({ code: 'KEY_REVOKED' });
    expect(await active()).toEqual([]);
  });

  it('when the old key cannot be retired, the new one is revoked and the old one works on', async () => {
    const { ports, registry, old, active } = await aKeyWorld();
    const broken = withMethods(registry, {
      updateKey: async (keyId, changes) =>
        keyId === old.keyId ? failing('table is down')() : registry.updateKey(keyId, changes),
    });
    const failure = await failureOf(
      rotateKey({ ...ports, registry: broken }, old.keyId, { graceSeconds: 0 }),
    );
    expect(failure).toMatchObject({ code: 'UPSTREAM_FAILED' });
    expect(await active()).toEqual([old.keyId]);
    expect(await registry.getKey(old.keyId)).toEqual(old);
  });

  it('a retirement that landed although it was reported as failed counts', async () => {
    const { ports, registry, old, active } = await aKeyWorld();
    const unsure = withMethods(registry, {
      updateKey: async (keyId, changes) => {
        await registry.updateKey(keyId, changes);
        return failing('timeout')();
      },
    });
    const { record } = await rotateKey({ ...ports, registry: unsure }, old.keyId, {
      graceSeconds: 0,
    });
    expect(await active()).toEqual([record.keyId]);
  });

  it('when undoing fails too, the error names the key that is left and how to remove it', async () => {
    const { ports, registry, old, active } = await aKeyWorld();
    const broken = withMethods(registry, { updateKey: failing('table is down') });
    const failure = await failureOf(
      rotateKey({ ...ports, registry: broken }, old.keyId, { graceSeconds: 0 }),
    );
    expect(failure).toMatchObject({ code: 'ROLLBACK_FAILED' });
    const left = (await active()).filter((keyId) => keyId !== old.keyId);
    expect(left).toHaveLength(1);
    expect(failure.message).toContain(`\`keys revoke ${left[0]}\``);
  });

  it('when nothing can be read back, the error says that the outcome is not known', async () => {
    const { ports, registry, old } = await aKeyWorld();
    let down = false;
    const broken = withMethods(registry, {
      updateKey: async (keyId, changes) => {
        if (keyId !== old.keyId) return registry.updateKey(keyId, changes);
        down = true;
        return failing('table is down')();
      },
      getKey: async (keyId) => (down ? failing('table is down')() : registry.getKey(keyId)),
    });
    const failure = await failureOf(
      rotateKey({ ...ports, registry: broken }, old.keyId, { graceSeconds: 0 }),
    );
    expect(failure).toMatchObject({ code: 'ROLLBACK_FAILED' });
    expect(failure.message).toContain(`\`keys show ${old.keyId}\``);
  });
});

import { describe, expect, it } from 'vitest';
import { createKeyOnce } from '../../src/admin/create-key-once.ts';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey, revokeKey } from '../../src/admin/keys.ts';
import {
  addPrincipal,
  changePrincipalRole,
  ensurePrincipal,
  removePrincipal,
} from '../../src/admin/principals.ts';
import { rotateKey } from '../../src/admin/rotate-key.ts';
import { expireKey, updateKey } from '../../src/admin/update-key.ts';
import { aWorld, failing, failureOf, nowSeconds, withMethods } from './admin-fixtures.ts';

const aWorldWithKey = async () => {
  const world = aWorld();
  await createTenant(world.ports, { tenant: 'acme', plan: 'free' });
  const { record: key } = await createKey(world.ports, { tenant: 'acme', name: 'ci' });
  return { ...world, key, mark: `acme key:${key.keyId}` };
};

describe('revoking', () => {
  it('is known to the counters from now on', async () => {
    const { ports, standing, key, mark } = await aWorldWithKey();
    await revokeKey(ports, key.keyId);
    expect(standing.revoked.get(mark)).toBe(nowSeconds);
  });

  it('when the counters cannot be told it is revoked all the same, and done again it is told', async () => {
    const { ports, registry, standing, key, mark } = await aWorldWithKey();
    const broken = withMethods(standing, { revoke: failing('busy') });
    const failure = await failureOf(revokeKey({ ...ports, standing: broken }, key.keyId));
    expect(failure).toMatchObject({ code: 'INCOMPLETE' });
    expect(failure.message).toContain('authorizer.cacheSeconds');
    expect(await registry.getKey(key.keyId)).toMatchObject({ status: 'revoked' });
    expect(await revokeKey(ports, key.keyId)).toMatchObject({ alreadyRevoked: true });
    expect(standing.revoked.get(mark)).toBe(nowSeconds);
  });
});

describe('rotating', () => {
  it('tells the counters when the old key ends: now, or at the end of its grace', async () => {
    const { ports, standing, key, mark } = await aWorldWithKey();
    const { record } = await rotateKey(ports, key.keyId, { graceSeconds: 3_600 });
    expect(standing.revoked.get(mark)).toBe(nowSeconds + 3_600);
    await rotateKey(ports, record.keyId, { graceSeconds: 0 });
    expect(standing.revoked.get(`acme key:${record.keyId}`)).toBe(nowSeconds);
  });

  it('when the counters cannot be told the new key is handed out, and the failure with it', async () => {
    const { ports, registry, standing, key } = await aWorldWithKey();
    const broken = withMethods(standing, { revoke: failing('busy') });
    const rotation = await rotateKey({ ...ports, standing: broken }, key.keyId, {
      graceSeconds: 0,
    });
    expect(rotation.key).toMatch(/^smcp_acme_/);
    expect(rotation.unsettled).toMatchObject({ code: 'INCOMPLETE' });
    expect(await registry.getKey(rotation.record.keyId)).toMatchObject({ status: 'active' });
    expect(await registry.getKey(key.keyId)).toMatchObject({ status: 'revoked' });
  });
});

describe('updateKey', () => {
  it('changes the name, and nothing that the counters know', async () => {
    const { ports, registry, standing, key } = await aWorldWithKey();
    expect(await updateKey(ports, key.keyId, { name: ' CI 2 ' })).toEqual({ ...key, name: 'CI 2' });
    expect(await registry.getKey(key.keyId)).toMatchObject({ name: 'CI 2' });
    expect(standing.revoked.size).toBe(0);
  });

  it('an expiry is told to the counters, and one that is taken away is taken back', async () => {
    const { ports, standing, key, mark } = await aWorldWithKey();
    const expiresAt = nowSeconds + 60;
    expect(await updateKey(ports, key.keyId, { expiresInSeconds: 60 })).toMatchObject({
      expiresAt,
    });
    expect(standing.revoked.get(mark)).toBe(expiresAt);
    expect(await updateKey(ports, key.keyId, { expiresAt: null })).toEqual(key);
    expect(standing.revoked.has(mark)).toBe(false);
  });

  it('expireKey ends it now, and a later expiry brings it back', async () => {
    const { ports, standing, key, mark } = await aWorldWithKey();
    expect(await expireKey(ports, key.keyId)).toMatchObject({ expiresAt: nowSeconds });
    expect(standing.revoked.get(mark)).toBe(nowSeconds);
    await updateKey(ports, key.keyId, { expiresInSeconds: 60 });
    expect(standing.revoked.get(mark)).toBe(nowSeconds + 60);
  });

  it('a revoked key is final, and the grace of a replaced one cannot be made longer', async () => {
    const { ports, key } = await aWorldWithKey();
    const { record } = await rotateKey(ports, key.keyId, { graceSeconds: 60 });
    expect(await failureOf(updateKey(ports, key.keyId, { expiresInSeconds: 3_600 }))).toMatchObject(
      { code: 'KEY_REPLACED' },
    );
    expect(await updateKey(ports, key.keyId, { name: 'old' })).toMatchObject({ name: 'old' });
    await revokeKey(ports, record.keyId);
    expect(await failureOf(updateKey(ports, record.keyId, { name: 'x' }))).toMatchObject({
      code: 'KEY_REVOKED',
    });
  });

  it('a rotation at the same time wins: the old key does not get its expiry back', async () => {
    const { ports, registry, key } = await aWorldWithKey();
    let met = false;
    const raced = withMethods(registry, {
      updateKey: async (...args) => {
        if (!met) {
          met = true;
          await rotateKey(ports, key.keyId, { graceSeconds: 60 });
        }
        return registry.updateKey(...args);
      },
    });
    expect(
      await failureOf(
        updateKey({ ...ports, registry: raced }, key.keyId, { expiresInSeconds: 3_600 }),
      ),
    ).toMatchObject({ code: 'KEY_REPLACED' });
    expect(await registry.getKey(key.keyId)).toMatchObject({ expiresAt: nowSeconds + 60 });
  });

  it.each([
    [{}, /nothing is to be changed/],
    [{ name: 'two\nlines' }, /line breaks/],
    [{ expiresAt: nowSeconds - 1 }, /in the past/],
    [{ expiresInSeconds: 60, expiresAt: nowSeconds + 60 }, /not both/],
  ])('refuses %j', async (input, message) => {
    const { ports, key } = await aWorldWithKey();
    const failure = await failureOf(updateKey(ports, key.keyId, input));
    expect(failure).toMatchObject({ code: 'INVALID_INPUT' });
    expect(failure.message).toMatch(message);
  });
});

describe('createKeyOnce', () => {
  const input = { tenant: 'acme', name: 'deploy', expiresInSeconds: 3_600 };

  it('a repeat finds the key, without the key itself, however much later', async () => {
    const { ports, registry, at } = await aWorldWithKey();
    const first = await createKeyOnce(ports, input, 'run-17');
    expect(first).toMatchObject({
      created: true,
      key: expect.stringMatching(/^smcp_acme_/) as string,
    });
    at.now += 600_000;
    const second = await createKeyOnce(ports, input, 'run-17');
    expect(second).toEqual({ created: false, record: first.record });
    expect((await registry.listKeys('acme')).items).toHaveLength(2);
  });

  it('a repeat after the key was renamed and revoked still finds it', async () => {
    const { ports } = await aWorldWithKey();
    const { record } = await createKeyOnce(ports, input, 'run-17');
    await updateKey(ports, record.keyId, { name: 'other' });
    await revokeKey(ports, record.keyId);
    expect(await createKeyOnce(ports, input, 'run-17')).toMatchObject({
      created: false,
      record: { keyId: record.keyId, name: 'other', status: 'revoked' },
    });
  });

  it('a repeat that asks for something else is a conflict', async () => {
    const { ports } = await aWorldWithKey();
    await createKeyOnce(ports, input, 'run-17');
    for (const other of [{ name: 'x' }, { expiresInSeconds: 1 }, { role: 'admin' as const }]) {
      expect(await failureOf(createKeyOnce(ports, { ...input, ...other }, 'run-17'))).toMatchObject(
        { code: 'CONFLICT' },
      );
    }
  });

  it('other idempotency keys, and other tenants, make other keys', async () => {
    const { ports } = await aWorldWithKey();
    await createTenant(ports, { tenant: 'beta', plan: 'free' });
    const ids = new Set<string>();
    for (const [tenant, given] of [
      ['acme', 'a'],
      ['acme', 'b'],
      ['beta', 'a'],
    ] as const) {
      const { record } = await createKeyOnce(ports, { tenant, name: 'x' }, given);
      ids.add(record.keyId);
    }
    expect(ids.size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9A-Za-z]{8}$/);
  });

  it('of two at once one creates it and the other finds it', async () => {
    const { ports, registry } = await aWorldWithKey();
    const outcomes = await Promise.all([
      createKeyOnce(ports, input, 'run-17'),
      createKeyOnce(ports, input, 'run-17'),
    ]);
    expect(outcomes.map(({ created }) => created).sort()).toEqual([false, true]);
    expect((await registry.listKeys('acme')).items).toHaveLength(2);
  });

  it.each(['', 'a'.repeat(65), 'with space', 'é'])(
    'refuses the idempotency key %j',
    async (given) => {
      const { ports } = await aWorldWithKey();
      expect(await failureOf(createKeyOnce(ports, input, given))).toMatchObject({
        code: 'INVALID_INPUT',
      });
    },
  );
});

describe('principals', () => {
  const arn = 'arn:aws:iam::123456789012:role/ci';
  const input = { arn, tenant: 'acme', role: 'readonly' as const };
  const mark = 'acme iam:123456789012:role/ci';

  it('removing one is known to the counters, and adding it again takes that back', async () => {
    const { ports, standing } = await aWorldWithKey();
    await addPrincipal(ports, input);
    await removePrincipal(ports, arn);
    expect(standing.revoked.get(mark)).toBe(nowSeconds);
    await addPrincipal(ports, input);
    expect(standing.revoked.has(mark)).toBe(false);
  });

  it('an added one that the counters still refuse is said, and repeating mends it', async () => {
    const { ports, standing, at } = await aWorldWithKey();
    await addPrincipal(ports, input);
    await removePrincipal(ports, arn);
    const broken = withMethods(standing, { readmit: failing('busy') });
    expect(await failureOf(addPrincipal({ ...ports, standing: broken }, input))).toMatchObject({
      code: 'INCOMPLETE',
    });
    at.now += 1_000;
    expect(await ensurePrincipal(ports, input)).toMatchObject({ created: false });
    expect(standing.revoked.has(mark)).toBe(false);
  });

  it('ensurePrincipal refuses another role or tenant', async () => {
    const { ports } = await aWorldWithKey();
    expect(await ensurePrincipal(ports, input)).toMatchObject({ created: true });
    expect(await failureOf(ensurePrincipal(ports, { ...input, role: 'admin' }))).toMatchObject({
      code: 'PRINCIPAL_EXISTS',
    });
  });

  it('a role changes once, and not when the record is another by then', async () => {
    const { ports, registry } = await aWorldWithKey();
    const record = await addPrincipal(ports, input);
    expect(await changePrincipalRole(ports, arn, 'admin')).toEqual({
      record: { ...record, role: 'admin' },
      changed: true,
    });
    expect(await changePrincipalRole(ports, arn, 'admin')).toMatchObject({ changed: false });
    const raced = withMethods(registry, {
      updatePrincipal: async (...args) => {
        await removePrincipal(ports, arn);
        return registry.updatePrincipal(...args);
      },
    });
    expect(
      await failureOf(changePrincipalRole({ ...ports, registry: raced }, arn, 'user')),
    ).toMatchObject({ code: 'CONFLICT' });
    expect(await registry.getPrincipal(arn)).toBeUndefined();
  });
});

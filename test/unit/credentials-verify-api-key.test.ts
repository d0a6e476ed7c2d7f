import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { PepperSource } from '../../src/credentials/pepper-source.ts';
import { createApiKeyVerifier } from '../../src/credentials/verify-api-key.ts';
import { InMemoryRegistry } from '../../src/registry/in-memory-registry.ts';
import type { KeyRecord } from '../../src/registry/records.ts';
import { failureOf } from './admin-fixtures.ts';
import { withChecksum } from './support/independent-crc32.ts';

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>();
  return { ...real, createHmac: vi.fn(real.createHmac) };
});
const hmacs = vi.mocked(createHmac);

/** 2026-11-21T05:00:00.000Z. */
const now = Date.UTC(2026, 10, 21, 5);
const key = 'smcp_acme_0Ab3xYz9Q7wE5rT1yU2iO3pA4sD6fG8hJ9kL0zXc1tCTAy';
const pepperText = JSON.stringify({ current: '2', '1': 'a'.repeat(32), '2': 'b'.repeat(32) });

const aRecord = (more: Partial<KeyRecord> = {}): KeyRecord => ({
  keyId: '0Ab3xYz9',
  tenant: 'acme',
  name: 'ci',
  role: 'user',
  plan: 'pro',
  usageKey: 'usage-key-of-acme-0001',
  status: 'active',
  hash: 'FRiZ7vyDJHU6fYtrekfjxUQDWLK_mFgzHQgSUoYdY0U',
  pepperVersion: '2',
  createdAt: '2026-11-21T00:00:00.000Z',
  ...more,
});

/** A verifier over one stored key, with its reads counted. */
const aVerifier = async (record: KeyRecord | undefined = aRecord()) => {
  const registry = new InMemoryRegistry();
  if (record !== undefined) await registry.createKey(record);
  const world = {
    registry,
    reads: [] as string[],
    registryFailure: undefined as Error | undefined,
    pepperFailure: undefined as Error | undefined,
    pepperText,
    now,
  };
  const verify = createApiKeyVerifier({
    keys: {
      getKey: async (keyId) => {
        world.reads.push(keyId);
        if (world.registryFailure !== undefined) throw world.registryFailure;
        return registry.getKey(keyId);
      },
    },
    peppers: new PepperSource(
      async () => {
        if (world.pepperFailure !== undefined) throw world.pepperFailure;
        return world.pepperText;
      },
      () => world.now,
    ),
    now: () => world.now,
  });
  return { world, verify: (text = key, ip = '203.0.113.7') => verify(text, ip) };
};

const otherSecret = withChecksum('smcp_acme_0Ab3xYz9Q7wE5rT1yU2iO3pA4sD6fG8hJ9kL0zXd');

beforeEach(() => void hmacs.mockClear());

describe('a key that is right', () => {
  it('is verified, with the principal and the usage key of its record', async () => {
    const { verify } = await aVerifier();
    expect(await verify()).toEqual({
      kind: 'verified',
      principal: {
        tenant: 'acme',
        subject: 'key:0Ab3xYz9',
        role: 'user',
        lane: 'key',
        plan: 'pro',
        keyId: '0Ab3xYz9',
      },
      usageKey: 'usage-key-of-acme-0001',
    });
  });

  it('hands its networks and its expiry on, so that they hold behind the authorizer’s cache too', async () => {
    const limits = { cidrs: ['203.0.113.0/24', '2001:db8::/32'], expiresAt: 1_900_000_000 };
    const { verify } = await aVerifier(aRecord(limits));
    expect(await verify()).toMatchObject({ kind: 'verified', principal: limits });
  });

  it('hashed under the version before is verified too', async () => {
    const hash = createHmac('sha256', 'a'.repeat(32)).update(key).digest('base64url');
    const { verify } = await aVerifier(aRecord({ hash, pepperVersion: '1' }));
    expect(await verify()).toMatchObject({ kind: 'verified' });
  });

  it('hashed under a version that the secret has since got makes the pepper be read again', async () => {
    const { verify, world } = await aVerifier();
    world.pepperText = JSON.stringify({ current: '1', '1': 'a'.repeat(32) });
    expect(await verify()).toMatchObject({ reason: 'pepper-version' });
    world.pepperText = pepperText;
    world.now += 10_000;
    expect(await verify()).toMatchObject({ kind: 'verified' });
  });
});

describe('refusals', () => {
  it.each([
    ['an unknown key id', undefined, key, 'unknown'],
    ['a wrong secret', aRecord(), otherSecret, 'secret'],
    ['a record of another tenant', aRecord({ tenant: 'other' }), key, 'tenant'],
    ['a pepper version that is gone', aRecord({ pepperVersion: '7' }), key, 'pepper-version'],
    ['a revoked key', aRecord({ status: 'revoked' }), key, 'revoked'],
    ['an expired key', aRecord({ expiresAt: now / 1000 - 1 }), key, 'expired'],
    ['another address', aRecord({ cidrs: ['198.51.100.0/24'] }), key, 'source'],
  ])('%s', async (_, record, text, reason) => {
    const { verify } = await aVerifier(record ?? aRecord({ keyId: 'Another0' }));
    expect(await verify(text)).toEqual({ kind: 'refused', reason, keyId: '0Ab3xYz9' });
  });

  it.each(['', 'x', `${key}x`, key.slice(0, -1), `${key.slice(0, -1)}z`, key.toUpperCase()])(
    'what is no key is malformed and has no key id (%#)',
    async (text) => {
      const { verify } = await aVerifier();
      expect(await verify(text)).toEqual({ kind: 'refused', reason: 'malformed' });
    },
  );

  it.each([
    ['revoked', aRecord({ status: 'revoked' })],
    ['expired', aRecord({ expiresAt: 1 })],
    ['bound to a network', aRecord({ cidrs: ['198.51.100.0/24'] })],
    ['of another tenant', aRecord({ tenant: 'other' })],
  ])('who has not the secret does not learn that the key is %s', async (_, record) => {
    const { verify } = await aVerifier(record);
    expect(await verify(otherSecret)).toMatchObject({ reason: 'secret' });
  });

  it('a key expires in the second that it names', async () => {
    const { verify, world } = await aVerifier(aRecord({ expiresAt: now / 1000 }));
    world.now = now - 1;
    expect(await verify()).toMatchObject({ kind: 'verified' });
    world.now = now;
    expect(await verify()).toMatchObject({ reason: 'expired' });
  });

  it('an address that cannot be read is in no network', async () => {
    const { verify } = await aVerifier(aRecord({ cidrs: ['0.0.0.0/0'] }));
    expect(await verify(key, '203.0.113.7')).toMatchObject({ kind: 'verified' });
    expect(await verify(key, '')).toMatchObject({ reason: 'source' });
  });
});

describe('cost', () => {
  it('a wrong checksum costs no read and no HMAC', async () => {
    const { verify, world } = await aVerifier();
    await verify(`${key.slice(0, -1)}z`);
    expect(world.reads).toEqual([]);
    expect(hmacs).not.toHaveBeenCalled();
  });

  it.each([
    ['a right key', aRecord(), key],
    ['a wrong secret', aRecord(), otherSecret],
    ['a revoked key', aRecord({ status: 'revoked' }), key],
    ['an unknown key id', aRecord({ keyId: 'Another0' }), key],
  ])('%s costs exactly one read of that key and one HMAC', async (_, record, text) => {
    const { verify, world } = await aVerifier(record);
    await verify(text);
    expect(world.reads).toEqual(['0Ab3xYz9']);
    expect(hmacs).toHaveBeenCalledTimes(1);
  });
});

describe('failures', () => {
  it('a registry that fails throws: no answer is not "unknown"', async () => {
    const { verify, world } = await aVerifier();
    world.registryFailure = new Error('ProvisionedThroughputExceeded');
    expect(await failureOf(verify())).toBe(world.registryFailure);
    expect(await failureOf(verify(otherSecret))).toBe(world.registryFailure);
  });

  it('a pepper that cannot be read throws, for known and unknown keys alike', async () => {
    for (const record of [aRecord(), aRecord({ keyId: 'Another0' })]) {
      const { verify, world } = await aVerifier(record);
      world.pepperFailure = new Error('AccessDeniedException');
      expect(await failureOf(verify())).toBe(world.pepperFailure);
    }
  });

  it('a broken record throws', async () => {
    const { verify } = await aVerifier(aRecord({ role: 'root' as never }));
    expect((await failureOf(verify())).message).toBe(
      'registry item KEY#0Ab3xYz9 is not a key record: check role',
    );
  });

  it('a network that cannot be read throws: it is not "any"', async () => {
    const { verify } = await aVerifier(aRecord({ cidrs: ['203.0.113.7'] }));
    await expect(verify()).rejects.toThrow(/cidrs/);
  });
});

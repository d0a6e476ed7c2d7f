import { describe, expect, it } from 'vitest';
import { callerArnOf } from '../../src/principals/caller-arn.ts';
import {
  cacheMs,
  createIamPrincipalResolver,
  maxCached,
} from '../../src/principals/iam-principal.ts';
import { InMemoryRegistry } from '../../src/registry/in-memory-registry.ts';
import { aPrincipal, aTenant } from '../contract/registry.contract.ts';
import { withMethods } from './admin-fixtures.ts';

const session = (role: string, name = 'job') =>
  `arn:aws:sts::123456789012:assumed-role/${role}/${name}`;

/** A resolver on a registry in memory; `reads` are the ARNs that were looked up. */
const aResolver = () => {
  const at = { now: 1_000_000 };
  const reads: string[] = [];
  const state = { fails: false };
  const registry = new InMemoryRegistry();
  const records = withMethods(registry, {
    getPrincipal: async (arn) => {
      reads.push(arn);
      if (state.fails) throw new Error('the table is away');
      return registry.getPrincipal(arn);
    },
  });
  const resolve = createIamPrincipalResolver({ records, now: () => at.now });
  return { registry, resolve, at, reads, state };
};

const acme = async () => {
  const world = aResolver();
  await world.registry.createTenant(aTenant('acme', { plan: 'pro' }));
  await world.registry.createPrincipal(aPrincipal('ci', 'acme', { role: 'readonly' }));
  return world;
};

const ciPrincipal = {
  kind: 'verified',
  principal: {
    tenant: 'acme',
    subject: 'iam:123456789012:role/ci',
    role: 'readonly',
    lane: 'iam',
    plan: 'pro',
  },
};

describe('who is let in', () => {
  it('a mapped role has its own role and its tenant’s plan', async () => {
    const { resolve } = await acme();
    expect(await resolve(session('ci'))).toEqual(ciPrincipal);
  });

  it('a mapped user is known by account and name, without a path', async () => {
    const { resolve, registry } = await acme();
    const arn = 'arn:aws:iam::123456789012:user/team/dev';
    await registry.createPrincipal({ ...aPrincipal('x', 'acme'), arn });
    expect(await resolve(arn)).toMatchObject({
      kind: 'verified',
      principal: { subject: 'iam:123456789012:user/dev', role: 'user' },
    });
  });

  it('callers of one name are as many subjects as there are callers', async () => {
    const { resolve, registry } = await acme();
    const sessions = [
      session('ci'),
      session('ci').replace('123456789012', '210987654321'),
      'arn:aws:iam::123456789012:user/ci',
    ];
    for (const userArn of sessions.slice(1)) {
      const arn = callerArnOf(userArn) ?? expect.fail();
      await registry.createPrincipal({ ...aPrincipal('x', 'acme'), arn });
    }
    const found = await Promise.all(sessions.map(resolve));
    expect(
      found.map((resolution) => resolution.kind === 'verified' && resolution.principal.subject),
    ).toEqual(['iam:123456789012:role/ci', 'iam:210987654321:role/ci', 'iam:123456789012:user/ci']);
  });

  it.each([
    ['an unmapped role', session('other'), 'unmapped'],
    [
      'the same role of another account',
      session('ci').replace('123456789012', '999999999999'),
      'unmapped',
    ],
    ['another case of the name', session('CI'), 'unmapped'],
    ['root', 'arn:aws:iam::123456789012:root', 'caller'],
    ['what is no ARN', 'TENANT#acme', 'caller'],
  ])('%s is refused', async (_, userArn, reason) => {
    const { resolve } = await acme();
    expect(await resolve(userArn)).toEqual({ kind: 'refused', reason });
  });

  it('a principal of a tenant that is not there, or suspended, is refused', async () => {
    const { resolve, registry } = await acme();
    await registry.createPrincipal(aPrincipal('ghost', 'ghost'));
    await registry.createTenant(aTenant('idle', { status: 'suspended' }));
    await registry.createPrincipal(aPrincipal('idle', 'idle'));
    expect(await resolve(session('ghost'))).toEqual({ kind: 'refused', reason: 'tenant' });
    expect(await resolve(session('idle'))).toEqual({ kind: 'refused', reason: 'suspended' });
  });
});

describe('the cache', () => {
  it('sessions of one role share one look-up for 30 seconds', async () => {
    const { resolve, reads, at } = await acme();
    await Promise.all(['a1', 'b1', 'c1'].map((name) => resolve(session('ci', name))));
    at.now += cacheMs - 1;
    expect(await resolve(session('ci', 'd1'))).toEqual(ciPrincipal);
    expect(reads).toHaveLength(1);
    at.now += 1;
    await resolve(session('ci'));
    expect(reads).toHaveLength(2);
  });

  it('a removal and a suspension hold after 30 seconds', async () => {
    const { resolve, registry, at } = await acme();
    await resolve(session('ci'));
    await registry.deletePrincipal(aPrincipal('ci', 'acme').arn);
    expect(await resolve(session('ci'))).toEqual(ciPrincipal);
    at.now += cacheMs;
    expect(await resolve(session('ci'))).toEqual({ kind: 'refused', reason: 'unmapped' });
  });

  it('remembers whom it refused, and at most 1,000 callers', async () => {
    const { resolve, reads } = await acme();
    await resolve(session('first'));
    await resolve(session('first'));
    expect(reads).toHaveLength(1);
    for (let index = 1; index < maxCached; index += 1) await resolve(session(`role-${index}`));
    await resolve(session('first'));
    expect(reads).toHaveLength(maxCached);
    await resolve(session('one-more'));
    await resolve(session('first'));
    expect(reads).toHaveLength(maxCached + 2);
  });

  it('a failed look-up throws and is not remembered', async () => {
    const { resolve, state, reads } = await acme();
    state.fails = true;
    await expect(resolve(session('ci'))).rejects.toThrow('the table is away');
    state.fails = false;
    expect(await resolve(session('ci'))).toEqual(ciPrincipal);
    expect(reads).toHaveLength(2);
  });

  it('what was remembered is not served past its time when the registry fails', async () => {
    const { resolve, state, at } = await acme();
    await resolve(session('ci'));
    state.fails = true;
    expect(await resolve(session('ci'))).toEqual(ciPrincipal);
    at.now += cacheMs;
    await expect(resolve(session('ci'))).rejects.toThrow();
  });
});

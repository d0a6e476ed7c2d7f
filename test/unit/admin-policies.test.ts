import { describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey } from '../../src/admin/keys.ts';
import {
  listPolicyVersions,
  removePolicies,
  setPolicies,
  showPolicies,
  validatePolicies,
} from '../../src/admin/policies.ts';
import { testPolicies } from '../../src/admin/test-policies.ts';
import { aWorld, failing, failureOf, withMethods } from './admin-fixtures.ts';

const by = 'iam:123456789012:user/dev';

const aWorldWithTenant = async () => {
  const world = aWorld();
  await createTenant(world.ports, { tenant: 'acme', plan: 'free' });
  const set = (text: string, expectedVersion?: number) =>
    setPolicies(world.ports, { tenant: 'acme', text, expectedVersion, by });
  return { ...world, set };
};

describe('setPolicies', () => {
  it('writes a version and puts it in force for the tenant, its counters and its keys', async () => {
    const { ports, registry, standing, set } = await aWorldWithTenant();
    const { record: key } = await createKey(ports, { tenant: 'acme', name: 'ci' });
    expect(await set('permit 1')).toEqual({
      policies: {
        tenant: 'acme',
        version: 1,
        text: 'permit 1',
        createdAt: '2026-11-21T05:00:00.000Z',
        createdBy: by,
        inForce: true,
      },
      changed: true,
      rewrittenKeys: 1,
    });
    expect(await registry.getTenant('acme')).toMatchObject({ policyVersion: 1, revision: 2 });
    expect(await registry.getKey(key.keyId)).toMatchObject({ policyVersion: 1 });
    expect(await standing.standings('acme')).toEqual([{ suspended: false, policyVersion: 1 }]);
    const { record: later } = await createKey(ports, { tenant: 'acme', name: 'later' });
    expect(later.policyVersion).toBe(1);
  });

  it('a text that is not valid is refused with line, column and reason, and the old one stays', async () => {
    const { registry, set } = await aWorldWithTenant();
    await set('permit');
    const failure = await failureOf(set('permit\nbroken'));
    expect(failure).toMatchObject({ code: 'POLICY_INVALID' });
    expect(failure.message).toContain('line 2, column 7: unexpected token `broken`');
    expect(await registry.getTenant('acme')).toMatchObject({ policyVersion: 1 });
    expect(await registry.getPolicy('acme', 2)).toBeUndefined();
  });

  it('the same text again makes no version, and mends what differed', async () => {
    const { ports, registry, standing, set } = await aWorldWithTenant();
    const broken = withMethods(standing, { setPolicyVersion: failing('busy') });
    const failure = await failureOf(
      setPolicies({ ...ports, standing: broken }, { tenant: 'acme', text: 'permit', by }),
    );
    expect(failure).toMatchObject({ code: 'INCOMPLETE' });
    expect(await set('permit')).toMatchObject({ changed: false, policies: { version: 1 } });
    expect(await registry.getPolicy('acme', 2)).toBeUndefined();
    expect(await standing.standings('acme')).toEqual([{ suspended: false, policyVersion: 1 }]);
  });

  it('an expected version that is not in force is a conflict, and nothing is changed', async () => {
    const { registry, set } = await aWorldWithTenant();
    await set('permit 1', 0);
    expect(await failureOf(set('permit 2', 0))).toMatchObject({ code: 'CONFLICT' });
    expect(await set('permit 2', 1)).toMatchObject({ policies: { version: 2 } });
    expect(await registry.getPolicy('acme', 3)).toBeUndefined();
  });

  it('of two at once one is in force, and the other hears of it', async () => {
    const { ports, registry, set } = await aWorldWithTenant();
    let met = false;
    const raced = withMethods(registry, {
      createPolicy: async (record) => {
        if (!met) {
          met = true;
          await set('theirs');
        }
        return registry.createPolicy(record);
      },
    });
    expect(
      await failureOf(
        setPolicies({ ...ports, registry: raced }, { tenant: 'acme', text: 'ours', by }),
      ),
    ).toMatchObject({ code: 'CONFLICT' });
    expect(await showPolicies(ports, 'acme')).toMatchObject({ version: 1, text: 'theirs' });
    // The number that was given away is passed over.
    expect(await set('next')).toMatchObject({ policies: { version: 3 } });
  });

  it('a number that the counters are past is never used', async () => {
    const { standing, set } = await aWorldWithTenant();
    await standing.setPolicyVersion('acme', 7);
    expect(await set('permit')).toMatchObject({ policies: { version: 8 } });
    expect(await standing.standings('acme')).toEqual([{ suspended: false, policyVersion: 8 }]);
  });

  it('more than 100,000 bytes are refused', async () => {
    const { set } = await aWorldWithTenant();
    const failure = await failureOf(set('é'.repeat(50_001)));
    expect(failure).toMatchObject({ code: 'POLICY_INVALID' });
    expect(failure.message).toContain('longer than 100000 bytes');
  });
});

describe('the versions of policies', () => {
  it('removing is a new, empty version; removing none changes nothing', async () => {
    const { ports, set } = await aWorldWithTenant();
    expect(await removePolicies(ports, { tenant: 'acme', by })).toMatchObject({
      changed: false,
      policies: { version: 0, text: '' },
    });
    await set('permit');
    expect(await removePolicies(ports, { tenant: 'acme', by })).toMatchObject({
      changed: true,
      policies: { version: 2, text: '', inForce: true },
    });
    expect(await listPolicyVersions(ports, 'acme')).toMatchObject([
      { version: 2, inForce: true },
      { version: 1, inForce: false, text: 'permit' },
    ]);
  });

  it('shows what is in force, or a version, and says when there is none of that number', async () => {
    const { ports, set } = await aWorldWithTenant();
    expect(await showPolicies(ports, 'acme')).toEqual({
      tenant: 'acme',
      version: 0,
      text: '',
      inForce: true,
    });
    await set('permit 1');
    await set('permit 2');
    expect(await showPolicies(ports, 'acme')).toMatchObject({ version: 2, inForce: true });
    expect(await showPolicies(ports, 'acme', 1)).toMatchObject({
      text: 'permit 1',
      inForce: false,
    });
    expect(await failureOf(showPolicies(ports, 'acme', 9))).toMatchObject({
      code: 'POLICY_NOT_FOUND',
    });
  });

  it('an empty text needs no compiler', async () => {
    const { ports } = await aWorldWithTenant();
    const policies = withMethods(ports.policies, { compile: failing('no compiler') });
    expect(await validatePolicies({ policies }, ' \n')).toEqual([]);
  });
});

describe('testPolicies', () => {
  const cases = [
    { tool: 'search', expect: 'allow' },
    { name: 'nobody deletes', role: 'admin', tool: { name: 'delete' }, expect: 'deny' },
  ];

  it('compares what is in force with what is expected', async () => {
    const { ports, set } = await aWorldWithTenant();
    await set('deny');
    expect(await testPolicies(ports, 'acme', cases)).toEqual({
      tenant: 'acme',
      version: 1,
      failed: 1,
      results: [
        {
          name: 'user calls search',
          expected: 'allow',
          decision: { kind: 'deny', policyId: 'policy:deny' },
          passed: false,
        },
        {
          name: 'nobody deletes',
          expected: 'deny',
          decision: { kind: 'deny', policyId: 'policy:deny' },
          passed: true,
        },
      ],
    });
  });

  it('tries a text that is not in force, and refuses one that is not valid', async () => {
    const { ports } = await aWorldWithTenant();
    expect(await testPolicies(ports, 'acme', cases, 'permit')).toMatchObject({ failed: 1 });
    expect(await failureOf(testPolicies(ports, 'acme', cases, 'broken'))).toMatchObject({
      code: 'POLICY_INVALID',
    });
  });

  it('a refusal by another policy than the one named is a failure', async () => {
    const { ports } = await aWorldWithTenant();
    const [, denied] = cases;
    const run = (policyId: string) =>
      testPolicies(ports, 'acme', [{ ...denied, policyId }], 'deny');
    expect(await run('policy:deny')).toMatchObject({ failed: 0 });
    expect(await run('policy:other')).toMatchObject({ failed: 1 });
  });

  it.each([[[]], [{}], [[{ tool: 'x' }]], [[{ tool: 'x', expect: 'maybe' }]], [[{ tol: 'x' }]]])(
    'refuses the cases %j',
    async (wrong) => {
      const { ports } = await aWorldWithTenant();
      expect(await failureOf(testPolicies(ports, 'acme', wrong))).toMatchObject({
        code: 'INVALID_INPUT',
      });
    },
  );
});

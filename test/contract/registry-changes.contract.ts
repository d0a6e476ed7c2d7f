import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyRecord } from '../../src/registry/records.ts';
import { policyPlace, tenantPlace } from '../../src/registry/registry-table.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { aKey, aPrincipal, aTenant, pagesOf, type RegistryUnderTest } from './registry.contract.ts';

const aPolicy = (
  tenant: string,
  version: number,
  more: Partial<PolicyRecord> = {},
): PolicyRecord => ({
  tenant,
  version,
  text: `permit(principal, action, resource); // ${version}`,
  createdAt: '2026-11-21T00:00:00.000Z',
  createdBy: 'iam:123456789012:user/dev',
  ...more,
});

/** What every registry promises of changes and policies. Tests share one store, so each uses names of its own. */
export const registryChangesContract = (
  adapter: string,
  start: () => Promise<RegistryUnderTest>,
) => {
  describe(`registry changes contract: ${adapter}`, () => {
    let harness: RegistryUnderTest;
    let registry: Registry;
    beforeAll(async () => {
      harness = await start();
      registry = harness.registry;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    it('a tenant changes by its revision, which counts up, and in its lists too', async () => {
      const before = aTenant('changed');
      await registry.createTenant(before);
      expect(await registry.updateTenant('changed', { plan: 'pro', name: undefined }, 1)).toBe(
        true,
      );
      expect(await registry.updateTenant('changed', { status: 'suspended' }, 2)).toBe(true);
      const after = { ...before, plan: 'pro', status: 'suspended', revision: 3 };
      expect(await registry.getTenant('changed')).toEqual(after);
      const { items } = await registry.listTenants({ limit: 100 });
      expect(items.find(({ tenant }) => tenant === 'changed')).toEqual(after);
    });

    it('a change by another revision, or of no tenant, answers false and changes nothing', async () => {
      const before = aTenant('stale');
      await registry.createTenant(before);
      for (const revision of [0, 2, 100]) {
        expect(await registry.updateTenant('stale', { name: 'x' }, revision)).toBe(false);
      }
      expect(await registry.getTenant('stale')).toEqual(before);
      expect(await registry.updateTenant('nobody-here', { name: 'x' }, 1)).toBe(false);
      expect(await registry.getTenant('nobody-here')).toBeUndefined();
    });

    it('a tenant from before there were revisions counts as revision 1', async () => {
      const { revision: _, ...old } = aTenant('old');
      await harness.plant(tenantPlace(old), old);
      expect(await registry.getTenant('old')).toMatchObject({ revision: 1 });
      expect(await registry.updateTenant('old', { policyVersion: 1 }, 1)).toBe(true);
      expect(await registry.updateTenant('old', { policyVersion: 2 }, 1)).toBe(false);
      expect(await registry.getTenant('old')).toEqual({ ...old, policyVersion: 1, revision: 2 });
    });

    it('of two changes at once one holds', async () => {
      await registry.createTenant(aTenant('raced'));
      const outcomes = await Promise.all(
        ['one', 'two'].map((name) => registry.updateTenant('raced', { name }, 1)),
      );
      expect([...outcomes].sort()).toEqual([false, true]);
    });

    it('null takes a field of a key away, undefined leaves it', async () => {
      const key = aKey('Removed0', 'removed', { expiresAt: 1_900_000_000 });
      await registry.createKey(key);
      expect(
        await registry.updateKey('Removed0', { suspended: true, policyVersion: 4, plan: 'pro' }),
      ).toBe(true);
      expect(await registry.getKey('Removed0')).toEqual({
        ...key,
        suspended: true,
        policyVersion: 4,
        plan: 'pro',
      });
      const changes = { suspended: null, policyVersion: null, expiresAt: null, plan: undefined };
      expect(await registry.updateKey('Removed0', changes)).toBe(true);
      const { expiresAt: _, ...rest } = key;
      expect(await registry.getKey('Removed0')).toEqual({ ...rest, plan: 'pro' });
      expect(await registry.updateKey('Removed0', { suspended: null })).toBe(true);
    });

    it('a key changes only while it is as expected', async () => {
      await registry.createKey(aKey('Expected', 'expected', { expiresAt: 1_900_000_000 }));
      const update = (expiresAt: number, expected: Parameters<Registry['updateKey']>[2]) =>
        registry.updateKey('Expected', { expiresAt }, expected);
      expect(await update(1, { expiresAt: null })).toBe(false);
      expect(await update(1, { expiresAt: 1_900_000_001 })).toBe(false);
      expect(await update(1, { expiresAt: 1_900_000_000, replacedBy: 'Other000' })).toBe(false);
      expect(await registry.getKey('Expected')).toMatchObject({ expiresAt: 1_900_000_000 });
      expect(await update(1_900_000_002, { expiresAt: 1_900_000_000, replacedBy: null })).toBe(
        true,
      );
      await registry.updateKey('Expected', { replacedBy: 'Other000' });
      expect(await update(1, { replacedBy: null })).toBe(false);
      expect(await registry.getKey('Expected')).toMatchObject({ expiresAt: 1_900_000_002 });
    });

    it('a principal’s role changes while the record is the one that was read', async () => {
      const before = aPrincipal('promoted', 'promoted');
      await registry.createPrincipal(before);
      expect(await registry.updatePrincipal(before, { role: 'admin' })).toBe(true);
      expect(await registry.getPrincipal(before.arn)).toEqual({ ...before, role: 'admin' });
      expect((await registry.listPrincipals('promoted')).items).toEqual([
        { ...before, role: 'admin' },
      ]);
      expect(await registry.updatePrincipal(before, { role: 'readonly' })).toBe(false);
      const elsewhere = { ...before, tenant: 'other', role: 'admin' as const };
      expect(await registry.updatePrincipal(elsewhere, { role: 'user' })).toBe(false);
      const missing = aPrincipal('never-recorded', 'promoted');
      expect(await registry.updatePrincipal(missing, { role: 'admin' })).toBe(false);
      expect(await registry.getPrincipal(missing.arn)).toBeUndefined();
    });

    it('a scan finds the principals of all tenants, and nothing else', async () => {
      const principals = ['scan-a', 'scan-b'].map((name) => aPrincipal(name, `${name}-tenant`));
      for (const principal of principals) await registry.createPrincipal(principal);
      const found = await registry.scanPrincipals();
      expect(found).toEqual(expect.arrayContaining(principals));
      expect(found.every(({ arn }) => arn.startsWith('arn:aws:iam::'))).toBe(true);
    });

    it('a version of policies is written once and read back exactly', async () => {
      const policy = aPolicy('policies', 1, {
        text: 'permit(principal, action, resource); // 東京',
      });
      expect(await registry.getPolicy('policies', 1)).toBeUndefined();
      expect(await registry.createPolicy(policy)).toBe(true);
      expect(await registry.createPolicy({ ...policy, text: '' })).toBe(false);
      expect(await registry.getPolicy('policies', 1)).toEqual(policy);
      expect(await registry.getPolicy('policies', 2)).toBeUndefined();
      expect(await registry.createPolicy(aPolicy('policies', 2, { text: '' }))).toBe(true);
    });

    it('lists the versions of one tenant newest first, in pages, and ten after nine', async () => {
      for (let version = 1; version <= 11; version += 1) {
        await registry.createPolicy(aPolicy('versions', version));
      }
      await registry.createPolicy(aPolicy('versions-not', 1));
      const pages = await pagesOf((query) => registry.listPolicies('versions', query), 4);
      expect(pages.map((page) => page.map(({ version }) => version))).toEqual([
        [11, 10, 9, 8],
        [7, 6, 5, 4],
        [3, 2, 1],
      ]);
    });

    it('a malformed version of policies, or another one’s, throws and hides its text', async () => {
      const broken = aPolicy('broken', 1);
      await harness.plant(policyPlace(broken), { ...broken, createdBy: '', text: 'canary' });
      const failure = await registry.getPolicy('broken', 1).catch((error: unknown) => error);
      expect(String(failure)).toMatch(/POLICY#broken#1 is not a policy record: check createdBy/);
      expect(String(failure)).not.toContain('canary');
      const other = aPolicy('broken', 3);
      await harness.plant({ ...policyPlace(other), pk: 'POLICY#broken#2' }, { ...other });
      await expect(registry.getPolicy('broken', 2)).rejects.toThrow(/holds the record of POLICY/);
    });
  });
};

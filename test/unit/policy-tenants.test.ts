import { describe, expect, it } from 'vitest';
import { cedarDeciders } from '../../src/policy/cedar-decider.ts';
import { defaultPolicies } from '../../src/policy/default-policies.ts';
import { TenantPolicies, type PolicyReader } from '../../src/policy/tenant-policies.ts';
import { InMemoryRegistry, type StoredItem } from '../../src/registry/in-memory-registry.ts';
import type { PolicyRecord } from '../../src/registry/records.ts';
import { aCaller, aTool, cedar, forbidWhen } from './support/policies.ts';

const tool = aTool('search', { readOnly: true });
const forbidAll = forbidWhen('true || resource.readOnly');

const record = (tenant: string, version: number, text: string): PolicyRecord => ({
  tenant,
  version,
  text,
  createdAt: '2026-11-28T00:00:00Z',
  createdBy: 'arn:aws:iam::111122223333:role/ops',
});

interface Rig {
  readonly base?: string;
  readonly records?: readonly PolicyRecord[];
  readonly most?: number;
  readonly failing?: { reads: number; loads: number };
}

/** Policies over a reader that counts, and fails as often as it is told. */
const rig = ({
  base = defaultPolicies,
  records = [],
  most,
  failing = { reads: 0, loads: 0 },
}: Rig) => {
  const counts = { reads: 0, loads: 0 };
  const left = { ...failing };
  const reader: PolicyReader = {
    getPolicy: async (tenant, version) => {
      counts.reads += 1;
      if (left.reads-- > 0) throw new Error('the table is away');
      return records.find((one) => one.tenant === tenant && one.version === version);
    },
  };
  const policies = new TenantPolicies({
    base,
    reader,
    loadCedar: async () => {
      counts.loads += 1;
      if (left.loads-- > 0) throw new Error('no such file');
      return cedarDeciders(cedar);
    },
    ...(most === undefined ? {} : { most }),
  });
  return { policies, counts };
};

const kindFor = async (policies: TenantPolicies, tenant: string, policyVersion?: number) =>
  (
    await policies.decide(
      aCaller({ tenant, ...(policyVersion === undefined ? {} : { policyVersion }) }),
      tool,
      {},
    )
  ).kind;

describe('the shipped policies alone', () => {
  it('need no table and no Cedar', async () => {
    const { policies, counts } = rig({});
    expect(await kindFor(policies, 'acme')).toBe('allow');
    expect(await policies.listable(aCaller(), [tool])).toEqual(new Set([tool]));
    expect(counts).toEqual({ reads: 0, loads: 0 });
  });

  it('others are evaluated by Cedar, without the table', async () => {
    const { policies, counts } = rig({ base: `${defaultPolicies}${forbidAll}` });
    expect(await kindFor(policies, 'acme')).toBe('deny');
    expect(await kindFor(policies, 'globex')).toBe('deny');
    expect(counts).toEqual({ reads: 0, loads: 1 });
  });
});

describe('policies of tenants', () => {
  it('decide for their tenant and version only', async () => {
    const { policies } = rig({
      records: [record('acme', 1, forbidAll), record('acme', 2, ''), record('globex', 1, '')],
    });
    for (let round = 0; round < 2; round += 1) {
      expect(await kindFor(policies, 'acme', 1)).toBe('deny');
      expect(await kindFor(policies, 'acme', 2)).toBe('allow');
      expect(await kindFor(policies, 'globex', 1)).toBe('allow');
      expect(await kindFor(policies, 'initech')).toBe('allow');
    }
  });

  it('cannot permit anything to another tenant, even by name', async () => {
    const permit = 'permit (principal in Drawbridge::Tenant::"globex", action, resource);';
    const { policies } = rig({
      base: 'forbid (principal, action, resource) when { resource.destructive };',
      records: [record('acme', 1, permit), record('globex', 1, '')],
    });
    expect(await kindFor(policies, 'acme', 1)).toBe('deny');
    expect(await kindFor(policies, 'globex', 1)).toBe('deny');
  });

  it('are read and compiled once for each version, by all who come meanwhile', async () => {
    const { policies, counts } = rig({ records: [record('acme', 1, forbidAll)] });
    const kinds = await Promise.all([...Array(20).keys()].map(() => kindFor(policies, 'acme', 1)));
    expect(new Set(kinds)).toEqual(new Set(['deny']));
    await kindFor(policies, 'acme', 1);
    expect(counts).toEqual({ reads: 1, loads: 1 });
  });

  it('are kept for so many versions', async () => {
    const { policies, counts } = rig({
      most: 2,
      records: [1, 2, 3].map((version) => record('acme', version, forbidAll)),
    });
    for (const version of [1, 2, 1, 3, 1, 2]) await kindFor(policies, 'acme', version);
    expect(counts.reads).toBe(4);
  });
});

describe('what cannot be known', () => {
  it('a table that does not answer fails the call and the list, and is asked again', async () => {
    const { policies, counts } = rig({
      records: [record('acme', 1, '')],
      failing: { reads: 2, loads: 0 },
    });
    await expect(kindFor(policies, 'acme', 1)).rejects.toThrow('the table is away');
    await expect(policies.listable(aCaller({ policyVersion: 1 }), [tool])).rejects.toThrow(
      'the table is away',
    );
    expect(await kindFor(policies, 'acme', 1)).toBe('allow');
    expect(counts.reads).toBe(3);
  });

  it('a version that is not there fails the call', async () => {
    const { policies } = rig({ records: [record('acme', 1, '')] });
    await expect(kindFor(policies, 'acme', 2)).rejects.toThrow(
      'version 2 of the policies of tenant acme is not there',
    );
    await expect(kindFor(policies, 'globex', 1)).rejects.toThrow('not there');
  });

  it('a text that does not compile fails the call, and says what is wrong in the cause only', async () => {
    const { policies } = rig({ records: [record('acme', 1, 'permit (canary')] });
    const error = await policies.decide(aCaller({ policyVersion: 1 }), tool, {}).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error?.message).toBe('the policies of tenant acme do not compile');
    expect(error?.cause).toEqual([expect.stringContaining('1:')]);
  });

  it('Cedar that does not load fails the call, and is loaded again', async () => {
    const { policies, counts } = rig({
      records: [record('acme', 1, '')],
      failing: { reads: 0, loads: 1 },
    });
    await expect(kindFor(policies, 'acme', 1)).rejects.toThrow('no such file');
    expect(await kindFor(policies, 'acme', 1)).toBe('allow');
    expect(counts.loads).toBe(2);
  });

  it('a registry is a reader', async () => {
    const items = new Map<string, StoredItem>();
    const registry = new InMemoryRegistry(items);
    await registry.createPolicy(record('acme', 1, forbidAll));
    const policies = new TenantPolicies({
      base: defaultPolicies,
      reader: registry,
      loadCedar: async () => cedarDeciders(cedar),
    });
    expect(await kindFor(policies, 'acme', 1)).toBe('deny');
  });
});

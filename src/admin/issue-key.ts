import { mintApiKey } from '../credentials/api-key.ts';
import type { KeyRecord, TenantRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import type { AdminPorts } from './ports.ts';
import { driftOf } from './spread-tenant.ts';
import { reporting } from './upstream-failure.ts';

export interface IssuedKey {
  readonly record: KeyRecord;
  /** The whole key: shown once to its owner, never stored. */
  readonly key: string;
}

/** Key ids are 8 random characters of 62: a third collision in a row is a fault, not chance. */
const attempts = 3;

export type KeyFields = Pick<KeyRecord, 'name' | 'role' | 'expiresAt' | 'cidrs' | 'createdWith'>;

type Ports = Pick<AdminPorts, 'registry' | 'peppers' | 'clock'>;

/** What of the tenant's record its keys repeat. */
const repeatedOf = ({ plan, usageKey, status, policyVersion }: TenantRecord) => ({
  plan,
  usageKey,
  ...(status === 'suspended' ? { suspended: true as const } : {}),
  ...(policyVersion === undefined ? {} : { policyVersion }),
});

/** The tenant may have changed since it was read, and its keys been rewritten while this one was not among them. */
const catchUp = async (ports: Ports, record: KeyRecord): Promise<KeyRecord> => {
  const tenant = await ports.registry.getTenant(record.tenant);
  const drift = tenant === undefined ? undefined : driftOf(record, tenant);
  if (tenant === undefined || drift === undefined) return record;
  await ports.registry.updateKey(record.keyId, drift);
  const { suspended: _suspended, policyVersion: _policyVersion, ...rest } = record;
  return { ...rest, ...repeatedOf(tenant) };
};

/**
 * Mints a key for a tenant and stores its hash. The record repeats what the tenant's says now.
 * @param wantedId - undefined for a random id.
 * @returns undefined when `wantedId` is taken.
 */
export const tryIssueKey = async (
  ports: Ports,
  tenant: TenantRecord,
  fields: KeyFields,
  wantedId?: string,
): Promise<IssuedKey | undefined> => {
  const { registry, peppers, clock } = ports;
  const pepper = await reporting('read the pepper', () => peppers.read());
  const { keyId, key } = mintApiKey(tenant.tenant, wantedId);
  const record: KeyRecord = {
    keyId,
    tenant: tenant.tenant,
    name: fields.name,
    role: fields.role,
    ...repeatedOf(tenant),
    status: 'active',
    ...pepper.hash(key),
    createdAt: new Date(clock()).toISOString(),
    ...(fields.expiresAt === undefined ? {} : { expiresAt: fields.expiresAt }),
    ...(fields.cidrs === undefined ? {} : { cidrs: fields.cidrs }),
    ...(fields.createdWith === undefined ? {} : { createdWith: fields.createdWith }),
  };
  return reporting(`write key ${keyId}`, async () => {
    const stored =
      (await registry.createKey(record)) ||
      // A retried write is refused by its own first attempt, so the id being taken does not say by whom.
      (await registry.getKey(keyId))?.hash === record.hash;
    return stored ? { record: await catchUp(ports, record), key } : undefined;
  });
};

/** `tryIssueKey` with an id that is free. */
export const issueKey = async (
  ports: Ports,
  tenant: TenantRecord,
  fields: KeyFields,
): Promise<IssuedKey> => {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const issued = await tryIssueKey(ports, tenant, fields);
    if (issued !== undefined) return issued;
  }
  throw new AdminError('UPSTREAM_FAILED', 'could not find a key id that is free: try again');
};

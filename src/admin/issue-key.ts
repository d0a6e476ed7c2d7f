import { mintApiKey } from '../credentials/api-key.ts';
import type { KeyRecord, TenantRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import type { AdminPorts } from './ports.ts';
import { reporting } from './upstream-failure.ts';

export interface IssuedKey {
  readonly record: KeyRecord;
  /** The whole key: shown once to its owner, never stored. */
  readonly key: string;
}

/** Key ids are 8 random characters of 62: a third collision in a row is a fault, not chance. */
const attempts = 3;

/** Mints a key for a tenant and stores its hash. The record takes the tenant's present plan and usage key. */
export const issueKey = async (
  { registry, peppers, clock }: Pick<AdminPorts, 'registry' | 'peppers' | 'clock'>,
  { tenant, plan, usageKey }: TenantRecord,
  fields: Pick<KeyRecord, 'name' | 'role' | 'expiresAt' | 'cidrs'>,
): Promise<IssuedKey> => {
  const pepper = await reporting('read the pepper', () => peppers.read());
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const { keyId, key } = mintApiKey(tenant);
    const record: KeyRecord = {
      keyId,
      tenant,
      name: fields.name,
      role: fields.role,
      plan,
      usageKey,
      status: 'active',
      ...pepper.hash(key),
      createdAt: new Date(clock()).toISOString(),
      ...(fields.expiresAt === undefined ? {} : { expiresAt: fields.expiresAt }),
      ...(fields.cidrs === undefined ? {} : { cidrs: fields.cidrs }),
    };
    const stored = await reporting(`write key ${keyId}`, async () => {
      if (await registry.createKey(record)) return true;
      // A retried write is refused by its own first attempt, so the id being taken does not say by whom.
      return (await registry.getKey(keyId))?.hash === record.hash;
    });
    if (stored) return { record, key };
  }
  throw new AdminError('UPSTREAM_FAILED', 'could not find a key id that is free: try again');
};

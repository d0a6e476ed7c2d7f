import * as z from 'zod';
import { role, tenantId } from '../principals/principal.ts';
import type { KeyRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import { displayName, parseInput, parseKeyId } from './input.ts';
import { issueKey, type IssuedKey, type KeyFields } from './issue-key.ts';
import { revokeCredential } from './revoke-credential.ts';
import type { AdminPorts } from './ports.ts';
import { keysOf, requireActiveTenant, requireTenant } from './tenants.ts';
import { reporting } from './upstream-failure.ts';

/** 9999-12-31T23:59:59Z in Unix seconds: the last second that ISO 8601 writes with four digits. */
export const latestExpiry = 253_402_300_799;

const cidr = z.union([z.cidrv4(), z.cidrv6()], {
  error: ({ input }) =>
    `${JSON.stringify(input)} is not a network: write it as in 203.0.113.0/24, 203.0.113.7/32 or 2001:db8::/32`,
});

const createKeyInput = z
  .object({
    tenant: tenantId,
    name: displayName,
    role: role.default('user'),
    expiresInSeconds: z.int().positive().optional(),
    /** Unix seconds. */
    expiresAt: z.int().optional(),
    cidrs: z
      .array(cidr)
      .min(1)
      .max(20)
      .transform((cidrs) => [...new Set(cidrs)])
      .optional(),
  })
  .refine((input) => input.expiresInSeconds === undefined || input.expiresAt === undefined, {
    error: 'give expiresInSeconds or expiresAt, not both',
  });
export type CreateKeyInput = z.input<typeof createKeyInput>;

/** Whole seconds since the Unix epoch. */
export const unixSeconds = (clock: AdminPorts['clock']): number => Math.floor(clock() / 1000);

/** Unix seconds that are ahead, and that ISO 8601 can write. @throws AdminError INVALID_INPUT. */
export const expiryOf = (
  {
    expiresInSeconds,
    expiresAt,
  }: { readonly expiresInSeconds?: number | undefined; readonly expiresAt?: number | undefined },
  now: number,
): number | undefined => {
  const expiry = expiresInSeconds === undefined ? expiresAt : now + expiresInSeconds;
  if (expiry === undefined) return undefined;
  if (expiry > latestExpiry) {
    throw new AdminError('INVALID_INPUT', 'the expiry is after the year 9999: give none instead');
  }
  if (expiry > now) return expiry;
  throw new AdminError(
    'INVALID_INPUT',
    `the expiry ${new Date(expiry * 1000).toISOString()} is in the past: give a later one`,
  );
};

/** What a creation asks for, checked; `fields` counts a duration from now. @throws AdminError INVALID_INPUT. */
export const newKeyOf = ({ clock }: Pick<AdminPorts, 'clock'>, input: CreateKeyInput) => {
  const { tenant, ...asked } = parseInput(createKeyInput, input);
  const fields = (): KeyFields => ({
    name: asked.name,
    role: asked.role,
    expiresAt: expiryOf(asked, unixSeconds(clock)),
    cidrs: asked.cidrs,
  });
  return { tenant, asked, fields };
};

/**
 * Creates a key; the answer holds the only copy of it.
 *
 * @throws AdminError INVALID_INPUT, TENANT_NOT_FOUND, TENANT_SUSPENDED or UPSTREAM_*.
 */
export const createKey = async (ports: AdminPorts, input: CreateKeyInput): Promise<IssuedKey> => {
  const wanted = newKeyOf(ports, input);
  const fields = wanted.fields();
  return issueKey(ports, await requireActiveTenant(ports, wanted.tenant), fields);
};

/** A tenant's keys, oldest first, revoked and expired ones included. @throws AdminError TENANT_NOT_FOUND. */
export const listKeys = async (
  ports: Pick<AdminPorts, 'registry'>,
  tenant: string,
): Promise<readonly KeyRecord[]> => keysOf(ports, (await requireTenant(ports, tenant)).tenant);

/** @throws AdminError INVALID_INPUT or KEY_NOT_FOUND. */
export const showKey = async (
  { registry }: Pick<AdminPorts, 'registry'>,
  keyId: string,
): Promise<KeyRecord> => {
  const id = parseKeyId(keyId);
  const record = await reporting(`read key ${id}`, () => registry.getKey(id));
  if (record !== undefined) return record;
  throw new AdminError(
    'KEY_NOT_FOUND',
    `there is no key ${id}: \`keys list --tenant <id>\` shows a tenant's keys`,
  );
};

export interface Revocation {
  readonly record: KeyRecord;
  /** True when the key had been revoked before: nothing changed. */
  readonly alreadyRevoked: boolean;
}

/**
 * Revokes a key, for good: the next call with it is refused. Idempotent: the first revocation's time stays, and what an
 * earlier attempt left undone is done.
 *
 * @throws AdminError KEY_NOT_FOUND, UPSTREAM_* or INCOMPLETE (revoked, but a cached answer still lets it in).
 */
export const revokeKey = async (
  ports: Pick<AdminPorts, 'registry' | 'standing' | 'clock'>,
  keyId: string,
): Promise<Revocation> => {
  const before = await showKey(ports, keyId);
  const revocation =
    before.status === 'revoked'
      ? { record: before, alreadyRevoked: true }
      : await revokeRecord(ports, before.keyId);
  const { tenant, keyId: id } = before;
  await revokeCredential(ports, { tenant, subject: `key:${id}`, at: unixSeconds(ports.clock) }, id);
  return revocation;
};

const revokeRecord = async (
  ports: Pick<AdminPorts, 'registry' | 'clock'>,
  keyId: string,
): Promise<Revocation> => {
  const revokedAt = new Date(ports.clock()).toISOString();
  const changed = await reporting(`revoke key ${keyId}`, () =>
    ports.registry.updateKey(keyId, { status: 'revoked', revokedAt }),
  );
  const record = await showKey(ports, keyId);
  if (record.status !== 'revoked') {
    throw new AdminError('UPSTREAM_FAILED', `key ${keyId} is still active: try again`);
  }
  return { record, alreadyRevoked: !changed && record.revokedAt !== revokedAt };
};

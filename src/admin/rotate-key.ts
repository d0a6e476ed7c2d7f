import * as z from 'zod';
import type { KeyRecord } from '../registry/records.ts';
import type { KeyChanges } from '../registry/registry.ts';
import { AdminError } from './admin-error.ts';
import { parseInput } from './input.ts';
import { issueKey, type IssuedKey } from './issue-key.ts';
import { latestExpiry, showKey, unixSeconds } from './keys.ts';
import type { AdminPorts } from './ports.ts';
import { revokeCredential } from './revoke-credential.ts';
import { requireActiveTenant } from './tenants.ts';
import { upstreamFailure } from './upstream-failure.ts';

const rotateKeyInput = z.object({
  /** How long the old key still works; 0 revokes it now. */
  graceSeconds: z
    .int({ error: 'the grace period is a whole number of seconds' })
    .min(0, { error: 'the grace period cannot be negative' })
    .max(10 * 366 * 86_400, { error: 'the grace period is at most 10 years' }),
});
export type RotateKeyInput = z.input<typeof rotateKeyInput>;

export interface Rotation extends IssuedKey {
  /** The old key, as it is now. */
  readonly previous: KeyRecord;
  /**
   * Both records are written, but a cached answer may let the old key in longer than they say. An outcome and not thrown,
   * since the new key is shown once: whoever shows it must say this too, and not report success.
   */
  readonly unsettled?: AdminError;
}

const assertRotatable = (record: KeyRecord): void => {
  if (record.status === 'revoked') {
    throw new AdminError(
      'KEY_REVOKED',
      `key ${record.keyId} is revoked and cannot be rotated: create a new one with \`keys create --tenant ${record.tenant}\``,
    );
  }
  if (record.replacedBy !== undefined) {
    throw new AdminError(
      'KEY_REPLACED',
      `key ${record.keyId} was rotated into ${record.replacedBy} already: rotate that one instead`,
    );
  }
};

/** A key that was to live for a time is followed by one that lives as long, counted from now. */
const successorExpiry = (old: KeyRecord, now: number): number | undefined => {
  if (old.expiresAt === undefined) return undefined;
  const createdAt = Math.floor(Date.parse(old.createdAt) / 1000);
  return Math.min(latestExpiry, now + Math.max(1, old.expiresAt - createdAt));
};

const retirement = (
  old: KeyRecord,
  replacedBy: string,
  graceSeconds: number,
  now: number,
): KeyChanges => {
  if (graceSeconds === 0) {
    return { replacedBy, status: 'revoked', revokedAt: new Date(now * 1000).toISOString() };
  }
  return { replacedBy, expiresAt: Math.min(now + graceSeconds, old.expiresAt ?? Infinity) };
};

/** Marks the old key as replaced; what is stored decides, since a retry may meet its own first attempt. */
const retire = async (
  ports: AdminPorts,
  keyId: string,
  replacedBy: string,
  changes: KeyChanges,
): Promise<KeyRecord> => {
  let failure: AdminError | undefined;
  try {
    await ports.registry.updateKey(keyId, changes);
  } catch (error) {
    failure = upstreamFailure(`retire key ${keyId}`, error);
  }
  const stored = await showKey(ports, keyId).catch((error: unknown) => {
    if (failure === undefined) throw error;
    throw new AdminError(
      'ROLLBACK_FAILED',
      `${failure.message} Whether key ${keyId} was retired is not known: run \`keys show ${keyId}\`. Its replacement is ` +
        `revoked: if ${keyId} names it, create a new key.`,
      { cause: error },
    );
  });
  if (stored.replacedBy === replacedBy) return stored;
  if (failure !== undefined) throw failure;
  assertRotatable(stored);
  throw new AdminError('UPSTREAM_FAILED', `could not retire key ${keyId}: try again`);
};

const undo = async (ports: AdminPorts, keyId: string, failure: AdminError): Promise<void> => {
  try {
    const revokedAt = new Date(ports.clock()).toISOString();
    await ports.registry.updateKey(keyId, { status: 'revoked', revokedAt });
  } catch (error) {
    throw new AdminError(
      'ROLLBACK_FAILED',
      `${failure.message} Undoing failed too: the new key ${keyId}, which nobody has seen, is left active. Remove it ` +
        `with \`keys revoke ${keyId}\`, then look at the old one with \`keys show\`.`,
      { cause: new AggregateError([failure, error], 'the key was not rotated') },
    );
  }
};

/**
 * Replaces a key by one with the same tenant, name, role, networks and lifetime. The old one works until the grace
 * period ends, or its own earlier expiry.
 *
 * @throws AdminError KEY_NOT_FOUND, KEY_REVOKED, KEY_REPLACED, TENANT_SUSPENDED, INVALID_INPUT, UPSTREAM_* (the old
 * key is as it was, the new one revoked), or ROLLBACK_FAILED.
 */
export const rotateKey = async (
  ports: AdminPorts,
  keyId: string,
  input: RotateKeyInput,
): Promise<Rotation> => {
  const { graceSeconds } = parseInput(rotateKeyInput, input);
  const old = await showKey(ports, keyId);
  assertRotatable(old);
  const tenant = await requireActiveTenant(ports, old.tenant);
  const now = unixSeconds(ports.clock);
  const issued = await issueKey(ports, tenant, {
    name: old.name,
    role: old.role,
    expiresAt: successorExpiry(old, now),
    cidrs: old.cidrs,
  });
  const replacement = issued.record.keyId;
  let previous: KeyRecord;
  try {
    const changes = retirement(old, replacement, graceSeconds, now);
    previous = await retire(ports, old.keyId, replacement, changes);
  } catch (error) {
    const failure = upstreamFailure(`rotate key ${old.keyId}`, error);
    await undo(ports, replacement, failure);
    throw failure;
  }
  const unsettled = await tellEnd(ports, previous, now);
  return { ...issued, previous, ...(unsettled === undefined ? {} : { unsettled }) };
};

/** A cached answer of the authorizer knows the old key as it was. */
const tellEnd = async (
  ports: AdminPorts,
  { tenant, keyId, status, expiresAt }: KeyRecord,
  now: number,
): Promise<AdminError | undefined> => {
  const at = status === 'revoked' ? now : (expiresAt ?? now);
  try {
    await revokeCredential(ports, { tenant, subject: `key:${keyId}`, at }, keyId);
    return undefined;
  } catch (error) {
    return upstreamFailure(`tell the counters that key ${keyId} is refused`, error);
  }
};

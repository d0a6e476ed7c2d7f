import * as z from 'zod';
import type { KeyRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import { afterOthers } from './incomplete.ts';
import { displayName, parseInput } from './input.ts';
import { expiryOf, showKey, unixSeconds } from './keys.ts';
import type { AdminPorts } from './ports.ts';
import { reporting } from './upstream-failure.ts';

const updateKeyInput = z
  .object({
    name: displayName.optional(),
    expiresInSeconds: z.int().positive().optional(),
    /** Unix seconds; null for a key that does not expire. */
    expiresAt: z.int().nullable().optional(),
  })
  .refine(
    ({ expiresInSeconds, expiresAt }) => expiresInSeconds === undefined || expiresAt === undefined,
    { error: 'give expiresInSeconds or expiresAt, not both' },
  )
  .refine((input) => Object.values(input).some((value) => value !== undefined), {
    error: 'nothing is to be changed: give a name or an expiry',
  });
export type UpdateKeyInput = z.input<typeof updateKeyInput>;

type Ports = Pick<AdminPorts, 'registry' | 'standing' | 'clock'>;

const assertChangeable = ({ keyId, status, replacedBy }: KeyRecord, expiry: boolean): void => {
  if (status === 'revoked') {
    throw new AdminError('KEY_REVOKED', `key ${keyId} is revoked, which is final`);
  }
  if (expiry && replacedBy !== undefined) {
    throw new AdminError(
      'KEY_REPLACED',
      `key ${keyId} was rotated into ${replacedBy} and ends with its grace period: \`keys revoke ${keyId}\` ends it now`,
    );
  }
};

const conflict = (keyId: string): AdminError =>
  new AdminError(
    'CONFLICT',
    `key ${keyId} was changed by somebody else at the same time, and not by this command: look at it with ` +
      `\`keys show ${keyId}\`, then try again`,
  );

const write = async (
  ports: Ports,
  before: KeyRecord,
  name: string | undefined,
  expiresAt: number | null | undefined,
): Promise<KeyRecord> => {
  assertChangeable(before, expiresAt !== undefined);
  const { keyId } = before;
  const held = await reporting(`change key ${keyId}`, () =>
    ports.registry.updateKey(
      keyId,
      {
        ...(name === undefined ? {} : { name }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      },
      expiresAt === undefined ? {} : { expiresAt: before.expiresAt ?? null, replacedBy: null },
    ),
  );
  const stored = await showKey(ports, keyId);
  const isOurs =
    (name === undefined || stored.name === name) &&
    (expiresAt === undefined || stored.expiresAt === (expiresAt ?? undefined));
  if (!held && !isOurs) {
    assertChangeable(stored, expiresAt !== undefined);
    throw conflict(keyId);
  }
  if (expiresAt !== undefined) await tellExpiry(ports, stored, expiresAt);
  return stored;
};

/** A cached answer of the authorizer knows the expiry from before. */
const tellExpiry = ({ standing }: Ports, { tenant, keyId }: KeyRecord, expiresAt: number | null) =>
  afterOthers(
    `tell the counters when key ${keyId} expires`,
    'Its record says so, but answers of the authorizer that are cached count by the expiry from before until they end ' +
      '(`authorizer.cacheSeconds` of the deployment): run the command again.',
    () =>
      expiresAt === null
        ? standing.readmit(tenant, `key:${keyId}`)
        : standing.revoke(tenant, `key:${keyId}`, expiresAt),
  );

/**
 * Changes a key's name or expiry. Only the fields given change.
 *
 * @throws AdminError INVALID_INPUT, KEY_NOT_FOUND, KEY_REVOKED, KEY_REPLACED, CONFLICT, UPSTREAM_* (nothing changed) or
 * INCOMPLETE (an earlier expiry is not yet known everywhere).
 */
export const updateKey = async (
  ports: Ports,
  keyId: string,
  input: UpdateKeyInput,
): Promise<KeyRecord> => {
  const { name, expiresInSeconds, expiresAt } = parseInput(updateKeyInput, input);
  const expiry =
    expiresAt === null ? null : expiryOf({ expiresInSeconds, expiresAt }, unixSeconds(ports.clock));
  return write(ports, await showKey(ports, keyId), name, expiry);
};

/** Lets a key expire now: unlike a revocation it can be taken back, by a later expiry. @throws AdminError as `updateKey`. */
export const expireKey = async (ports: Ports, keyId: string): Promise<KeyRecord> =>
  write(ports, await showKey(ports, keyId), undefined, unixSeconds(ports.clock));

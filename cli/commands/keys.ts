import { createKeyOnce } from '../../src/admin/create-key-once.ts';
import { createKey, listKeys, revokeKey, showKey } from '../../src/admin/keys.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { rotateKey, type Rotation } from '../../src/admin/rotate-key.ts';
import { updateKey } from '../../src/admin/update-key.ts';
import type { Role } from '../../src/principals/principal.ts';
import type { Expiry } from '../durations.ts';
import { CliError } from '../errors.ts';
import type { Terminal } from '../io.ts';
import {
  issuedKeyView,
  keyView,
  type Ensured,
  type IssuedKeyView,
  type KeyView,
  type RevocationView,
  type RotationView,
} from '../views.ts';

export interface KeysCreateOptions {
  readonly name: string;
  readonly role: Role;
  readonly expires?: Expiry;
  readonly cidr?: readonly string[];
  /** Given: a key that an earlier attempt created is found, and not created again. */
  readonly idempotencyKey?: string;
}

/** A key that an earlier attempt created: what it is, without the key itself. */
export type CreatedKeyView = IssuedKeyView | Ensured<IssuedKeyView> | Ensured<KeyView>;

export const keysCreate = async (
  ports: AdminPorts,
  tenant: string,
  { name, role, expires, cidr, idempotencyKey }: KeysCreateOptions,
): Promise<CreatedKeyView> => {
  const cidrs = cidr?.flatMap((value) => value.split(',')).filter((value) => value !== '');
  const input = { tenant, name, role, ...expires, ...(cidrs === undefined ? {} : { cidrs }) };
  if (idempotencyKey === undefined) return issuedKeyView(await createKey(ports, input));
  const outcome = await createKeyOnce(ports, input, idempotencyKey);
  return outcome.created
    ? { ...issuedKeyView(outcome), created: true }
    : { ...keyView(outcome.record, ports.clock()), created: false };
};

export const keysList = async (ports: AdminPorts, tenant: string): Promise<readonly KeyView[]> => {
  const records = await listKeys(ports, tenant);
  const now = ports.clock();
  return records.map((record) => keyView(record, now));
};

export const keysShow = async (ports: AdminPorts, keyId: string): Promise<KeyView> =>
  keyView(await showKey(ports, keyId), ports.clock());

export interface KeysUpdateOptions {
  readonly name?: string;
  readonly expires?: Expiry | 'never';
}

export const keysUpdate = async (
  ports: AdminPorts,
  keyId: string,
  { name, expires }: KeysUpdateOptions,
): Promise<KeyView> => {
  if (name === undefined && expires === undefined) {
    throw new CliError('USAGE', 'change what? Give --name or --expires');
  }
  const record = await updateKey(ports, keyId, {
    ...(name === undefined ? {} : { name }),
    ...(expires === 'never' ? { expiresAt: null } : expires),
  });
  return keyView(record, ports.clock());
};

export const keysRotate = (
  ports: AdminPorts,
  keyId: string,
  { graceSeconds }: { readonly graceSeconds: number },
): Promise<Rotation> => rotateKey(ports, keyId, { graceSeconds });

export const rotationView = (rotation: Rotation, now: number): RotationView => ({
  ...issuedKeyView(rotation),
  replaces: keyView(rotation.previous, now),
});

/** @throws CliError DECLINED when the operator is asked and does not say yes: nothing changed. */
export const keysRevoke = async (
  ports: AdminPorts,
  keyId: string,
  confirm: Terminal['confirm'],
): Promise<RevocationView> => {
  const before = await showKey(ports, keyId);
  if (confirm !== undefined && before.status !== 'revoked') {
    const question = `Revoke key ${before.keyId} ("${before.name}") of tenant ${before.tenant}, for good?`;
    if (!(await confirm(question))) {
      throw new CliError('DECLINED', `key ${before.keyId} was not revoked`);
    }
  }
  const { record, alreadyRevoked } = await revokeKey(ports, before.keyId);
  return { ...keyView(record, ports.clock()), alreadyRevoked };
};

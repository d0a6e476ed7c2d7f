import { createKey, listKeys, revokeKey, showKey } from '../../src/admin/keys.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { rotateKey } from '../../src/admin/rotate-key.ts';
import type { Role } from '../../src/principals/principal.ts';
import type { Expiry } from '../durations.ts';
import { CliError } from '../errors.ts';
import type { Terminal } from '../io.ts';
import {
  issuedKeyView,
  keyView,
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
}

export const keysCreate = async (
  ports: AdminPorts,
  tenant: string,
  { name, role, expires, cidr }: KeysCreateOptions,
): Promise<IssuedKeyView> => {
  const cidrs = cidr?.flatMap((value) => value.split(',')).filter((value) => value !== '');
  return issuedKeyView(
    await createKey(ports, {
      tenant,
      name,
      role,
      ...expires,
      ...(cidrs === undefined ? {} : { cidrs }),
    }),
  );
};

export const keysList = async (ports: AdminPorts, tenant: string): Promise<readonly KeyView[]> => {
  const records = await listKeys(ports, tenant);
  const now = ports.clock();
  return records.map((record) => keyView(record, now));
};

export const keysShow = async (ports: AdminPorts, keyId: string): Promise<KeyView> =>
  keyView(await showKey(ports, keyId), ports.clock());

export const keysRotate = async (
  ports: AdminPorts,
  keyId: string,
  { graceSeconds }: { readonly graceSeconds: number },
): Promise<RotationView> => {
  const rotation = await rotateKey(ports, keyId, { graceSeconds });
  return {
    ...issuedKeyView(rotation),
    replaces: keyView(rotation.previous, ports.clock()),
  };
};

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

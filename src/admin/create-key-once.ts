import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import * as z from 'zod';
import { encodeBase62 } from '../credentials/base62.ts';
import type { KeyRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import { parseInput } from './input.ts';
import { tryIssueKey, type IssuedKey } from './issue-key.ts';
import { newKeyOf, type CreateKeyInput } from './keys.ts';
import type { AdminPorts } from './ports.ts';
import { requireActiveTenant } from './tenants.ts';
import { reporting } from './upstream-failure.ts';

const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,64}$/, {
  error: 'an idempotency key is 1 to 64 letters, digits or signs, without spaces',
});

export type CreatedKey =
  | ({ readonly created: true } & IssuedKey)
  /** An earlier attempt created it. The key itself was shown then and is stored nowhere. */
  | { readonly created: false; readonly record: KeyRecord };

const sha256 = (parts: readonly unknown[]): Buffer =>
  createHash('sha256').update(JSON.stringify(parts)).digest();

const idLength = 8;
const ids = 62n ** BigInt(idLength);

/** 8 base62 characters: the same for the same tenant and idempotency key. */
const derivedId = (tenant: string, given: string): string => {
  const number = BigInt(`0x${sha256(['drawbridge key id', tenant, given]).toString('hex')}`);
  return encodeBase62(Number(number % ids), idLength);
};

/**
 * Creates a key, or finds the one that an earlier attempt with this idempotency key created: repeating it is safe, for as
 * long as the record is there.
 *
 * @throws AdminError as `createKey`; CONFLICT when the earlier attempt asked for another key than this one.
 */
export const createKeyOnce = async (
  ports: AdminPorts,
  input: CreateKeyInput,
  givenKey: string,
): Promise<CreatedKey> => {
  const given = parseInput(idempotencyKey, givenKey);
  const { tenant: id, asked, fields } = newKeyOf(ports, input);
  const keyId = derivedId(id, given);
  const createdWith = sha256([canonicalize(asked)]).toString('base64url');

  const find = async (): Promise<CreatedKey | undefined> => {
    const record = await reporting(`read key ${keyId}`, () => ports.registry.getKey(keyId));
    if (record === undefined) return undefined;
    if (record.tenant === id && record.createdWith === createdWith) {
      return { created: false, record };
    }
    throw new AdminError(
      'CONFLICT',
      `this idempotency key has created key ${keyId} of tenant "${id}", which was asked for with other values: give another one`,
    );
  };

  const earlier = await find();
  if (earlier !== undefined) return earlier;
  const tenant = await requireActiveTenant(ports, id);
  const issued = await tryIssueKey(ports, tenant, { ...fields(), createdWith }, keyId);
  if (issued !== undefined) return { created: true, ...issued };
  const other = await find();
  if (other !== undefined) return other;
  throw new AdminError('CONFLICT', `key id ${keyId} is taken: give another idempotency key`);
};

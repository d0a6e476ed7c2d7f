import type * as z from 'zod';
import {
  keyRecord,
  policyRecord,
  principalRecord,
  tenantRecord,
  type KeyRecord,
  type PolicyRecord,
  type PrincipalRecord,
  type TenantRecord,
} from './records.ts';
import { keyPk, policyPk, principalPk, tenantPk } from './registry-table.ts';

/** @throws Error that names the item and its wrong fields, never their values. */
export const parsed = <T>(schema: z.ZodType<T>, kind: string, pk: string, item: unknown): T => {
  const result = schema.safeParse(item);
  if (result.success) return result.data;
  const fields = [...new Set(result.error.issues.map((issue) => issue.path.join('.') || 'item'))];
  throw new Error(`registry item ${pk} is not a ${kind} record: check ${fields.join(', ')}`, {
    cause: result.error,
  });
};

/** @throws Error when an item stands where another belongs. */
export const stored = (pk: string, expected: string): void => {
  if (pk !== expected) throw new Error(`registry item ${pk} holds the record of ${expected}`);
};

/** @throws Error that names the item and its wrong fields, never their values. */
export const parseKeyItem = (pk: string, item: unknown): KeyRecord => {
  const record = parsed(keyRecord, 'key', pk, item);
  stored(pk, keyPk(record.keyId));
  return record;
};

/** @throws Error that names the item and its wrong fields, never their values. */
export const parseTenantItem = (pk: string, item: unknown): TenantRecord => {
  const record = parsed(tenantRecord, 'tenant', pk, item);
  stored(pk, tenantPk(record.tenant));
  return record;
};

/** @throws Error that names the item and its wrong fields, never their values. */
export const parsePrincipalItem = (pk: string, item: unknown): PrincipalRecord => {
  const record = parsed(principalRecord, 'principal', pk, item);
  stored(pk, principalPk(record.arn));
  return record;
};

/** @throws Error that names the item and its wrong fields, never their values. */
export const parsePolicyItem = (pk: string, item: unknown): PolicyRecord => {
  const record = parsed(policyRecord, 'policy', pk, item);
  stored(pk, policyPk(record.tenant, record.version));
  return record;
};

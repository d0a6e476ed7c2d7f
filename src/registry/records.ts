import * as z from 'zod';
import { callerArn } from '../principals/caller-arn.ts';
import { role, tenantId } from '../principals/principal.ts';

/**
 * Items of the `Registry` table (docs/storage-schema.md). A key's record repeats what the authorizer needs of its
 * tenant (plan, usage key), so that one GetItem decides; moving a tenant to another plan rewrites its keys.
 */
export const keyRecord = z.object({
  keyId: z.string().regex(/^[0-9A-Za-z]{8}$/),
  tenant: tenantId,
  name: z.string().min(1).max(128),
  role,
  plan: z.string().min(1).max(64),
  /** The value of the tenant's API Gateway key: an identifier, not a secret. */
  usageKey: z.string().min(20).max(128),
  /** Repeats that the tenant is suspended; absent while it is active. */
  suspended: z.literal(true).optional(),
  /** Repeats the version of the tenant's policies. */
  policyVersion: z.int().positive().optional(),
  status: z.enum(['active', 'revoked']),
  /** HMAC-SHA256(pepper, key), base64url. */
  hash: z.string().length(43),
  pepperVersion: z.string(),
  /** ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  /** Unix seconds; absent means that the key does not expire. */
  expiresAt: z.int().positive().optional(),
  /** Source networks that may use the key; absent means any. */
  cidrs: z
    .array(z.union([z.cidrv4(), z.cidrv6()]))
    .min(1)
    .max(50)
    .optional(),
  revokedAt: z.iso.datetime().optional(),
  /** The key that this one was rotated into. */
  replacedBy: z.string().optional(),
  /** SHA-256, base64url, of what a repeatable creation asked for: a repeat must ask for the same. */
  createdWith: z.string().length(43).optional(),
});
export type KeyRecord = z.infer<typeof keyRecord>;

export const tenantRecord = z.object({
  tenant: tenantId,
  name: z.string().min(1).max(128),
  plan: z.string().min(1).max(64),
  status: z.enum(['active', 'suspended']),
  usageKey: z.string().min(20).max(128),
  /** The id of the tenant's API Gateway key. */
  apiGatewayKeyId: z.string().min(1),
  createdAt: z.iso.datetime(),
  /** One more with each change; records from before there were changes have none. */
  revision: z.int().positive().default(1),
  /** Of the tenant's own policies, `POLICY#<tenant>#<version>`; absent while it has none. */
  policyVersion: z.int().positive().optional(),
});
export type TenantRecord = z.infer<typeof tenantRecord>;

/** One version of a tenant's policies. Never changed: what is in force is said by the tenant's `policyVersion`. */
export const policyRecord = z.object({
  tenant: tenantId,
  version: z.int().positive(),
  /** Cedar. */
  text: z.string().max(100_000),
  createdAt: z.iso.datetime(),
  /** Who set it, as the audit names them. */
  createdBy: z.string().min(1).max(256),
});
export type PolicyRecord = z.infer<typeof policyRecord>;

/** Which tenant an IAM role or user calls as. The tenant's plan and status are read from its own record. */
export const principalRecord = z.object({
  arn: callerArn,
  tenant: tenantId,
  role,
  createdAt: z.iso.datetime(),
});
export type PrincipalRecord = z.infer<typeof principalRecord>;

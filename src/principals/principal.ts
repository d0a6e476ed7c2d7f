import * as z from 'zod';

/** `readonly` may call only tools with `readOnlyHint: true`; `admin` operates its own tenant. */
export const roles = ['admin', 'user', 'readonly'] as const;
export const role = z.enum(roles);
export type Role = z.infer<typeof role>;

/** How the caller proved who it is. */
export const lanes = ['key', 'jwt', 'iam'] as const;
export type Lane = (typeof lanes)[number];

/**
 * A tenant's id: it stands inside API keys, so no underscore; lower case, so that no two ids look alike.
 */
export const tenantId = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, {
  error: 'a tenant id is 1 to 32 of a-z, 0-9 and -, and begins and ends with a letter or digit',
});

/** Nobody's but the handshake's with a new version: it has no keys, and stands in the audit of each deployment. */
export const handshakeTenant = 'drawbridge-handshake';

/** Who is calling, as the authorizer established it. */
export interface Principal {
  readonly tenant: string;
  /** The caller within the tenant: `key:<id>`, `jwt:<sub>`, `client:<client id>`, `iam:<account>:role/<name>`. */
  readonly subject: string;
  readonly role: Role;
  readonly lane: Lane;
  readonly plan: string;
  /** The API key's id; absent in other lanes. */
  readonly keyId?: string;
  /** Networks that the credential is bound to, as CIDR blocks; absent means any. */
  readonly cidrs?: readonly string[];
  /** When the credential expires, in Unix seconds; absent means never. */
  readonly expiresAt?: number;
  /** Of the tenant's own policies; absent while it has none beyond the deployment's. */
  readonly policyVersion?: number;
}

/**
 * The authorizer's context as it reaches an integration: API Gateway makes every value a string
 * (AWS: "Output from an API Gateway Lambda authorizer").
 */
export const authorizerContext = z.object({
  tenant: tenantId,
  subject: z.string().min(1).max(256),
  role,
  lane: z.enum(lanes),
  plan: z.string().min(1).max(64),
  keyId: z.string().max(64).optional(),
  cidrs: z
    .string()
    .max(2_000)
    .transform((list) => list.split(','))
    .optional(),
  expiresAt: z.coerce.number().int().positive().optional(),
  policyVersion: z.coerce.number().int().positive().optional(),
});

/** Context values for a principal: flat strings, since API Gateway accepts nothing nested. */
export const toAuthorizerContext = ({
  cidrs,
  expiresAt,
  policyVersion,
  ...principal
}: Principal): Record<string, string> => ({
  ...principal,
  ...(cidrs === undefined ? {} : { cidrs: cidrs.join(',') }),
  ...(expiresAt === undefined ? {} : { expiresAt: String(expiresAt) }),
  ...(policyVersion === undefined ? {} : { policyVersion: String(policyVersion) }),
});

/** The principal in an integration's `requestContext.authorizer`, or undefined when it is not one of ours. */
export const fromAuthorizerContext = (context: unknown): Principal | undefined => {
  const parsed = authorizerContext.safeParse(context);
  if (!parsed.success) return undefined;
  const { keyId, cidrs, expiresAt, policyVersion, ...rest } = parsed.data;
  return {
    ...rest,
    ...(keyId === undefined ? {} : { keyId }),
    ...(cidrs === undefined ? {} : { cidrs }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(policyVersion === undefined ? {} : { policyVersion }),
  };
};

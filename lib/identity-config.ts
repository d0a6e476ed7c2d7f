import * as z from 'zod';
import { role, tenantId } from '../src/principals/principal.ts';

const redirectUri = z.url({ protocol: /^https$/ }).refine((text) => !text.includes('#'), {
  error: 'a redirect URI has no fragment (RFC 6749 §3.1.2)',
});

const loopbackOrigin = z.string().regex(/^https?:\/\/(127\.0\.0\.1|localhost):\d{1,5}$/, {
  error: 'an origin of this machine is scheme, host and port, as in http://127.0.0.1:7490',
});

const machineClient = z.strictObject({
  tenant: tenantId.describe('Whose plan its tokens use.'),
  role: role.default('user'),
});

const cognito = z.strictObject({
  provider: z.literal('cognito'),
  mfa: z.enum(['off', 'optional', 'required']).default('optional'),
  passwordMinLength: z.int().min(8).max(99).default(12),
  domainPrefix: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
      error: 'a domain prefix is a-z, 0-9 and -, and unique in its region',
    })
    .optional()
    .describe('Of the login page. Without it, drawbridge-<env>-<account>.'),
  redirectUris: z
    .array(redirectUri)
    .default([
      'https://claude.ai/api/mcp/auth_callback',
      'https://claude.com/api/mcp/auth_callback',
      'https://chatgpt.com/connector_platform_oauth_redirect',
      'https://vscode.dev/redirect',
      'https://insiders.vscode.dev/redirect',
      'https://www.cursor.com/agents/mcp/oauth/callback',
    ])
    .describe('Where clients that register may have codes sent; loopback addresses always may.'),
  loopbackClientDocuments: z
    .array(loopbackOrigin)
    .default([])
    .describe(
      'Origins of this machine that may hold Client ID Metadata Documents. For the twin: refused for any AWS account.',
    ),
  accessTokenMinutes: z.int().min(5).max(1440).default(60),
  refreshTokenDays: z.int().min(1).max(3650).default(30),
  machineClients: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), machineClient)
    .default({})
    .describe('Clients without a user (client credentials), by name.'),
});

const issuer = z.strictObject({
  issuer: z.url({ protocol: /^https$/ }),
  jwksUri: z.url({ protocol: /^https$/ }),
  requiredScope: z.string().min(1),
  tenantClaim: z.string().min(1),
  roleClaim: z.string().min(1).optional(),
  clientIds: z.array(z.string().min(1)).min(1).optional(),
});

/** Who may sign in besides API keys. */
export const identityConfig = z
  .discriminatedUnion('provider', [
    z.strictObject({ provider: z.literal('none') }),
    cognito,
    z.strictObject({ provider: z.literal('oidc'), issuers: z.array(issuer).min(1).max(5) }),
  ])
  .default({ provider: 'none' });

export type CognitoConfig = z.infer<typeof cognito>;

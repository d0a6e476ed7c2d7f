import * as z from 'zod';

const words = z.string().transform((list) => list.split(' ').filter(Boolean));
const origin = z
  .url({ protocol: /^https?$/ })
  .refine((text) => !text.endsWith('/'), 'must not end in a slash');

/** Clients of the pool other than the shared public one, that may send people through the consent page. */
const otherClients = z.array(
  z.strictObject({
    clientId: z.string().min(1),
    /** Shown to people who are asked for consent. */
    name: z.string().min(1),
    redirectUris: z.array(z.string().min(1)).min(1),
  }),
);
export type OtherClient = z.infer<typeof otherClients>[number];

export const facadeEnv = z.object({
  /** Where clients reach the API; the issuer of the facade. */
  PUBLIC_URL: origin,
  /** The pool's hosted domain. */
  OAUTH_POOL_URL: origin,
  OAUTH_PUBLIC_CLIENT_ID: z.string().min(1),
  OAUTH_REDIRECT_URIS: words,
  OAUTH_SCOPES: words.refine((scopes) => scopes.length > 0, 'must name a scope'),
  OAUTH_JWKS_URI: z.url(),
  OAUTH_SEALING_SECRET_ARN: z.string().min(1),
  /** What people are told they connect to. */
  OAUTH_RESOURCE_NAME: z.string().min(1).default('Drawbridge'),
  /** A JSON array of `OtherClient`. */
  OAUTH_OTHER_CLIENTS: z
    .string()
    .default('[]')
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('must be JSON');
        return z.NEVER;
      }
    })
    .pipe(otherClients),
  /** Origins whose client metadata documents may be on this machine. For local use. */
  OAUTH_LOOPBACK_ORIGINS: words.default([]),
});
export type FacadeEnv = z.infer<typeof facadeEnv>;

/** What the facade is told about itself and the pool behind it. */
export interface FacadeConfig {
  /** RFC 8414 `issuer`: the public URL, without a slash at its end. */
  readonly issuer: string;
  /** RFC 8707 resource: the MCP endpoint. */
  readonly resource: string;
  readonly resourceName: string;
  readonly poolUrl: string;
  readonly jwksUri: string;
  readonly publicClientId: string;
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly otherClients: readonly OtherClient[];
}

export const facadeConfigOf = (env: FacadeEnv): FacadeConfig => ({
  issuer: env.PUBLIC_URL,
  resource: `${env.PUBLIC_URL}/mcp`,
  resourceName: env.OAUTH_RESOURCE_NAME,
  poolUrl: env.OAUTH_POOL_URL,
  jwksUri: env.OAUTH_JWKS_URI,
  publicClientId: env.OAUTH_PUBLIC_CLIENT_ID,
  redirectUris: env.OAUTH_REDIRECT_URIS,
  scopes: env.OAUTH_SCOPES,
  otherClients: env.OAUTH_OTHER_CLIENTS,
});

/** Where the pool sends people back to: the one redirect URI the pool's clients need. */
export const callbackUrl = ({ issuer }: FacadeConfig): string => `${issuer}/oauth/callback`;

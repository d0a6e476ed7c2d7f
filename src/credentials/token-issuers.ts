import * as z from 'zod';
import { role, tenantId } from '../principals/principal.ts';

const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * https, or http to this very machine. Whoever can answer for a JWKS can sign for its issuer, so its bytes may cross
 * no network unprotected; to a loopback host they cross none, and an operator may run an issuer beside the twin.
 */
const isProtected = (text: string): boolean => {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackHost.test(url.hostname));
};

const protectedUrl = z.string().refine(isProtected, {
  error: 'must be a URL with https (http for a loopback host only), without user or fragment',
});

/** RFC 6749 §3.3, `scope-token`. */
const scopeToken = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, {
  error: 'must be one scope: no spaces, quotes or backslashes',
});

const clientId = z.string().min(1).max(200);
const claimName = z.string().min(1).max(128);

const tokenIssuer = z
  .strictObject({
    /** What `iss` must be, to the character: a slash at its end counts. */
    issuer: protectedUrl.refine((text) => !text.includes('?'), { error: 'must have no query' }),
    /** Where its keys are: the only address that a token ever makes the authorizer call. */
    jwksUri: protectedUrl,
    /** What `aud` must hold: this server (RFC 8707 §2), without a slash at the end. */
    resource: protectedUrl.refine((text) => !text.endsWith('/'), {
      error: 'must not end with a slash',
    }),
    /** The only clients that users may come by; without it, every client of this issuer. */
    clientIds: z.array(clientId).min(1).optional(),
    requiredScope: scopeToken,
    /** The claim that names the user's tenant. */
    tenantClaim: claimName,
    /** The claim that names the user's role; a token without it has the role `user`. */
    roleClaim: claimName.optional(),
    /** Cognito's access tokens: `token_use` is there, and `aud` only when a client asked for a `resource`. */
    cognito: z.boolean(),
    /** Machine clients: their tokens are of no user and carry no tenant, so both stand here. */
    clients: z.record(clientId, z.strictObject({ tenant: tenantId, role })).optional(),
  })
  .refine(({ cognito, clientIds, clients }) => !cognito || !!(clientIds ?? clients), {
    error: 'is needed where cognito is true: its tokens may carry no audience',
    path: ['clientIds'],
  });
export type TokenIssuer = z.infer<typeof tokenIssuer>;

const tokenIssuers = z
  .array(tokenIssuer)
  .max(20)
  .refine((all) => new Set(all.map(({ issuer }) => issuer)).size === all.length, {
    error: 'names an issuer twice',
  });

const fromJson = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});

/** Issuers whose access tokens are taken, as a JSON array; none without it. */
export const tokenIssuersEnv = z.object({
  TOKEN_ISSUERS: fromJson.pipe(tokenIssuers).default([]),
});

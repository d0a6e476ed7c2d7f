import * as z from 'zod';
import { role, tenantId, type Role } from '../principals/principal.ts';
import type { TokenIssuer } from './token-issuers.ts';

/** Why claims are refused: for the log. */
export type ClaimRefusal =
  | 'claims'
  | 'expired'
  | 'not-yet-valid'
  | 'token-use'
  | 'audience'
  | 'client'
  | 'scope'
  | 'tenant'
  | 'role';

/** For clocks that disagree, and only where a token is early: `expiresAt` is looked at again where it is served. */
export const clockToleranceSeconds = 30;

const seconds = z.number().min(0).max(99_999_999_999);
const id = z.string().regex(/^[\x20-\x7e]{1,200}$/);

/** RFC 7519 §4.1, RFC 9068 §2.2, and what Cognito, Okta and Entra write in place of it. */
export const jwtClaims = z.looseObject({
  iss: z.string(),
  sub: id,
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: seconds,
  nbf: seconds.optional(),
  iat: seconds.optional(),
  token_use: z.string().optional(),
  username: z.string().optional(),
  client_id: id.optional(),
  azp: id.optional(),
  cid: id.optional(),
  scope: z.string().optional(),
  scp: z.union([z.string(), z.array(z.string())]).optional(),
});
export type JwtClaims = z.infer<typeof jwtClaims>;

/** Whom a token speaks for, once its signature is proved. */
export interface Bearer {
  readonly tenant: string;
  readonly subject: string;
  readonly role: Role;
  /** Unix seconds. */
  readonly expiresAt: number;
}

export type ClaimDecision =
  | { readonly kind: 'accepted'; readonly bearer: Bearer }
  | { readonly kind: 'refused'; readonly reason: ClaimRefusal };

const refused = (reason: ClaimRefusal): ClaimDecision => ({ kind: 'refused', reason });

const clientOf = ({ client_id, azp, cid }: JwtClaims): string | undefined =>
  client_id ?? azp ?? cid;

const scopesOf = ({ scope, scp }: JwtClaims): readonly string[] => {
  const granted = scope ?? scp ?? '';
  return typeof granted === 'string' ? granted.split(' ') : granted;
};

const timeRefusal = ({ exp, nbf, iat }: JwtClaims, now: number): ClaimRefusal | undefined => {
  if (Math.floor(exp) <= now) return 'expired';
  const from = Math.max(nbf ?? 0, iat ?? 0);
  return from > now + clockToleranceSeconds ? 'not-yet-valid' : undefined;
};

/** An ID token is made for a client, not for us, though it has our issuer's signature. */
const isAccessToken = ({ token_use }: JwtClaims, { cognito }: TokenIssuer): boolean =>
  token_use === 'access' || (token_use === undefined && !cognito);

/**
 * Made for this server: by its audience, where there is one. Cognito leaves it out unless the client asked for a
 * resource; then the list of clients has to do, with the scope.
 */
const isForUs = ({ aud }: JwtClaims, { cognito, resource }: TokenIssuer): boolean =>
  aud === undefined ? cognito : [aud].flat().includes(resource);

/** Without a user the subject is the client itself (RFC 9068 §2.2); Auth0 writes it with a suffix. */
const isMachine = ({ sub, username }: JwtClaims, client: string | undefined): client is string =>
  client !== undefined && username === undefined && (sub === client || sub === `${client}@clients`);

type Holder = Omit<Bearer, 'expiresAt'>;

const machine = ({ clients = {} }: TokenIssuer, client: string): Holder | ClaimRefusal => {
  const entry = Object.hasOwn(clients, client) ? clients[client] : undefined;
  return entry === undefined ? 'client' : { ...entry, subject: `client:${client}` };
};

const user = (
  claims: JwtClaims,
  { clientIds, cognito, tenantClaim, roleClaim }: TokenIssuer,
  client: string | undefined,
): Holder | ClaimRefusal => {
  const restricted = clientIds !== undefined || cognito;
  if (restricted && (client === undefined || !clientIds?.includes(client))) return 'client';
  const tenant = tenantId.safeParse(claims[tenantClaim]).data;
  if (tenant === undefined) return 'tenant';
  const claimed = roleClaim === undefined ? undefined : claims[roleClaim];
  const granted = claimed === undefined ? 'user' : role.safeParse(claimed).data;
  return granted === undefined ? 'role' : { tenant, role: granted, subject: `jwt:${claims.sub}` };
};

/** Decides on the claims of a token of this issuer. Proves nothing about its signature. */
export const decideOnClaims = (
  claims: JwtClaims,
  issuer: TokenIssuer,
  nowSeconds: number,
): ClaimDecision => {
  const early = timeRefusal(claims, nowSeconds);
  if (early !== undefined) return refused(early);
  if (!isAccessToken(claims, issuer)) return refused('token-use');
  if (!isForUs(claims, issuer)) return refused('audience');
  if (!scopesOf(claims).includes(issuer.requiredScope)) return refused('scope');
  const client = clientOf(claims);
  const holder = isMachine(claims, client) ? machine(issuer, client) : user(claims, issuer, client);
  if (typeof holder === 'string') return refused(holder);
  return { kind: 'accepted', bearer: { ...holder, expiresAt: Math.floor(claims.exp) } };
};

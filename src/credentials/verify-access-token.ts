import { verifyJwtSync } from 'aws-jwt-verify/jwt-verifier';
import type { Clock } from '../clock/clock.ts';
import type { Principal } from '../principals/principal.ts';
import type { PrincipalReader } from '../registry/registry.ts';
import { JwksSource, type JwksFetch, type JwksPolicy } from './jwks-source.ts';
import {
  clockToleranceSeconds,
  decideOnClaims,
  jwtClaims,
  type ClaimRefusal,
  type JwtClaims,
} from './jwt-claims.ts';
import { readJwt, type FormRefusal } from './jwt-form.ts';
import type { VerificationKey } from './jwt-keys.ts';
import type { TokenIssuer } from './token-issuers.ts';

/** Why an access token was refused: for the log. The caller learns only that it was. */
export type AccessTokenRefusal =
  FormRefusal | ClaimRefusal | 'issuer' | 'key' | 'signature' | 'unknown-tenant' | 'suspended';

export type AccessTokenVerification =
  | {
      readonly kind: 'verified';
      readonly principal: Principal;
      /** The value of the tenant's API Gateway key. */
      readonly usageKey: string;
    }
  | { readonly kind: 'refused'; readonly reason: AccessTokenRefusal };

export interface AccessTokenVerifierDeps {
  readonly issuers: readonly TokenIssuer[];
  readonly tenants: Pick<PrincipalReader, 'getTenant'>;
  readonly fetchJwks: JwksFetch;
  readonly now: Clock;
  readonly jwksPolicy?: Partial<JwksPolicy>;
}

export type AccessTokenVerifier = (token: string) => Promise<AccessTokenVerification>;

interface KnownIssuer {
  readonly issuer: TokenIssuer;
  readonly keys: JwksSource;
}

const refused = (reason: AccessTokenRefusal): AccessTokenVerification => ({
  kind: 'refused',
  reason,
});

/** The library looks at issuer, times and audience once more, on the bytes that were signed. */
const isSigned = (
  token: string,
  { jwk, keyObject }: VerificationKey,
  { aud }: JwtClaims,
  { issuer, resource }: TokenIssuer,
): boolean => {
  try {
    verifyJwtSync(
      token,
      jwk,
      {
        issuer,
        audience: aud === undefined ? null : resource,
        graceSeconds: clockToleranceSeconds,
      },
      () => keyObject,
    );
    return true;
  } catch {
    return false;
  }
};

/**
 * Decides on an access token: what costs nothing first, so that a token which could not pass causes no fetch and no
 * read. One read of the tenant's item, for its plan and status, once the signature is proved.
 *
 * @throws JwksUnavailableError when the key is unknown and the issuer's keys cannot be read, and Error when the
 * registry cannot be: the caller must then fail, never allow.
 */
export const createAccessTokenVerifier = ({
  issuers,
  tenants,
  fetchJwks,
  now,
  jwksPolicy = {},
}: AccessTokenVerifierDeps): AccessTokenVerifier => {
  const known = new Map<string, KnownIssuer>(
    issuers.map((issuer) => {
      const keys = new JwksSource({
        jwksUri: issuer.jwksUri,
        fetchJwks,
        now,
        policy: jwksPolicy,
      });
      return [issuer.issuer, { issuer, keys }];
    }),
  );

  return async (token) => {
    const jwt = readJwt(token);
    if (typeof jwt === 'string') return refused(jwt);
    const claims = jwtClaims.safeParse(jwt.payload).data;
    if (claims === undefined) return refused('claims');
    const from = known.get(claims.iss);
    if (from === undefined) return refused('issuer');
    const decision = decideOnClaims(claims, from.issuer, now() / 1000);
    if (decision.kind === 'refused') return decision;
    const key = await from.keys.keyFor(jwt.header.kid, jwt.header.alg);
    if (key === undefined) return refused('key');
    if (!isSigned(token, key, claims, from.issuer)) return refused('signature');

    const { bearer } = decision;
    const tenant = await tenants.getTenant(bearer.tenant);
    if (tenant === undefined) return refused('unknown-tenant');
    if (tenant.status !== 'active') return refused('suspended');
    return {
      kind: 'verified',
      principal: {
        ...bearer,
        lane: 'jwt',
        plan: tenant.plan,
        ...(tenant.policyVersion === undefined ? {} : { policyVersion: tenant.policyVersion }),
      },
      usageKey: tenant.usageKey,
    };
  };
};

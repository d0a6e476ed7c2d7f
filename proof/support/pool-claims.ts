import { randomUUID } from 'node:crypto';
import type { Cognito } from '../../local/cognito/cognito.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface PoolFacts {
  readonly issuer: string;
  /** The client that everybody shares. */
  readonly clientId: string;
}

/** An access token's claims as Cognito writes them for a user of the tenant; no two are equal. */
export const claimsOf = (
  { issuer, clientId }: PoolFacts,
  tenant: string,
  changes: Claims = {},
): Claims => {
  const now = Math.floor(Date.now() / 1000);
  return {
    sub: 'somebody',
    iss: issuer,
    client_id: clientId,
    token_use: 'access',
    scope: 'drawbridge/mcp',
    username: 'somebody',
    jti: randomUUID(),
    iat: now,
    exp: now + 600,
    tenant,
    ...changes,
  };
};

/** The same for a user of the tenant `demo`, by the pool itself. */
export const poolClaims = ({ settings, clients }: Cognito, changes: Claims = {}): Claims => {
  const clientId = clients.find(({ hasSecret }) => !hasSecret)?.clientId ?? '';
  return claimsOf({ issuer: settings.issuer, clientId }, 'demo', changes);
};

/** The id of the key that the pool signs with. */
export const poolKeyId = (pool: Cognito): string => {
  const [head = ''] = pool.signClaims({}).split('.');
  return (JSON.parse(Buffer.from(head, 'base64url').toString()) as { readonly kid: string }).kid;
};

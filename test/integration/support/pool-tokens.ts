import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Cognito } from '../../../local/cognito/cognito.ts';
import type { RunningTwin } from './running-twin.ts';
import { publicClientId } from './sign-in.ts';

export type Claims = Readonly<Record<string, unknown>>;

const part = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export const poolOf = ({ twin }: RunningTwin): Cognito => twin.pool ?? expect.fail('no user pool');

/** What the pool's key signs: right claims, and anything else. Text is taken as it is, objects as JSON. */
export const poolTokens = (running: RunningTwin) => {
  const pool = poolOf(running);
  const kid = (): string => {
    const [head = ''] = pool.signClaims({}).split('.');
    return (JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }).kid;
  };
  /** An access token's claims as Cognito writes them for a user of the tenant `demo`; no two are equal. */
  const claims = (changes: Claims = {}): Claims => {
    const now = Math.floor(Date.now() / 1000);
    return {
      sub: 'somebody',
      iss: pool.settings.issuer,
      client_id: publicClientId(running),
      token_use: 'access',
      scope: 'drawbridge/mcp',
      username: 'somebody',
      jti: randomUUID(),
      iat: now,
      exp: now + 600,
      tenant: 'demo',
      ...changes,
    };
  };
  return {
    kid,
    claims,
    right: (changes: Claims = {}): string => pool.signClaims(claims(changes)),
    /** A signature that is true, over a header that no pool writes. */
    signed: (header: object | string, payload: object | string = claims()): string => {
      const text = `${part(header)}.${part(payload)}`;
      return `${text}.${pool.signText(text)}`;
    },
    /** With whatever signature. */
    unsigned: (header: object, payload: object, signature: (text: string) => string): string => {
      const text = `${part(header)}.${part(payload)}`;
      return `${text}.${signature(text)}`;
    },
    jwks: async (): Promise<readonly JsonWebKeyOfPool[]> => {
      const response = await fetch(`${pool.url}/${pool.settings.poolId}/.well-known/jwks.json`);
      return ((await response.json()) as { keys: JsonWebKeyOfPool[] }).keys;
    },
  };
};

export interface JsonWebKeyOfPool {
  readonly kid: string;
  readonly kty: string;
  readonly n: string;
  readonly e: string;
}

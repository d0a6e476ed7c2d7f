import { expect } from 'vitest';
import type { Cognito } from '../../../local/cognito/cognito.ts';
import { poolClaims, poolKeyId, type Claims } from '../../../proof/support/pool-claims.ts';
import type { RunningTwin } from './running-twin.ts';

const part = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export const poolOf = ({ twin }: RunningTwin): Cognito => twin.pool ?? expect.fail('no user pool');

/** What the pool's key signs: right claims, and anything else. Text is taken as it is, objects as JSON. */
export const poolTokens = (running: RunningTwin) => {
  const pool = poolOf(running);
  const kid = () => poolKeyId(pool);
  const claims = (changes: Claims = {}) => poolClaims(pool, changes);
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

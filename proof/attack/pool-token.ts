import assert from 'node:assert/strict';
import { poolClaims, poolKeyId, type Claims } from '../support/pool-claims.ts';
import type { Scene } from './scene.ts';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens by the key of the twin's pool: right ones, and any others. */
export const accessToken = ({ rig }: Scene) => {
  const { pool } = rig.twin;
  assert.ok(pool, 'the twin has a pool');
  const claims = (changes: Claims = {}) => poolClaims(pool, changes);
  const kid = poolKeyId(pool);
  return {
    clientId: String(claims()['client_id']),
    issuer: pool.settings.issuer,
    right: (changes: Claims = {}): string => pool.signClaims(claims(changes)),
    /** A true signature over a header that the pool does not write. */
    withHeader: (changes: Claims): string => {
      const text = `${part({ alg: 'RS256', kid, ...changes })}.${part(claims())}`;
      return `${text}.${pool.signText(text)}`;
    },
    /** No signature, or somebody else's. */
    forged: (changes: Claims, signature: string): string =>
      `${part({ alg: 'RS256', kid, ...changes })}.${part(claims())}.${signature}`,
  };
};

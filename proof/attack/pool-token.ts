import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Scene } from './scene.ts';

type Claims = Readonly<Record<string, unknown>>;

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens by the key of the twin's pool: right ones, and any others. */
export const accessToken = ({ rig }: Scene) => {
  const { pool } = rig.twin;
  assert.ok(pool, 'the twin has a pool');
  const publicClient = pool.clients.find(({ hasSecret }) => !hasSecret);
  const claims = (changes: Claims = {}): Claims => {
    const now = Math.floor(Date.now() / 1000);
    return {
      sub: 'somebody',
      iss: pool.settings.issuer,
      client_id: publicClient?.clientId,
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
  const [head = ''] = pool.signClaims({}).split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { readonly kid: string };
  return {
    clientId: publicClient?.clientId ?? '',
    issuer: pool.settings.issuer,
    right: (changes: Claims = {}): string => pool.signClaims(claims(changes)),
    /** A true signature over a header that the pool does not write. */
    withHeader: (changes: Claims): string => {
      const text = `${part({ alg: 'RS256', kid: header.kid, ...changes })}.${part(claims())}`;
      return `${text}.${pool.signText(text)}`;
    },
    /** No signature, or somebody else's. */
    forged: (changes: Claims, signature: string): string =>
      `${part({ alg: 'RS256', kid: header.kid, ...changes })}.${part(claims())}.${signature}`,
  };
};

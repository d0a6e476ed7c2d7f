import {
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
  type JsonWebKey,
} from 'node:crypto';
import * as z from 'zod';

export const signingKey = z.object({ kid: z.string(), pkcs8: z.string() });
export type SigningKey = z.infer<typeof signingKey>;

const base64url = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

export const generateSigningKey = (): SigningKey => ({
  kid: Buffer.from(randomUUID()).toString('base64'),
  pkcs8: generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
});

/** A member of the pool's JWKS, with the members that Cognito writes. */
export const publicJwk = ({ kid, pkcs8 }: SigningKey): JsonWebKey => {
  const { kty, n, e } = createPublicKey(pkcs8).export({ format: 'jwk' });
  return { alg: 'RS256', e, kid, kty, n, use: 'sig' } as JsonWebKey;
};

/** A JWT by RS256 (RFC 7518 §3.3) whose header has what Cognito's has: kid and alg. */
export const signJwt = ({ kid, pkcs8 }: SigningKey, claims: object): string => {
  const signed = `${base64url({ kid, alg: 'RS256' })}.${base64url(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), pkcs8).toString('base64url')}`;
};

const header = z.object({ kid: z.string(), alg: z.literal('RS256') });
const claims = z.record(z.string(), z.unknown());

const decode = (part: string): unknown =>
  JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

/** The claims of a token that one of `keys` signed. Says nothing about its expiry or use. */
export const openJwt = (
  keys: readonly SigningKey[],
  token: string,
): Readonly<Record<string, unknown>> | undefined => {
  const [head = '', body = '', signature = '', ...rest] = token.split('.');
  if (rest.length > 0) return undefined;
  try {
    const { kid } = header.parse(decode(head));
    const key = keys.find((candidate) => candidate.kid === kid);
    if (key === undefined) return undefined;
    const signed = Buffer.from(`${head}.${body}`);
    const genuine = verify(
      'sha256',
      signed,
      createPublicKey(key.pkcs8),
      Buffer.from(signature, 'base64url'),
    );
    return genuine ? claims.parse(decode(body)) : undefined;
  } catch {
    return undefined;
  }
};

import * as z from 'zod';
import { jwtAlgorithms } from './jwt-keys.ts';
import { looksLikeJwt } from './looks-like-jwt.ts';

/** API Gateway takes 10,240 bytes of headers in all; what is longer than this is nobody's access token. */
export const jwtMaxLength = 8 * 1024;

/**
 * `crit` names extensions that must be understood, and none is (RFC 7515 §4.1.11). The others carry or point to a
 * key: keys come from the configured JWKS alone (RFC 8725 §3.10).
 */
const refusedHeaders = ['crit', 'jwk', 'jku', 'x5u', 'x5c'] as const;

/** Tokens of other kinds say so (RFC 8725 §3.11, RFC 9068 §2.1). */
const accessTokenTypes = new Set(['jwt', 'at+jwt', 'application/at+jwt']);

const jwtHeader = z
  .looseObject({
    alg: z.enum(jwtAlgorithms),
    kid: z.string().min(1).max(256),
    typ: z
      .string()
      .refine((typ) => accessTokenTypes.has(typ.toLowerCase()))
      .optional(),
  })
  .refine((header) => !refusedHeaders.some((name) => Object.hasOwn(header, name)));
export type JwtHeader = z.infer<typeof jwtHeader>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes have one spelling in base64url without padding (RFC 7515 §2); others would let one token look like many. */
const isCanonical = (part: string): boolean =>
  part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;

/**
 * Whether an object of this JSON text has a name twice. Parsers differ in which one they keep (RFC 8259 §4), so two
 * readers of one token could see two tenants (RFC 7519 §4: "MUST reject … or use the last").
 */
export const hasDuplicateNames = (validJson: string): boolean => {
  const open: (Set<unknown> | undefined)[] = [];
  // In valid JSON, a string with a colon behind it is a name, and brackets outside strings are structure.
  for (const [token, text, colon] of validJson.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (text !== undefined && colon !== undefined) {
      const names = open.at(-1);
      const name: unknown = JSON.parse(text);
      if (names?.has(name)) return true;
      names?.add(name);
    }
  }
  return false;
};

/** @throws Error when it is not UTF-8 or not JSON. */
const jsonOf = (part: string): unknown => {
  const text = utf8.decode(Buffer.from(part, 'base64url'));
  const value: unknown = JSON.parse(text);
  return hasDuplicateNames(text) ? undefined : value;
};

export interface UnverifiedJwt {
  readonly header: JwtHeader;
  readonly payload: unknown;
}

/** Reads a token without looking at its signature; undefined when it is of no form that is taken. */
export const readJwt = (token: string): UnverifiedJwt | undefined => {
  if (token.length > jwtMaxLength || !looksLikeJwt(token)) return undefined;
  const parts = token.split('.');
  if (!parts.every(isCanonical)) return undefined;
  const [headerPart = '', payloadPart = ''] = parts;
  try {
    const header = jwtHeader.safeParse(jsonOf(headerPart)).data;
    return header === undefined ? undefined : { header, payload: jsonOf(payloadPart) };
  } catch {
    return undefined;
  }
};

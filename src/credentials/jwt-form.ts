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

/** Why something is no token that could be looked at: for the log. */
export type FormRefusal = 'too-long' | 'malformed' | 'duplicate-name' | 'algorithm' | 'header';

const algorithm = z.looseObject({ alg: z.enum(jwtAlgorithms) });

const jwtHeader = algorithm
  .extend({
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

interface Json {
  readonly value: unknown;
  readonly isAmbiguous: boolean;
}

/** Undefined when it is not UTF-8 or not JSON. */
const jsonOf = (part: string): Json | undefined => {
  try {
    const text = utf8.decode(Buffer.from(part, 'base64url'));
    const value: unknown = JSON.parse(text);
    return { value, isAmbiguous: hasDuplicateNames(text) };
  } catch {
    return undefined;
  }
};

export interface UnverifiedJwt {
  readonly header: JwtHeader;
  readonly payload: unknown;
}

/** Reads a token without looking at its signature, or says why it is of no form that is taken. */
export const readJwt = (token: string): UnverifiedJwt | FormRefusal => {
  if (token.length > jwtMaxLength) return 'too-long';
  const parts = token.split('.');
  if (!looksLikeJwt(token) || !parts.every(isCanonical)) return 'malformed';
  const [headPart = '', payloadPart = ''] = parts;
  const head = jsonOf(headPart);
  const payload = jsonOf(payloadPart);
  if (head === undefined || payload === undefined) return 'malformed';
  if (head.isAmbiguous || payload.isAmbiguous) return 'duplicate-name';
  const header = jwtHeader.safeParse(head.value).data;
  if (header !== undefined) return { header, payload: payload.value };
  return algorithm.safeParse(head.value).success ? 'header' : 'algorithm';
};

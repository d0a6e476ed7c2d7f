import { createPublicKey, type KeyObject } from 'node:crypto';
import * as z from 'zod';

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);

/** RFC 7517 §4; only members of public keys, so that no other ever gets into a key object. */
const common = {
  kid: z.string().min(1).max(256),
  alg: z.string().exactOptional(),
  use: z.literal('sig').exactOptional(),
  key_ops: z
    .array(z.string())
    .refine((operations) => operations.includes('verify'))
    .exactOptional(),
};

const publicJwk = z.discriminatedUnion('kty', [
  // 2,048 bits at least (RFC 7518 §3.3): 256 bytes are 342 characters.
  z.object({ ...common, kty: z.literal('RSA'), n: base64url.min(342), e: base64url }),
  z.object({
    ...common,
    kty: z.literal('EC'),
    crv: z.enum(['P-256', 'P-384', 'P-521']),
    x: base64url,
    y: base64url,
  }),
  z.object({ ...common, kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: base64url }),
]);
type PublicJwk = z.infer<typeof publicJwk>;

/** The kind of key that each algorithm takes: `none` and the symmetric ones are not here, so they do not exist. */
const keyOf = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
} as const;
export type JwtAlgorithm = keyof typeof keyOf;
export const jwtAlgorithms = Object.keys(keyOf) as [JwtAlgorithm, ...JwtAlgorithm[]];

export interface VerificationKey {
  readonly jwk: PublicJwk;
  readonly keyObject: KeyObject;
}

const verificationKey = (value: unknown): VerificationKey | undefined => {
  const jwk = publicJwk.safeParse(value).data;
  if (jwk === undefined) return undefined;
  try {
    return { jwk, keyObject: createPublicKey({ key: jwk, format: 'jwk' }) };
  } catch {
    // A point that is not on its curve, for one.
    return undefined;
  }
};

const fits = ({ jwk }: VerificationKey, kid: string, algorithm: JwtAlgorithm): boolean => {
  const wanted = keyOf[algorithm];
  return (
    jwk.kid === kid &&
    jwk.kty === wanted.kty &&
    (jwk.alg === undefined || jwk.alg === algorithm) &&
    (!('crv' in wanted) || ('crv' in jwk && jwk.crv === wanted.crv))
  );
};

const jwks = z.looseObject({ keys: z.array(z.unknown()).max(200) });

/** The keys of one JWKS document that can verify signatures. */
export class VerificationKeys {
  readonly #keys: readonly VerificationKey[];

  private constructor(keys: readonly VerificationKey[]) {
    this.#keys = keys;
  }

  /**
   * Keys of other kinds and uses are passed over (RFC 7517 §5).
   * @throws Error when no key is left: an issuer has one, so this is a fault and no revocation.
   */
  static parse(text: string): VerificationKeys {
    const keys = jwks
      .parse(JSON.parse(text))
      .keys.map(verificationKey)
      .filter((key) => key !== undefined);
    if (keys.length === 0) throw new Error('the JWKS has no key that could verify a signature');
    return new VerificationKeys(keys);
  }

  find(kid: string, algorithm: JwtAlgorithm): VerificationKey | undefined {
    return this.#keys.find((key) => fits(key, kid, algorithm));
  }
}

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { GatewayError } from '../errors/gateway-error.ts';

export interface ArgsDigest {
  readonly bytes: number;
  readonly digest: string;
}

/** JSON text may hold what JSON values cannot: 1e999 is read as Infinity. */
const canonicalText = (args: unknown): string => {
  try {
    return canonicalize(args ?? {}) ?? '{}';
  } catch (cause) {
    throw new GatewayError('INVALID_REQUEST', 'A number in the arguments is out of range', {
      cause,
    });
  }
};

/** Digests tool arguments, so that the audit can prove what was asked without holding it. */
export class ArgsDigester {
  readonly #readSecret: () => Promise<string>;
  #key: Promise<KeyObject> | undefined;

  /** @param readSecret - gives the HMAC key's text; called once, and again after a failure. */
  constructor(readSecret: () => Promise<string>) {
    this.#readSecret = readSecret;
  }

  /**
   * @throws GatewayError INVALID_REQUEST for arguments without a canonical form (RFC 8785 §3.2.2.3), and Error when
   * the key cannot be read: a call that cannot be audited must not run.
   */
  async digest(args: unknown): Promise<ArgsDigest> {
    const text = canonicalText(args);
    const key = await this.#keyObject();
    return {
      bytes: Buffer.byteLength(text),
      digest: createHmac('sha256', key).update(text).digest('base64url'),
    };
  }

  #keyObject(): Promise<KeyObject> {
    this.#key ??= this.#readSecret()
      .then((text) => createSecretKey(Buffer.from(text, 'utf8')))
      .catch((error: unknown) => {
        this.#key = undefined;
        throw error;
      });
    return this.#key;
  }
}

import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/**
 * The key of the chain's codes, of the audit's secret. Argument digests are made with the secret itself, so neither can stand for the
 * other (RFC 5869 §3.2).
 */
export const chainKeyOf = (secret: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'drawbridge audit chain', 32)));

/** The audit's secret, read once for all who need it, and again after a failure. */
export class AuditKey {
  readonly #read: () => Promise<string>;
  #secret: Promise<string> | undefined;
  #chain: KeyObject | undefined;

  /** @param read - gives the secret's text. */
  constructor(read: () => Promise<string>) {
    this.#read = read;
  }

  /** Begins to read, so that the key is there when the first record is. Nobody hears of a failure: the next reader tries again. */
  prefetch(): this {
    this.secret().catch(() => undefined);
    return this;
  }

  /** @throws Error when it cannot be read. */
  secret(): Promise<string> {
    this.#secret ??= this.#read()
      .then((secret) => {
        this.#chain = chainKeyOf(secret);
        return secret;
      })
      .catch((error: unknown) => {
        this.#secret = undefined;
        throw error;
      });
    return this.#secret;
  }

  /** The chain's key, once the secret has been read. */
  get chain(): KeyObject | undefined {
    return this.#chain;
  }
}

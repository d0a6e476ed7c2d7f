import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import * as z from 'zod';

/**
 * The pepper secret's value: `{"current":"2","1":"…","2":"…"}`. Two versions may live at once, so that the pepper
 * can rotate while keys hashed under the old one still verify.
 */
const pepperDocument = z
  .object({ current: z.string().regex(/^[1-9][0-9]*$/) })
  .catchall(z.string().min(32))
  .refine((document) => typeof document[document.current] === 'string', {
    error: 'the current version has no value',
  });

/** Node's own error would quote the text, and this text is a secret. */
const jsonOrNothing = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Hashes API keys. High-entropy secrets need a keyed hash, not a slow one (facts: HMAC 2 µs, scrypt 32 ms). */
export class Pepper {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly currentVersion: string;

  private constructor(currentVersion: string, keys: ReadonlyMap<string, KeyObject>) {
    this.currentVersion = currentVersion;
    this.#keys = keys;
  }

  /** @throws Error when the secret's value is not a pepper document; never with a part of the value in it. */
  static parse(secretString: string): Pepper {
    const parsed = pepperDocument.safeParse(jsonOrNothing(secretString));
    if (!parsed.success) throw new Error('the pepper secret is not a pepper document');
    const { current, ...versions } = parsed.data;
    const keys = Object.entries(versions).map(
      ([version, value]) => [version, createSecretKey(Buffer.from(value, 'utf8'))] as const,
    );
    return new Pepper(current, new Map(keys));
  }

  has(version: string): boolean {
    return this.#keys.has(version);
  }

  /** HMAC-SHA256(pepper, key) under the current version: what is stored instead of the key. */
  hash(apiKey: string): { readonly hash: string; readonly pepperVersion: string } {
    const digest = this.#digest(apiKey, this.currentVersion);
    if (digest === undefined) throw new Error('the current pepper version has no value');
    return { hash: digest.toString('base64url'), pepperVersion: this.currentVersion };
  }

  /** Whether `hash` is this key's, compared in constant time. False when the version is not held any more. */
  matches(apiKey: string, hash: string, version: string): boolean {
    const expected = this.#digest(apiKey, version);
    const stored = Buffer.from(hash, 'base64url');
    return (
      expected !== undefined &&
      expected.length === stored.length &&
      timingSafeEqual(expected, stored)
    );
  }

  #digest(apiKey: string, version: string): Buffer | undefined {
    const key = this.#keys.get(version);
    return key === undefined ? undefined : createHmac('sha256', key).update(apiKey).digest();
  }
}

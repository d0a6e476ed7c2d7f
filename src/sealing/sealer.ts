import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Clock } from '../clock/clock.ts';

/** What a sealed value is for. It is authenticated, so that one cannot be used in place of another. */
export type SealPurpose = 'consent' | 'state' | 'code' | 'input';

interface SealingKey {
  /** Public: the first characters of every value that this key sealed. */
  readonly id: string;
  readonly key: Buffer;
}

const derive = (secret: string, info: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `drawbridge oauth ${info}`, bytes));

const keyOf = (secret: string): SealingKey => {
  if (secret.length < 32) throw new Error('the sealing secret is shorter than 32 characters');
  return {
    id: derive(secret, 'key id', 6).toString('base64url'),
    key: derive(secret, 'sealing key', 32),
  };
};

const nonceBytes = 12;
const tagBytes = 16;
const freshForMs = 5 * 60_000;
const refreshFloorMs = 10_000;
/** More keys than are ever in use at once. */
const maxKeys = 4;

/** Reads the secret's current string. @throws Error when it cannot be read. */
export type ReadSecret = () => Promise<string>;

/**
 * Seals values that travel through a browser or a client (AES-256-GCM): `<key id>.<nonce, ciphertext, tag>`. The key is
 * read again after five minutes, or for a value of a key that is not held, at most every ten seconds. Keys that were
 * read earlier go on opening what they sealed.
 */
export class Sealer {
  readonly #read: ReadSecret;
  readonly #now: Clock;
  readonly #keys = new Map<string, SealingKey>();
  #current: SealingKey | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<SealingKey> | undefined;

  constructor(read: ReadSecret, now: Clock) {
    this.#read = read;
    this.#now = now;
  }

  /** @throws Error when there is no key to seal with. */
  async seal(purpose: SealPurpose, value: object, lifetimeSeconds: number): Promise<string> {
    const { id, key } = await this.#sealingKey();
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(Buffer.from(`${purpose}.${id}`));
    const exp = this.#now() + lifetimeSeconds * 1000;
    const text = Buffer.from(JSON.stringify({ exp, value }));
    const sealed = Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    return `${id}.${sealed.toString('base64url')}`;
  }

  /**
   * What was sealed; nothing when it was not sealed here, for this purpose, or is past its time.
   * @throws Error when there is no key at all.
   */
  async open(purpose: SealPurpose, sealed: string): Promise<unknown> {
    const [id = '', body = '', ...rest] = sealed.split('.');
    if (rest.length > 0 || !/^[\w-]{8}$/u.test(id) || !/^[\w-]+$/u.test(body)) return undefined;
    const key = await this.#openingKey(id);
    if (key === undefined) return undefined;
    const bytes = Buffer.from(body, 'base64url');
    // RFC 4648 §3.5: other spellings of the same bytes are not what was handed out.
    if (bytes.toString('base64url') !== body) return undefined;
    const opened = decrypt(key, purpose, bytes);
    return opened === undefined || opened.exp <= this.#now() ? undefined : opened.value;
  }

  async #sealingKey(): Promise<SealingKey> {
    const now = this.#now();
    const current = this.#current;
    if (current === undefined) return this.#refresh();
    if (now - this.#readAt <= freshForMs || now - this.#attemptedAt < refreshFloorMs) {
      return current;
    }
    return this.#refresh().catch(() => current);
  }

  async #openingKey(id: string): Promise<SealingKey | undefined> {
    if (this.#current === undefined) await this.#refresh();
    const held = this.#keys.get(id);
    if (held !== undefined || this.#now() - this.#attemptedAt < refreshFloorMs) return held;
    await this.#refresh().catch(() => undefined);
    return this.#keys.get(id);
  }

  #refresh(): Promise<SealingKey> {
    this.#attemptedAt = this.#now();
    this.#reading ??= this.#read()
      .then((secret) => {
        const key = keyOf(secret);
        this.#keys.delete(key.id);
        this.#keys.set(key.id, key);
        for (const id of [...this.#keys.keys()].slice(0, -maxKeys)) this.#keys.delete(id);
        this.#current = key;
        this.#readAt = this.#now();
        return key;
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }
}

const decrypt = (
  { id, key }: SealingKey,
  purpose: SealPurpose,
  sealed: Buffer,
): { readonly exp: number; readonly value: unknown } | undefined => {
  if (sealed.length <= nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(`${purpose}.${id}`));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    const text = decipher.update(sealed.subarray(nonceBytes, -tagBytes), undefined, 'utf8');
    // Only what `seal` wrote passes `final`.
    return JSON.parse(text + decipher.final('utf8')) as { exp: number; value: unknown };
  } catch {
    return undefined;
  }
};

import type { Clock } from '../clock/clock.ts';
import { VerificationKeys, type JwtAlgorithm, type VerificationKey } from './jwt-keys.ts';

/** Reads a JWKS document. @throws Error when it cannot be read. */
export type JwksFetch = (jwksUri: string) => Promise<string>;

/** The keys could not be read, and the one asked for is not held: neither true nor false can be said of the token. */
export class JwksUnavailableError extends Error {
  override readonly name = 'JwksUnavailableError';
}

export interface JwksPolicy {
  /** Between two fetches, whatever they were for. */
  readonly floorMs: number;
  /** After which keys are read again: a key taken out of the JWKS is refused from then on. */
  readonly refreshAfterMs: number;
  /** How long keys are served that could not be read again. */
  readonly serveStaleMs: number;
}

const defaultPolicy: JwksPolicy = {
  floorMs: 10_000,
  refreshAfterMs: 3_600_000,
  serveStaleMs: 24 * 3_600_000,
};

export interface JwksSourceDeps {
  readonly jwksUri: string;
  readonly fetchJwks: JwksFetch;
  readonly now: Clock;
  readonly policy?: Partial<JwksPolicy>;
}

interface Held {
  readonly keys: VerificationKeys;
  readonly readAt: number;
}

/** Holds one issuer's keys in memory: read when first asked for, and again for a key that is not held. */
export class JwksSource {
  readonly #deps: JwksSourceDeps;
  readonly #policy: JwksPolicy;
  #held: Held | undefined;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  /** Of the last attempt, when it failed. */
  #failure: unknown;
  #reading: Promise<VerificationKeys> | undefined;

  constructor(deps: JwksSourceDeps) {
    this.#deps = deps;
    this.#policy = { ...defaultPolicy, ...deps.policy };
  }

  /**
   * The key, or undefined when the issuer has none like it.
   * @throws JwksUnavailableError when that cannot be told.
   */
  async keyFor(kid: string, algorithm: JwtAlgorithm): Promise<VerificationKey | undefined> {
    const { floorMs, refreshAfterMs, serveStaleMs } = this.#policy;
    const now = this.#deps.now();
    const age = this.#held === undefined ? Infinity : now - this.#held.readAt;
    const known = age < serveStaleMs ? this.#held?.keys.find(kid, algorithm) : undefined;
    if (known !== undefined && age < refreshAfterMs) return known;

    if (this.#reading === undefined && now - this.#attemptedAt < floorMs) {
      if (known === undefined && this.#failure !== undefined) throw this.#unavailable();
      return known;
    }
    try {
      return (await this.#refresh(now)).find(kid, algorithm);
    } catch {
      if (known === undefined) throw this.#unavailable();
      return known;
    }
  }

  #unavailable(): JwksUnavailableError {
    return new JwksUnavailableError('the keys of an issuer cannot be read', {
      cause: this.#failure,
    });
  }

  #refresh(now: number): Promise<VerificationKeys> {
    // One fetch for all who wait; the floor counts from its begin, so that a slow endpoint is not asked more often.
    this.#reading ??= this.#read(now).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(now: number): Promise<VerificationKeys> {
    this.#attemptedAt = now;
    try {
      const keys = VerificationKeys.parse(await this.#deps.fetchJwks(this.#deps.jwksUri));
      this.#held = { keys, readAt: now };
      this.#failure = undefined;
      return keys;
    } catch (error) {
      this.#failure = error ?? new Error('unknown failure');
      throw error;
    }
  }
}

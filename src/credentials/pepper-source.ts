import type { Clock } from '../clock/clock.ts';
import { Pepper } from './pepper.ts';

/** Reads the secret's current string. @throws Error when it cannot be read. */
export type SecretReader = () => Promise<string>;

const freshForMs = 5 * 60_000;
const refreshFloorMs = 10_000;

/** Holds the pepper in memory, so that a decision needs no call to Secrets Manager. */
export class PepperSource {
  readonly #read: SecretReader;
  readonly #now: Clock;
  #held: { readonly pepper: Pepper; readonly readAt: number } | undefined;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Pepper> | undefined;

  constructor(read: SecretReader, now: Clock) {
    this.#read = read;
    this.#now = now;
  }

  /**
   * The pepper; one that holds `version`, as far as the secret has it. It is read again after five minutes, or for a
   * version that is not held, at most every ten seconds; while reading fails, the held one goes on serving.
   *
   * @throws Error when there is none to serve.
   */
  async get(version?: string): Promise<Pepper> {
    const held = this.#held;
    if (held === undefined) return this.#refresh();
    const stale =
      this.#now() - held.readAt > freshForMs ||
      (version !== undefined && !held.pepper.has(version));
    if (!stale || this.#now() - this.#attemptedAt < refreshFloorMs) return held.pepper;
    return this.#refresh().catch(() => held.pepper);
  }

  #refresh(): Promise<Pepper> {
    this.#attemptedAt = this.#now();
    this.#reading ??= this.#read()
      .then((text) => {
        const pepper = Pepper.parse(text);
        this.#held = { pepper, readAt: this.#now() };
        return pepper;
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }
}

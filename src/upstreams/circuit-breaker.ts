/** What one call showed of the upstream; `nothing` when it ended for reasons of the caller's. */
export type Outcome = 'success' | 'failure' | 'nothing';

export interface CircuitBreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly threshold: number;
  /** For which nothing is tried, milliseconds. */
  readonly openMs: number;
  /** Milliseconds since 1970: it goes on while a function is frozen. */
  readonly now: () => number;
}

/** One admitted call. Reported once. */
export interface Admission {
  /** The one call that finds out whether the upstream is back. */
  readonly isTrial: boolean;
  readonly report: (outcome: Outcome) => void;
}

/**
 * Stops calls to an upstream that fails and fails, and lets one through after a while. Calls beside that one are refused
 * at once: they would wait as long as the failing ones did.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #openedAt: number | undefined;
  #hasTrial = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  get state(): 'ok' | 'failing' | 'open' {
    if (this.#openedAt !== undefined) return 'open';
    return this.#failures > 0 ? 'failing' : 'ok';
  }

  /** @returns undefined when the circuit is open */
  admit(): Admission | undefined {
    if (this.#openedAt === undefined) {
      return { isTrial: false, report: (outcome) => this.#count(outcome) };
    }
    const { now, openMs } = this.#options;
    if (this.#hasTrial || now() - this.#openedAt < openMs) return undefined;
    this.#hasTrial = true;
    return { isTrial: true, report: (outcome) => this.#endTrial(outcome) };
  }

  /** A call that began before the circuit opened says nothing about now. */
  #count(outcome: Outcome): void {
    if (this.#openedAt !== undefined || outcome === 'nothing') return;
    this.#failures = outcome === 'success' ? 0 : this.#failures + 1;
    if (this.#failures >= this.#options.threshold) this.#openedAt = this.#options.now();
  }

  #endTrial(outcome: Outcome): void {
    this.#hasTrial = false;
    if (outcome === 'failure') this.#openedAt = this.#options.now();
    if (outcome !== 'success') return;
    this.#openedAt = undefined;
    this.#failures = 0;
  }
}

/**
 * API Gateway's throttle ("Throttle requests to your REST APIs for better throughput"): `burst` requests at once,
 * refilled at `rate` requests per second. Times are milliseconds of the caller's clock.
 */
export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #burst: number;
  #tokens: number;
  #refilledAt: number;

  constructor(limits: { readonly rate: number; readonly burst: number }, now: number) {
    this.#ratePerMs = limits.rate / 1000;
    this.#burst = limits.burst;
    this.#tokens = limits.burst;
    this.#refilledAt = now;
  }

  /** Takes one token; false when there is none. */
  take(now: number): boolean {
    const elapsed = Math.max(0, now - this.#refilledAt);
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsed * this.#ratePerMs);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

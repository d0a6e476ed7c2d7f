const SLOTS = 30;

interface Counter {
  /** Number of the newest slot counted. */
  slot: number;
  total: number;
  readonly counts: Uint32Array;
}

/** Moves a counter on to `slot`, forgetting the slots that left the window. */
const advance = (counter: Counter, slot: number): void => {
  const steps = Math.min(slot - counter.slot, SLOTS);
  for (let step = 1; step <= steps; step += 1) {
    const index = (counter.slot + step) % SLOTS;
    counter.total -= counter.counts[index] ?? 0;
    counter.counts[index] = 0;
  }
  counter.slot = slot;
};

/**
 * Requests per key over a sliding window, in 30 slots. AWS WAF estimates the rate about every 10 seconds and acts
 * within that delay; the twin counts every request at once, so it blocks the first request over the limit.
 * Keeps the `maxKeys` keys seen last, as WAF tracks a limited number of keys per rule (10,000).
 */
export class SlidingWindow {
  readonly #slotMs: number;
  readonly #maxKeys: number;
  readonly #counters = new Map<string, Counter>();

  constructor(windowMs: number, maxKeys = 10_000) {
    this.#slotMs = windowMs / SLOTS;
    this.#maxKeys = maxKeys;
  }

  /** Counts one request of `key` and gives the number in the window, that one included. */
  hit(key: string, now: number): number {
    const slot = Math.floor(now / this.#slotMs);
    const counter = this.#counter(key, slot);
    counter.total += 1;
    const index = counter.slot % SLOTS;
    counter.counts[index] = (counter.counts[index] ?? 0) + 1;
    return counter.total;
  }

  #counter(key: string, slot: number): Counter {
    const known = this.#counters.get(key);
    if (known) {
      if (slot > known.slot) {
        advance(known, slot);
        this.#counters.delete(key);
        this.#counters.set(key, known);
      }
      return known;
    }
    const counter: Counter = { slot, total: 0, counts: new Uint32Array(SLOTS) };
    this.#counters.set(key, counter);
    if (this.#counters.size > this.#maxKeys) {
      const [oldest] = this.#counters.keys();
      if (oldest !== undefined) this.#counters.delete(oldest);
    }
    return counter;
  }
}

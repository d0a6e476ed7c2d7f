import type { UsageItem } from './usage-item.ts';
import { isStale } from './window.ts';

const maxItems = 1_000;
const maxNames = 20;

/**
 * Counters of windows long gone, as this container last saw them: the next charge of the same item removes them along the
 * way. A container that never saw them removes none.
 */
export class StaleNames {
  readonly #names = new Map<string, readonly string[]>();

  of(pk: string): readonly string[] {
    return this.#names.get(pk) ?? [];
  }

  learn(pk: string, item: UsageItem, at: number): void {
    this.#names.delete(pk);
    const stale: string[] = [];
    for (const name of item.keys()) {
      if (stale.length === maxNames) break;
      if (isStale(name, at)) stale.push(name);
    }
    if (stale.length === 0) return;
    this.#names.set(pk, stale);
    if (this.#names.size <= maxItems) return;
    const [oldest] = this.#names.keys();
    if (oldest !== undefined) this.#names.delete(oldest);
  }
}

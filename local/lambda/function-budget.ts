/** A pool of sandboxes, as the budget that it shares with others sees it. */
export interface BudgetHolder {
  /** When its longest idle sandbox was last used, by `performance.now()`; undefined when none is idle. */
  readonly idleSince: number | undefined;
  /** Whether an event waits for a sandbox that it would have to start. */
  readonly needsPlace: boolean;
  stopLongestIdle(): void;
  /** There may be room now for the sandbox that it was refused. */
  retry(): void;
}

/**
 * What all sandboxes of one function share, whatever tenant they serve: the executions that run at once, and the places
 * for sandboxes. A tenant that needs a place gets the one that lay idle longest with another tenant.
 */
export class FunctionBudget {
  readonly #maxRunning: number;
  readonly #maxSandboxes: number;
  readonly #holders = new Set<BudgetHolder>();
  readonly #waiting = new Set<BudgetHolder>();
  /** Sandboxes that were stopped for another, and are not gone yet. */
  #leaving = 0;
  #running = 0;
  #sandboxes = 0;

  constructor(maxRunning: number, maxSandboxes: number) {
    this.#maxRunning = maxRunning;
    this.#maxSandboxes = Math.min(maxSandboxes, maxRunning);
  }

  join(holder: BudgetHolder): void {
    this.#holders.add(holder);
  }

  part(holder: BudgetHolder): void {
    this.#holders.delete(holder);
    this.#waiting.delete(holder);
  }

  /** @returns false when the event is to be throttled. */
  admit(): boolean {
    if (this.#running >= this.#maxRunning) return false;
    this.#running++;
    return true;
  }

  leave(): void {
    this.#running--;
  }

  /** @returns whether one more sandbox may start; if not, `retry` is called when one may. */
  claim(holder: BudgetHolder): boolean {
    if (this.#sandboxes < this.#maxSandboxes) {
      this.#sandboxes++;
      return true;
    }
    this.#waiting.add(holder);
    this.#makeRoom();
    return false;
  }

  release(): void {
    this.#sandboxes--;
    if (this.#leaving > 0) this.#leaving--;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const holder of waiting) holder.retry();
  }

  /** A sandbox has nothing to do: another tenant may be waiting for its place. */
  onIdle(): void {
    this.#makeRoom();
  }

  #makeRoom(): void {
    const needed = [...this.#waiting].filter(({ needsPlace }) => needsPlace).length;
    if (needed <= this.#leaving) return;
    let longest: BudgetHolder | undefined;
    for (const holder of this.#holders) {
      if (holder.idleSince === undefined) continue;
      if (longest?.idleSince === undefined || holder.idleSince < longest.idleSince) {
        longest = holder;
      }
    }
    if (longest === undefined) return;
    this.#leaving++;
    longest.stopLongestIdle();
  }
}

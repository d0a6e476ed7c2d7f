import type { Ended } from './client-call.ts';

/** The short form shows each fault with few calls; the long one opens circuits, and waits by the clock. */
export type Form = 'short' | 'long';

/** What one fault did to calls. */
export interface Observed {
  readonly calls: number;
  readonly results: number;
  readonly clearErrors: number;
  readonly slowestMs: number;
  /** From the end of the fault to the first result; undefined when there was none. */
  readonly recoveredMs: number | undefined;
  /** A figure that stands under the table. */
  readonly note?: string;
  /** What broke the promise; empty when it was kept. */
  readonly problems: readonly string[];
}

export interface ChaosEntry<Ground> {
  readonly id: string;
  readonly fault: string;
  readonly promise: string;
  readonly run: (ground: Ground, form: Form) => Promise<Observed>;
}

/** Collects how the calls of an entry ended, and what should not have been. */
export class Tally {
  readonly #ended: Ended[] = [];
  readonly #problems: string[] = [];
  #note: string | undefined;
  #recoveredMs: number | undefined;

  /** @param wanted - the only way in which it may have ended; without it, any but an unclear one. */
  take(what: string, ended: Ended, wanted?: 'result' | 'clear error'): void {
    this.#ended.push(ended);
    if (ended.kind !== (wanted ?? ended.kind) || ended.kind === 'unclear') {
      this.#problems.push(`${what}: ${ended.kind} after ${ended.ms} ms: ${ended.what}`);
    }
  }

  /** It must have been refused with this status, and a code. */
  takeRefused(what: string, ended: Ended, status: number): void {
    this.take(what, ended, 'clear error');
    if (ended.status !== status) this.problem(`${what}: ${ended.what}, not ${status}`);
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  note(text: string): void {
    this.#note = text;
  }

  /** Calls until there is a result. What comes before it must be clear errors. */
  async recover(what: string, call: () => Promise<Ended>, withinMs: number): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      const ended = await call();
      const ms = Math.round(performance.now() - startedAt);
      if (ended.kind === 'result') {
        this.#recoveredMs = Math.max(this.#recoveredMs ?? 0, ms);
        return;
      }
      if (ended.kind === 'unclear' || ms > withinMs) {
        this.#problems.push(`${what} was not served again after ${ms} ms: ${ended.what}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  observed(): Observed {
    const of = (kind: Ended['kind']): number =>
      this.#ended.filter((ended) => ended.kind === kind).length;
    return {
      calls: this.#ended.length,
      results: of('result'),
      clearErrors: of('clear error'),
      slowestMs: Math.max(0, ...this.#ended.map(({ ms }) => ms)),
      recoveredMs: this.#recoveredMs,
      problems: this.#problems,
      ...(this.#note === undefined ? {} : { note: this.#note }),
    };
  }
}

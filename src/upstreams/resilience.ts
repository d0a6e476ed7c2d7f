import { setTimeout as sleep } from 'node:timers/promises';
import { CircuitBreaker, type Outcome } from './circuit-breaker.ts';
import { AllPlacesTaken, RequestNotSent } from './not-sent.ts';
import {
  UpstreamError,
  type JsonObject,
  type Upstream,
  type UpstreamFacts,
  type UpstreamFailure,
  type UpstreamRequest,
} from './upstream.ts';

/** What `GET /servers` tells of an upstream. Times are ISO 8601. */
export interface UpstreamState {
  readonly state: 'ok' | 'failing' | 'open';
  readonly lastSuccessAt?: string | undefined;
  readonly lastFailure?: { readonly at: string; readonly failure: UpstreamFailure } | undefined;
}

export interface ResilienceOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
  /** Failures in a row that open the circuit. @default 5 */
  readonly threshold?: number;
  /** For which an open circuit refuses. @default 10000 */
  readonly openMs?: number;
}

/** The upstream answered, or it was the caller: neither says that the next call would fail. */
const outcomes: Partial<Record<UpstreamFailure, Outcome>> = {
  rpc: 'success',
  'needs-input': 'success',
  'too-large': 'success',
  aborted: 'nothing',
  'circuit-open': 'nothing',
};

/** Failures that may be gone a moment later. A call that its server died of is not given to the next one. */
const passing: readonly UpstreamFailure[] = ['unreachable', 'timeout'];

/** Before the second attempt, milliseconds: short, and not the same for all callers of one that restarts. */
const retryDelayMs = { least: 50, spread: 100 };

type Timed = Pick<UpstreamRequest, 'timeoutMs' | 'signal'>;

/**
 * Keeps a failing upstream from costing more than it must: a call ends by its deadline, is repeated once where that is
 * safe, and is refused at once while the upstream is known to fail.
 */
export class ResilientUpstream implements Upstream {
  readonly #upstream: Upstream;
  readonly #breaker: CircuitBreaker;
  readonly #now: () => number;
  readonly #random: () => number;
  #lastSuccessAt: number | undefined;
  #lastFailure: { readonly at: number; readonly failure: UpstreamFailure } | undefined;

  constructor(
    upstream: Upstream,
    { now, random = Math.random, threshold = 5, openMs = 10_000 }: ResilienceOptions,
  ) {
    this.#upstream = upstream;
    this.#breaker = new CircuitBreaker({ threshold, openMs, now });
    this.#now = now;
    this.#random = random;
  }

  get state(): UpstreamState {
    const failed = this.#lastFailure;
    return {
      state: this.#breaker.state,
      ...(this.#lastSuccessAt === undefined
        ? {}
        : { lastSuccessAt: new Date(this.#lastSuccessAt).toISOString() }),
      ...(failed === undefined
        ? {}
        : { lastFailure: { at: new Date(failed.at).toISOString(), failure: failed.failure } }),
    };
  }

  facts(
    request: Omit<UpstreamRequest, 'method' | 'params' | 'repeatable'>,
  ): Promise<UpstreamFacts> {
    return this.#run(request, true, (timed) => this.#upstream.facts({ ...request, ...timed }));
  }

  request(request: UpstreamRequest): Promise<JsonObject> {
    return this.#run(request, request.repeatable, (timed) =>
      this.#upstream.request({ ...request, ...timed }),
    );
  }

  close(): Promise<void> {
    return this.#upstream.close();
  }

  async #run<T>(
    timed: Timed,
    repeatable: boolean,
    attempt: (timed: Timed) => Promise<T>,
  ): Promise<T> {
    const admission = this.#breaker.admit();
    if (admission === undefined) {
      throw new UpstreamError('circuit-open', 'The upstream failed too often just now.');
    }
    let outcome: Outcome = 'nothing';
    try {
      const result = await this.#withDeadline(timed, (until) =>
        // The one call that finds out whether the upstream is back does not insist.
        admission.isTrial ? attempt(until()) : this.#twice(until, repeatable, attempt),
      );
      outcome = 'success';
      this.#lastSuccessAt = this.#now();
      return result;
    } catch (error) {
      const failure = error instanceof UpstreamError ? error.failure : 'unreachable';
      outcome = error instanceof AllPlacesTaken ? 'nothing' : (outcomes[failure] ?? 'failure');
      if (outcome === 'success') this.#lastSuccessAt = this.#now();
      if (outcome === 'failure') this.#lastFailure = { at: this.#now(), failure };
      throw error;
    } finally {
      admission.report(outcome);
    }
  }

  async #twice<T>(
    until: () => Timed,
    repeatable: boolean,
    attempt: (timed: Timed) => Promise<T>,
  ): Promise<T> {
    try {
      return await attempt(until());
    } catch (error) {
      const mayRepeat =
        error instanceof UpstreamError &&
        passing.includes(error.failure) &&
        (repeatable || error instanceof RequestNotSent);
      const delayMs = retryDelayMs.least + this.#random() * retryDelayMs.spread;
      const { timeoutMs, signal } = until();
      if (!mayRepeat || signal.aborted || timeoutMs <= delayMs) throw error;
      await sleep(delayMs, undefined, { signal });
      return await attempt(until());
    }
  }

  /** Ends at the deadline, even if the upstream does not. */
  async #withDeadline<T>(
    { timeoutMs, signal }: Timed,
    work: (until: () => Timed) => Promise<T>,
  ): Promise<T> {
    if (signal.aborted) throw new UpstreamError('aborted', 'The call was given up.');
    const deadline = performance.now() + timeoutMs;
    const ending = new AbortController();
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const end = (error: UpstreamError) => {
      reject(error);
      ending.abort(error);
    };
    const givenUp = () => end(new UpstreamError('aborted', 'The call was given up.'));
    signal.addEventListener('abort', givenUp, { once: true });
    const timer = setTimeout(
      () => end(new UpstreamError('timeout', 'The upstream did not answer in time.')),
      timeoutMs,
    );
    const until = () => ({
      timeoutMs: Math.max(1, Math.floor(deadline - performance.now())),
      signal: ending.signal,
    });
    try {
      return await Promise.race([work(until), ended]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', givenUp);
    }
  }
}

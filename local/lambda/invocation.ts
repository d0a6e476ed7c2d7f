import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { InvokeOptions, InvokeResult, StreamedInvokeResult } from './function-service.ts';

export type InvocationOutcome = InvokeResult | StreamedInvokeResult;

type Phase = 'waiting' | 'streaming' | 'complete';

const errorPayload = (errorType: string, errorMessage: string): Buffer =>
  Buffer.from(JSON.stringify({ errorType, errorMessage }));

export const functionError = (
  errorType: string,
  errorMessage: string,
  payload = errorPayload(errorType, errorMessage),
): Extract<InvokeResult, { kind: 'function-error' }> => ({
  kind: 'function-error',
  errorType,
  errorMessage,
  payload,
});

/** One event on its way through a sandbox. It has exactly one outcome: whoever settles it first decides. */
export class Invocation {
  readonly requestId = randomUUID();
  /** When the event came in, by `performance.now()`. */
  readonly queuedAt = performance.now();
  readonly payload: Buffer;
  readonly traceId: string | undefined;
  readonly tenantId: string | undefined;
  readonly outcome: Promise<InvocationOutcome>;
  readonly #resolve: (outcome: InvocationOutcome) => void;
  readonly #onComplete: () => void;
  #phase: Phase = 'waiting';
  #body: Readable | undefined;

  /** `onComplete` is called once: when the whole response was received, or its error. */
  constructor(payload: Buffer, options: InvokeOptions | undefined, onComplete: () => void) {
    this.payload = payload;
    this.traceId = options?.traceId;
    this.tenantId = options?.tenantId;
    this.#onComplete = onComplete;
    const { promise, resolve } = Promise.withResolvers<InvocationOutcome>();
    this.outcome = promise;
    this.#resolve = resolve;
  }

  settle(result: InvokeResult): void {
    if (this.#phase !== 'waiting') return;
    this.#complete();
    this.#resolve(result);
  }

  /** The first byte of a streamed response has come. `completeStream` or `fail` ends it. */
  beginStream(contentType: string, body: Readable): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'streaming';
    this.#body = body;
    this.#resolve({ kind: 'stream', contentType, body });
  }

  completeStream(): void {
    if (this.#phase === 'streaming') this.#complete();
  }

  /** Ends the invocation with an error, wherever it stands. After completion it does nothing. */
  fail(errorType: string, errorMessage: string, payload?: Buffer): void {
    if (this.#phase === 'waiting') {
      this.settle(functionError(errorType, errorMessage, payload));
    } else if (this.#phase === 'streaming') {
      this.#complete();
      this.#body?.destroy(new Error(`${errorType}: ${errorMessage}`));
    }
  }

  #complete(): void {
    this.#phase = 'complete';
    this.#onComplete();
  }
}

import type { IncomingMessage } from 'node:http';

const NOTHING = Buffer.alloc(0);

export type BodyOutcome =
  | { readonly kind: 'complete'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  /** The client went away before it had sent all. */
  | { readonly kind: 'aborted' };

/**
 * A request body, read as it arrives and kept up to `maxBytes`. What comes after that, or after `discard`, is read and
 * forgotten, so that the client can finish sending and see the answer.
 */
export class RequestBody {
  /** Content-Length; undefined for a chunked body. */
  readonly declaredBytes: number | undefined;
  readonly #maxBytes: number;
  readonly #waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];
  #chunks: Buffer[] = [];
  #received = 0;
  #state: 'reading' | 'complete' | 'aborted' = 'complete';
  #discarding = false;

  constructor(request: IncomingMessage, maxBytes: number) {
    this.#maxBytes = maxBytes;
    const length = request.headers['content-length'];
    const chunked = request.headers['transfer-encoding'] !== undefined;
    this.declaredBytes = chunked ? undefined : Number(length ?? 0);
    if (this.declaredBytes === 0) return;
    this.#state = 'reading';
    request.on('data', (chunk: Buffer) => this.#take(chunk));
    request.once('end', () => this.#finish('complete'));
    request.once('close', () => this.#finish('aborted'));
  }

  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  /** At least the first `bytes`, or all there is. */
  async prefix(bytes: number): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
    await this.#until(bytes + 1);
    const whole = this.#bytes();
    return { bytes: whole.subarray(0, bytes), isCut: whole.length > bytes };
  }

  async whole(): Promise<BodyOutcome> {
    await this.#until(this.#maxBytes + 1);
    if (this.#received > this.#maxBytes) return { kind: 'too-large' };
    if (this.#state === 'aborted') return { kind: 'aborted' };
    return { kind: 'complete', bytes: this.#bytes() };
  }

  discard(): void {
    this.#discarding = true;
    this.#chunks = [];
  }

  #bytes(): Buffer {
    const [first = NOTHING] = this.#chunks;
    if (this.#chunks.length < 2) return first;
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  #until(bytes: number): Promise<void> | undefined {
    if (this.#state !== 'reading' || this.#received >= bytes) return undefined;
    return new Promise((resolve) => this.#waiting.push({ bytes, resolve }));
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > this.#maxBytes) this.discard();
    if (!this.#discarding) this.#chunks.push(chunk);
    this.#wake(this.#received);
  }

  #finish(state: 'complete' | 'aborted'): void {
    if (this.#state === 'reading') this.#state = state;
    this.#wake(Infinity);
  }

  #wake(received: number): void {
    for (let index = this.#waiting.length - 1; index >= 0; index -= 1) {
      const waiter = this.#waiting[index];
      if (!waiter || waiter.bytes > received) continue;
      this.#waiting.splice(index, 1);
      waiter.resolve();
    }
  }
}

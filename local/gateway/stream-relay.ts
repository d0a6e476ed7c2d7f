import type { Readable } from 'node:stream';
import type { Exchange } from './exchange.ts';
import type { Failure } from './failures.ts';
import { MalformedResponse, parseStreamMetadata, type ResponseHead } from './proxy-response.ts';
import { gatewayHeaders } from './send.ts';

/** "The delimiter must be 8 null bytes and it must appear within the first 16KB of stream data." */
const DELIMITER = Buffer.alloc(8);
const MAX_METADATA_BYTES = 16 * 1024;
/** "Response streaming: idle timeout 5 minutes" for regional and private endpoints. */
const IDLE_TIMEOUT_MS = 300_000;

const declaredLength = (headers: readonly string[]): number | undefined => {
  const at = headers.findIndex((name, index) => index % 2 === 0 && /^content-length$/i.test(name));
  return at < 0 ? undefined : Number(headers[at + 1]);
};

/**
 * Passes a streamed Lambda response on to the client: the metadata becomes the head, the payload follows as it
 * arrives, no faster than the client reads. Once the head is out an error can only cut the connection.
 */
export class StreamRelay {
  readonly #exchange: Exchange;
  readonly #body: Readable;
  readonly #startedAt: number;
  readonly #deadline: NodeJS.Timeout;
  readonly #idle: NodeJS.Timeout | undefined;
  #metadata: Buffer | undefined;
  #declaredBytes: number | undefined;
  #isHeadSent = false;
  #isDone = false;
  #resolve: (failure: Failure | undefined) => void = () => undefined;

  /** `startedAt` on performance's clock; `timeoutMs` is for the whole response from then on. */
  constructor(
    exchange: Exchange,
    body: Readable,
    timing: { readonly startedAt: number; readonly timeoutMs: number },
  ) {
    this.#exchange = exchange;
    this.#body = body;
    this.#startedAt = timing.startedAt;
    const left = timing.timeoutMs - (performance.now() - timing.startedAt);
    const expire = (): void => this.#fail({ type: 'INTEGRATION_TIMEOUT' });
    this.#deadline = setTimeout(expire, Math.max(0, left));
    this.#idle = left > IDLE_TIMEOUT_MS ? setTimeout(expire, IDLE_TIMEOUT_MS) : undefined;
  }

  /** Resolves when all is sent or given up: with a failure when nothing was sent, so that it can still be answered. */
  run(): Promise<Failure | undefined> {
    const { response } = this.#exchange;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#body.on('data', (chunk: Buffer) => this.#take(chunk));
      this.#body.once('end', () => this.#end());
      this.#body.once('error', (error) => {
        const cause = `stream broke: ${error.message}`;
        this.#fail({ type: 'INTEGRATION_FAILURE', status: 502, cause });
      });
      this.#body.once('close', () => {
        if (!this.#body.readableEnded) {
          this.#fail({ type: 'INTEGRATION_FAILURE', status: 502, cause: 'stream closed early' });
        }
      });
      // First of the listeners, so that the access log finds the latency set.
      response.prependOnceListener('close', () => this.#finish(undefined));
      if (response.destroyed) this.#finish(undefined);
      if (this.#body.destroyed) {
        this.#fail({ type: 'INTEGRATION_FAILURE', status: 502, cause: 'stream closed early' });
      }
    });
  }

  #elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  #take(chunk: Buffer): void {
    if (this.#isDone) return;
    this.#idle?.refresh();
    if (this.#isHeadSent) {
      this.#write(chunk);
      return;
    }
    this.#metadata = this.#metadata ? Buffer.concat([this.#metadata, chunk]) : chunk;
    const end = this.#metadata.indexOf(DELIMITER);
    if (end < 0 ? this.#metadata.length > MAX_METADATA_BYTES : end + 8 > MAX_METADATA_BYTES) {
      this.#malformed(`no delimiter within the first ${MAX_METADATA_BYTES} bytes`);
    } else if (end >= 0) {
      this.#open(this.#metadata.toString('utf8', 0, end), this.#metadata.subarray(end + 8));
    }
  }

  #open(json: string, payload: Buffer): void {
    let head: ResponseHead;
    try {
      head = parseStreamMetadata(json);
    } catch (error) {
      this.#malformed(error instanceof MalformedResponse ? error.message : 'metadata unreadable');
      return;
    }
    const { integration, response, traceId } = this.#exchange;
    this.#metadata = undefined;
    this.#isHeadSent = true;
    this.#declaredBytes = declaredLength(head.headers);
    integration.functionStatus = head.status;
    integration.timeToAllHeadersMs = this.#elapsedMs();
    this.#exchange.status = head.status;
    const trace = ['X-Amzn-Trace-Id', traceId];
    // Head, first bytes and, for a short answer, the end leave in one packet. Corking the response itself would lose
    // the body when `end` follows at once.
    const { socket } = response;
    socket?.cork();
    setImmediate(() => socket?.uncork());
    response.writeHead(head.status, gatewayHeaders(this.#exchange).concat(trace, head.headers));
    if (payload.length > 0) this.#write(payload);
    else response.flushHeaders();
  }

  #write(chunk: Buffer): void {
    const { integration, response } = this.#exchange;
    integration.timeToFirstContentMs ??= this.#elapsedMs();
    this.#exchange.responseBytes += chunk.length;
    if (this.#declaredBytes !== undefined && this.#exchange.responseBytes > this.#declaredBytes) {
      this.#malformed('more bytes than its Content-Length');
      return;
    }
    if (response.write(chunk)) return;
    this.#body.pause();
    response.once('drain', () => this.#body.resume());
  }

  #end(): void {
    if (!this.#isHeadSent) {
      this.#malformed('the stream ended before the delimiter');
      return;
    }
    const { httpMethod, response, responseBytes } = this.#exchange;
    const isShort = this.#declaredBytes !== undefined && responseBytes < this.#declaredBytes;
    if (isShort && httpMethod !== 'HEAD') {
      this.#malformed('fewer bytes than its Content-Length');
      return;
    }
    response.end();
    this.#finish(undefined);
  }

  /** "Function code does not adhere to the required format: API Gateway returns a 500 error response." */
  #malformed(what: string): void {
    this.#fail({ type: 'DEFAULT_5XX', cause: `Malformed streaming response: ${what}` });
  }

  #fail(failure: Failure): void {
    if (this.#isDone) return;
    this.#exchange.integration.error = failure.cause ?? failure.type;
    if (this.#isHeadSent) this.#exchange.response.destroy();
    this.#finish(this.#isHeadSent ? undefined : failure);
  }

  #finish(failure: Failure | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#idle);
    this.#exchange.integration.latencyMs = this.#elapsedMs();
    if (!this.#body.readableEnded) this.#body.destroy();
    this.#resolve(failure);
  }
}

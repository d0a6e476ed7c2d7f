import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** What answers requests. */
export interface RequestHandler {
  accept(request: IncomingMessage, response: ServerResponse): void;
  /** Whether a body of this many bytes is worth asking for (RFC 9110 §10.1.1, `Expect: 100-continue`). */
  wantsBody(bytes: number): boolean;
}

const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 60_000;
const CLOSE_GRACE_MS = 2_000;
/** Over API Gateway's 10,240 bytes, so that a request of that size is answered in its way. */
const PARSER_HEAD_BYTES = 32 * 1024;
/** How many requests wait for a handler while there is none. */
const MAX_WAITING = 1_000;

const PARSE_FAILURES: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** Answers what is no HTTP request; a connection that is being answered already can only be cut. */
const refuseInvalid = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  const [status, message] = PARSE_FAILURES[error.code ?? ''] ?? [400, 'Bad Request'];
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ message });
  const head = `HTTP/1.1 ${status} ${message}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  socket.end(head + body, () => socket.destroy());
};

const listen = (server: Server, port: number, host: string): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * An address that stays while what answers at it is exchanged: requests that come in between wait, and are not refused.
 */
export class HttpListener {
  readonly #server: Server;
  readonly #answering = new WeakMap<Duplex, ServerResponse>();
  readonly #open = new Set<ServerResponse>();
  #handler: RequestHandler | undefined;
  #waiting: Waiting[] = [];
  #isClosing = false;
  #address: AddressInfo | undefined;

  private constructor() {
    const take = (request: IncomingMessage, response: ServerResponse) =>
      this.#take(request, response);
    this.#server = createServer(
      {
        maxHeaderSize: PARSER_HEAD_BYTES,
        headersTimeout: REQUEST_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: 2_000,
      },
      take,
    );
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      const bytes = Number(request.headers['content-length'] ?? 0);
      if (this.#handler?.wantsBody(bytes) ?? true) response.writeContinue();
      take(request, response);
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      const response = this.#answering.get(socket);
      if (response?.headersSent && !response.writableFinished) socket.destroy();
      else refuseInvalid(error, socket);
    });
  }

  /** @param port - 0 takes a free one. @throws Error EADDRINUSE */
  static async open(
    port: number,
    host: string,
    onError: (error: Error) => void = () => undefined,
  ): Promise<HttpListener> {
    const listener = new HttpListener();
    listener.#address = await listen(listener.#server, port, host);
    listener.#server.on('error', onError);
    return listener;
  }

  get port(): number {
    return this.#address?.port ?? 0;
  }

  /** `http://127.0.0.1:7400`, without a trailing slash. */
  get url(): string {
    const { address = '', family } = this.#address ?? {};
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${this.port}`;
  }

  serve(handler: RequestHandler): void {
    this.#handler = handler;
    for (const { request, response } of this.#waiting.splice(0)) {
      if (!request.destroyed) handler.accept(request, response);
    }
  }

  /** Keeps new requests waiting, and gives those under way two seconds; what is left then is cut. */
  async pause(): Promise<void> {
    const handler = this.#handler;
    this.#handler = undefined;
    if (handler === undefined) return;
    const underWay = [...this.#open].filter(
      (response) => !this.#waiting.some((waiting) => waiting.response === response),
    );
    const ended = underWay.map(
      (response) => new Promise<void>((resolve) => response.once('close', () => resolve())),
    );
    const cut = setTimeout(() => {
      for (const response of underWay) response.destroy();
    }, CLOSE_GRACE_MS);
    await Promise.all(ended);
    clearTimeout(cut);
  }

  /** Stops accepting, gives requests under way two seconds, then cuts what is left. */
  close(): Promise<void> {
    this.#isClosing = true;
    for (const { response } of this.#waiting.splice(0)) response.destroy();
    return new Promise((resolve) => {
      const cut = setTimeout(() => this.#server.closeAllConnections(), CLOSE_GRACE_MS);
      this.#server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    this.#answering.set(request.socket, response);
    this.#open.add(response);
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#isClosing) setImmediate(() => this.#server.closeIdleConnections());
    });
    if (this.#handler !== undefined) this.#handler.accept(request, response);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ request, response });
    else response.destroy();
  }
}

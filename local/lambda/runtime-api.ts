import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Invocation } from './invocation.ts';
import { MAX_RESPONSE_BYTES } from './limits.ts';
import { parseRuntimeError, type RuntimeError } from './runtime-error.ts';
import { receiveStream } from './streamed-response.ts';

const ROOT = '/2018-06-01/runtime/';
const INVOCATION = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;

/** What a runtime tells its sandbox. */
export interface RuntimeEvents {
  /** The runtime asks for its next event: the last invocation is over. */
  onNext(): void;
  onInitError(error: RuntimeError): void;
}

/**
 * The Lambda Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) of one sandbox, on a port of its
 * own: AWS_LAMBDA_RUNTIME_API holds a host and a port, so the port is the sandbox's identity.
 */
export class RuntimeApi {
  readonly #server: Server;
  readonly #events: RuntimeEvents;
  readonly #functionArn: string;
  #pendingNext: ServerResponse | undefined;
  #current: Invocation | undefined;

  constructor(functionArn: string, events: RuntimeEvents) {
    this.#functionArn = functionArn;
    this.#events = events;
    this.#server = createServer(
      { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, maxHeaderSize: 1024 * 1024 },
      (request, response) => this.#route(request, response),
    );
  }

  /** Resolves with the `host:port` for AWS_LAMBDA_RUNTIME_API. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Answers the waiting `next`. @throws Error when the runtime has not asked for one. */
  dispatch(invocation: Invocation, deadlineMs: number): void {
    const response = this.#pendingNext;
    if (response === undefined) throw new Error('The runtime is not waiting for an event.');
    this.#pendingNext = undefined;
    this.#current = invocation;
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': invocation.payload.length,
      'Lambda-Runtime-Aws-Request-Id': invocation.requestId,
      'Lambda-Runtime-Deadline-Ms': deadlineMs,
      'Lambda-Runtime-Invoked-Function-Arn': this.#functionArn,
      ...(invocation.traceId === undefined
        ? {}
        : { 'Lambda-Runtime-Trace-Id': invocation.traceId }),
      ...(invocation.tenantId === undefined
        ? {}
        : { 'Lambda-Runtime-Aws-Tenant-Id': invocation.tenantId }),
    });
    response.end(invocation.payload);
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    if (request.method === 'GET' && url === `${ROOT}invocation/next`) {
      this.#pendingNext = response;
      this.#events.onNext();
      return;
    }
    if (request.method === 'POST' && url === `${ROOT}init/error`) {
      collect(request, MAX_RESPONSE_BYTES, (body) => {
        accept(response);
        this.#events.onInitError(parseRuntimeError(body ?? Buffer.alloc(0)));
      });
      return;
    }
    const [, id, kind] = (request.method === 'POST' && INVOCATION.exec(url)) || [];
    if (id === undefined) {
      refuse(response, 404, 'NotFound', `The twin's Runtime API has no ${request.method} ${url}.`);
    } else if (id !== this.#current?.requestId) {
      refuse(response, 400, 'InvalidRequestID', `${id} is not the current invocation.`);
    } else if (kind === 'error') {
      this.#receiveError(this.#current, request, response);
    } else if (request.headers['lambda-runtime-function-response-mode'] === 'streaming') {
      receiveStream(this.#current, request, () => accept(response));
    } else {
      this.#receiveResponse(this.#current, request, response);
    }
  }

  #receiveResponse(
    invocation: Invocation,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    collect(request, MAX_RESPONSE_BYTES, (payload) => {
      if (payload !== undefined) {
        accept(response);
        invocation.settle({ kind: 'payload', payload });
        return;
      }
      const message = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
      refuse(response, 413, 'RequestEntityTooLarge', message);
      invocation.fail('Function.ResponseSizeTooLarge', message);
    });
  }

  #receiveError(invocation: Invocation, request: IncomingMessage, response: ServerResponse): void {
    collect(request, MAX_RESPONSE_BYTES, (body) => {
      accept(response);
      const error = parseRuntimeError(body ?? Buffer.alloc(0));
      invocation.fail(error.errorType, error.errorMessage, error.payload);
    });
  }
}

/** Reads a whole body; `undefined` when it was longer than `limit`. A body cut short is the sandbox's exit to report. */
const collect = (
  request: IncomingMessage,
  limit: number,
  done: (body: Buffer | undefined) => void,
): void => {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  });
  request.on('end', () => {
    if (size > limit) done(undefined);
    else done(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  });
};

const accept = (response: ServerResponse): void => {
  response.writeHead(202, { 'Content-Type': 'application/json', 'Content-Length': 15 });
  response.end('{"status":"OK"}');
};

const refuse = (response: ServerResponse, status: number, type: string, message: string): void => {
  const body = JSON.stringify({ errorType: type, errorMessage: message });
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
};

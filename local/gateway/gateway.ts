import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FunctionService } from '../lambda/function-service.ts';
import type { Deployment } from '../template/deployment.ts';
import type { UsageMeter } from '../usage/api-key-service.ts';
import { loadWebAcl } from '../waf/web-acl.ts';
import { compileAccessLog } from './access-log.ts';
import { Exchange } from './exchange.ts';
import type { VerifyIam } from './iam.ts';
import { MAX_BODY_BYTES, Pipeline } from './pipeline.ts';
import { RequestBody } from './request-body.ts';
import { readRestApi } from './rest-api.ts';
import { sendWhole } from './send.ts';

export interface GatewayOptions {
  readonly deployment: Deployment;
  readonly functions: FunctionService;
  readonly usage: UsageMeter;
  /** 0 takes a free one. */
  readonly port: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
  readonly accessLog: (logGroupName: string, line: string) => void;
  /** One line per failure of the API's own making, as API Gateway's execution logs say it. Never headers or bodies. */
  readonly executionLog?: (line: string) => void;
  /** Needed when the template has AWS_IAM methods. */
  readonly verifyIam?: VerifyIam;
  /** Milliseconds since the epoch. @default Date.now */
  readonly clock?: () => number;
}

export interface Gateway {
  /** `http://127.0.0.1:7400`, without a trailing slash. */
  readonly url: string;
  /** Parts of the template that nobody but AWS can evaluate, to be said at start-up. */
  readonly notEvaluated: readonly string[];
  /** Stops accepting, gives requests under way two seconds, then cuts what is left. */
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 60_000;
/** How long a client may go on sending a body after it has been answered. */
const LINGER_MS = 5_000;
const CLOSE_GRACE_MS = 2_000;
/** Over API Gateway's 10,240 bytes, so that a request of that size is answered in its way. */
const PARSER_HEAD_BYTES = 32 * 1024;

/** Path and query of a request target, which may be in absolute form; slashes in front count as one. */
const splitTarget = (target: string): { readonly path: string; readonly queryString: string } => {
  const origin = target.replace(/^https?:\/\/[^/?]*/i, '');
  const at = origin.indexOf('?');
  const path = at < 0 ? origin : origin.slice(0, at);
  return {
    path: path.startsWith('/') ? path.replace(/^\/{2,}/, '/') : `/${path}`,
    queryString: at < 0 ? '' : origin.slice(at + 1),
  };
};

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

/**
 * Serves the template's REST API as a custom domain with an empty base path would: no stage in the path.
 * @throws Error naming what of the template the twin does not implement, or the listen error (EADDRINUSE).
 */
export const startGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const { deployment, functions, usage, verifyIam } = options;
  const clock = options.clock ?? Date.now;
  const api = readRestApi(deployment);
  const stageArn = `arn:aws:apigateway:${api.region}::/restapis/${api.apiId}/stages/${api.stage}`;
  const webAcl = loadWebAcl({ deployment, stageArn, clock });
  const pipeline = new Pipeline({ api, functions, usage, webAcl, verifyIam, clock });
  const formatLine = api.accessLog && compileAccessLog(api.accessLog.format);
  const answering = new WeakMap<Duplex, ServerResponse>();

  let isClosing = false;

  const finish = (exchange: Exchange): void => {
    if (isClosing) setImmediate(() => server.closeIdleConnections());
    if (api.accessLog && formatLine)
      options.accessLog(api.accessLog.logGroupName, formatLine(exchange));
    const cause = exchange.failure?.cause ?? exchange.integration.error;
    if (cause !== undefined) options.executionLog?.(`(${exchange.requestId}) ${cause}`);
    if (exchange.body.isComplete) return;
    exchange.body.discard();
    const linger = setTimeout(() => exchange.request.socket.destroy(), LINGER_MS).unref();
    exchange.request.once('close', () => clearTimeout(linger));
  };

  const serve = async (exchange: Exchange): Promise<void> => {
    try {
      const answer = await pipeline.answer(exchange);
      if (answer) sendWhole(exchange, answer);
      else if (!exchange.response.headersSent) exchange.response.destroy();
    } catch (error) {
      const cause = error instanceof Error ? error.message : 'unknown error';
      if (exchange.response.headersSent) exchange.response.destroy();
      else sendWhole(exchange, pipeline.breakdown(exchange, cause));
    }
  };

  const accept = (request: IncomingMessage, response: ServerResponse): void => {
    const body = new RequestBody(request, MAX_BODY_BYTES);
    const target = splitTarget(request.url ?? '/');
    const exchange = new Exchange({ api, request, response, receivedAt: clock(), body, ...target });
    answering.set(request.socket, response);
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.once('close', () => finish(exchange));
    serve(exchange).catch(() => response.destroy());
  };

  const server = createServer(
    {
      maxHeaderSize: PARSER_HEAD_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 2_000,
    },
    accept,
  );
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const isTooLarge = Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES;
    if (!isTooLarge) response.writeContinue();
    accept(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const response = answering.get(socket);
    if (response?.headersSent && !response.writableFinished) socket.destroy();
    else refuseInvalid(error, socket);
  });

  const host = options.host ?? '127.0.0.1';
  const address = await listen(server, options.port, host);
  server.on('error', (error) => options.executionLog?.(`listener: ${error.message}`));
  const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${authority}:${address.port}`,
    notEvaluated: webAcl?.notEvaluated ?? [],
    close: () =>
      new Promise((resolve) => {
        isClosing = true;
        const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
};

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FunctionService } from '../lambda/function-service.ts';
import type { Deployment } from '../template/deployment.ts';
import type { UsageMeter } from '../usage/api-key-service.ts';
import { loadWebAcl } from '../waf/web-acl.ts';
import { compileAccessLog } from './access-log.ts';
import { Exchange } from './exchange.ts';
import { HttpListener } from './http-listener.ts';
import type { VerifyIam } from './iam.ts';
import { MAX_BODY_BYTES, Pipeline } from './pipeline.ts';
import { RequestBody } from './request-body.ts';
import { readRestApi } from './rest-api.ts';
import { sendWhole } from './send.ts';

export interface GatewayOptions {
  readonly deployment: Deployment;
  readonly functions: FunctionService;
  readonly usage: UsageMeter;
  /** @default 0: a free one */
  readonly port?: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** Where it answers, when that outlives it: `port` and `host` are then not used. */
  readonly listener?: HttpListener | undefined;
  readonly accessLog: (logGroupName: string, line: string) => void;
  readonly wafLog: (logGroupName: string, line: string) => void;
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
  /**
   * Stops accepting, gives requests under way two seconds, then cuts what is left. A listener of somebody else's goes on:
   * its requests wait.
   */
  close(): Promise<void>;
}

/** How long a client may go on sending a body after it has been answered. */
const LINGER_MS = 5_000;

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

/**
 * Serves the template's REST API as a custom domain with an empty base path would: no stage in the path.
 * @throws Error naming what of the template the twin does not implement, or the listen error (EADDRINUSE).
 */
export const startGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const { deployment, functions, usage, verifyIam } = options;
  const clock = options.clock ?? Date.now;
  const api = readRestApi(deployment);
  const stageArn = `arn:aws:apigateway:${api.region}::/restapis/${api.apiId}/stages/${api.stage}`;
  const webAcl = loadWebAcl({ deployment, stageArn, clock, log: options.wafLog });
  const pipeline = new Pipeline({ api, functions, usage, webAcl, verifyIam, clock });
  const formatLine = api.accessLog && compileAccessLog(api.accessLog.format);

  const finish = (exchange: Exchange): void => {
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
    response.once('close', () => finish(exchange));
    serve(exchange).catch(() => response.destroy());
  };

  const listener =
    options.listener ??
    (await HttpListener.open(options.port ?? 0, options.host ?? '127.0.0.1', (error) =>
      options.executionLog?.(`listener: ${error.message}`),
    ));
  listener.serve({ accept, wantsBody: (bytes) => bytes <= MAX_BODY_BYTES });
  return {
    url: listener.url,
    notEvaluated: webAcl?.notEvaluated ?? [],
    close: () => (options.listener === undefined ? listener.close() : listener.pause()),
  };
};

import type { FunctionService } from '../lambda/function-service.ts';
import { TokenBucket } from '../usage/token-bucket.ts';
import type { UsageMeter } from '../usage/api-key-service.ts';
import type { WebAcl } from '../waf/web-acl.ts';
import { RequestAuthorizer } from './authorizer.ts';
import { HTTP_METHODS, type Exchange } from './exchange.ts';
import type { Failure } from './failures.ts';
import { GatewayResponses, type WholeResponse } from './gateway-responses.ts';
import type { VerifyIam } from './iam.ts';
import { runLambda, type IntegrationOutcome } from './lambda-integration.ts';
import { compileMock, type Mock } from './mock-integration.ts';
import type { Method } from './model.ts';
import type { RestApi } from './rest-api.ts';
import { Router } from './router.ts';

/** "Payload size: 10 MB" (api-gateway-execution-service-limits-table). */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** "Total combined size of request line and header values: 10,240 bytes." */
const MAX_HEAD_BYTES = 10_240;

interface Route {
  readonly method: Method;
  readonly authorizer: RequestAuthorizer | undefined;
  readonly bucket: TokenBucket | undefined;
  readonly mock: Mock | undefined;
}

export interface PipelineOptions {
  readonly api: RestApi;
  readonly functions: FunctionService;
  readonly usage: UsageMeter;
  readonly webAcl: WebAcl | undefined;
  readonly verifyIam: VerifyIam | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** What a request ends in; undefined when the answer is on its way, or nobody is left to get one. */
type Outcome = IntegrationOutcome;

const headBytes = ({ request }: Exchange): number => {
  let bytes = (request.method?.length ?? 0) + (request.url?.length ?? 0);
  for (const text of request.rawHeaders) bytes += text.length;
  return bytes;
};

/** The road of a request through API Gateway, from the web ACL to the integration. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #responses: GatewayResponses;
  readonly #router: Router<Route>;
  readonly #apiStage: { readonly apiId: string; readonly stage: string };

  /** @throws Error naming what of the API the twin does not implement. */
  constructor(options: PipelineOptions) {
    const { api, functions, clock } = options;
    this.#options = options;
    this.#responses = new GatewayResponses(api.gatewayResponses);
    this.#apiStage = { apiId: api.apiId, stage: api.stage };
    const authorizers = new Map<string, RequestAuthorizer>();
    this.#router = new Router(
      api.methods.map((method) => {
        if (method.authorization.kind === 'iam' && !options.verifyIam) {
          throw new Error(`${method.displayName}: AWS_IAM needs a signature verifier.`);
        }
        const custom =
          method.authorization.kind === 'custom' ? method.authorization.authorizer : undefined;
        const authorizer =
          custom && (authorizers.get(custom.id) ?? new RequestAuthorizer(custom, functions, clock));
        if (custom && authorizer) authorizers.set(custom.id, authorizer);
        const target: Route = {
          method,
          authorizer,
          bucket: method.throttle && new TokenBucket(method.throttle, clock()),
          mock: method.integration.kind === 'mock' ? compileMock(method.integration) : undefined,
        };
        return { method, target };
      }),
    );
  }

  /** The answer of a request, or undefined when it has been streamed or the client is gone. */
  async answer(exchange: Exchange): Promise<WholeResponse | undefined> {
    const outcome = await this.#run(exchange);
    if (outcome === undefined || !('type' in outcome)) return outcome;
    exchange.failure = outcome;
    exchange.body.discard();
    return this.#responses.render(exchange);
  }

  /** The gateway's own 500, for when answering went wrong. */
  breakdown(exchange: Exchange, cause: string): WholeResponse {
    exchange.failure = { type: 'DEFAULT_5XX', cause };
    return this.#responses.render(exchange);
  }

  async #run(exchange: Exchange): Promise<Outcome> {
    if (headBytes(exchange) > MAX_HEAD_BYTES) {
      return { type: 'DEFAULT_4XX', status: 431, message: 'Request Header Fields Too Large' };
    }
    const { webAcl } = this.#options;
    const blocked = webAcl && (await this.#filter(exchange, webAcl));
    if (blocked) return blocked;
    const route = this.#route(exchange);
    if ('type' in route) return route;
    if ((exchange.body.declaredBytes ?? 0) > MAX_BODY_BYTES) return { type: 'REQUEST_TOO_LARGE' };
    const refusal =
      (await this.#authorize(exchange, route)) ??
      this.#meter(exchange, route) ??
      this.#throttle(route);
    return refusal ?? this.#integrate(exchange, route);
  }

  async #filter(exchange: Exchange, webAcl: WebAcl): Promise<WholeResponse | Failure | undefined> {
    const { request, path, queryString, sourceIp } = exchange;
    const startedAt = performance.now();
    const body =
      webAcl.bodyInspectionBytes > 0
        ? await exchange.body.prefix(webAcl.bodyInspectionBytes)
        : undefined;
    const verdict = webAcl.evaluate({
      requestId: exchange.extendedRequestId,
      httpVersion: exchange.protocol,
      sourceIp,
      method: request.method ?? '',
      uriPath: path,
      queryString,
      rawHeaders: request.rawHeaders,
      body: body?.bytes ?? Buffer.alloc(0),
      bodyIsCut: body?.isCut ?? false,
    });
    exchange.wafArn = webAcl.arn;
    exchange.wafVerdict = verdict.kind === 'allow' ? 'WAF_ALLOW' : 'WAF_BLOCK';
    exchange.waf.status = verdict.kind === 'allow' ? 200 : 403;
    exchange.waf.latencyMs = Math.round(performance.now() - startedAt);
    if (verdict.kind === 'allow') return undefined;
    if (!verdict.response) return { type: 'WAF_FILTERED' };
    exchange.body.discard();
    return { ...verdict.response, headers: verdict.response.headers.flat() };
  }

  #route(exchange: Exchange): Route | Failure {
    if (/[|{}]/.test(exchange.queryString)) return { type: 'DEFAULT_4XX', status: 400 };
    let match;
    try {
      match = this.#router.match(exchange.path);
    } catch {
      return { type: 'DEFAULT_4XX', status: 400 };
    }
    const { httpMethod } = exchange;
    const any = HTTP_METHODS.has(httpMethod) ? match?.methods.get('ANY') : undefined;
    const route = match?.methods.get(httpMethod) ?? any;
    if (!route) return { type: 'MISSING_AUTHENTICATION_TOKEN' };
    exchange.method = route.method;
    exchange.pathParameters = match?.parameters;
    return route;
  }

  async #authorize(exchange: Exchange, route: Route): Promise<Failure | undefined> {
    if (route.authorizer) return route.authorizer.authorize(exchange);
    const { verifyIam } = this.#options;
    if (route.method.authorization.kind !== 'iam' || !verifyIam) return undefined;
    const body = await exchange.body.whole();
    if (body.kind === 'too-large') return { type: 'REQUEST_TOO_LARGE' };
    if (body.kind === 'aborted') return { type: 'BAD_REQUEST_BODY', cause: 'client went away' };
    const startedAt = performance.now();
    const { httpMethod, methodArn, path, queryString, request } = exchange;
    const verdict = await verifyIam({
      method: request.method ?? httpMethod,
      path,
      queryString,
      rawHeaders: request.rawHeaders,
      body: body.bytes,
      methodArn,
    });
    exchange.authentication.latencyMs = Math.round(performance.now() - startedAt);
    exchange.authentication.status = verdict.kind === 'allowed' ? 200 : 403;
    if (verdict.kind === 'refused') {
      exchange.authentication.error = verdict.message ?? verdict.type;
      return {
        type: verdict.type,
        ...(verdict.message !== undefined && { message: verdict.message }),
      };
    }
    exchange.iam = verdict.identity;
    return undefined;
  }

  #meter(exchange: Exchange, route: Route): Failure | undefined {
    if (!route.method.apiKeyRequired) return undefined;
    const value =
      this.#options.api.apiKeySource === 'AUTHORIZER'
        ? exchange.grant?.usageIdentifierKey
        : exchange.header('x-api-key');
    const admission =
      value === undefined
        ? ({ kind: 'invalid-key' } as const)
        : this.#options.usage.admit(value, this.#apiStage);
    switch (admission.kind) {
      case 'invalid-key':
        return { type: 'INVALID_API_KEY' };
      case 'throttled':
        return { type: 'THROTTLED' };
      case 'quota-exceeded':
        return { type: 'QUOTA_EXCEEDED' };
      case 'admitted':
        exchange.apiKey = value;
        exchange.apiKeyId = admission.apiKeyId;
        return undefined;
    }
  }

  #throttle(route: Route): Failure | undefined {
    if (!route.bucket || route.bucket.take(this.#options.clock())) return undefined;
    return { type: 'THROTTLED' };
  }

  async #integrate(exchange: Exchange, route: Route): Promise<Outcome> {
    const body = await exchange.body.whole();
    if (body.kind === 'too-large') return { type: 'REQUEST_TOO_LARGE' };
    if (body.kind === 'aborted') return undefined;
    const { integration } = route.method;
    if (integration.kind === 'lambda') {
      return runLambda(exchange, integration, this.#options.functions, body.bytes);
    }
    return route.mock?.(exchange, body.bytes);
  }
}

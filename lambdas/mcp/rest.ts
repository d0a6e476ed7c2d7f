import type { Clock } from '../../src/clock/clock.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import type { CallOutcome, CallRequest, Gateway } from '../../src/gateway/gateway.ts';
import { isObject } from '../../src/gateway/definitions.ts';
import type { Principal } from '../../src/principals/principal.ts';
import { percentOfFullest } from '../../src/quota/fullest-limit.ts';
import type { LimitState, UsageReader } from '../../src/quota/meter.ts';
import { rateLimitHeaders } from '../../src/quota/rate-limit-headers.ts';
import { whoAmI } from '../../src/principals/who-am-i.ts';
import { openApiOf } from '../../src/tools/openapi.ts';
import { ToolError } from '../../src/tools/tool.ts';
import { traceContextOf } from '../../src/trace/trace-context.ts';
import type { JsonObject } from '../../src/upstreams/upstream.ts';
import type { HttpResponse } from '../middleware/error-response.ts';
import type { RequestAudit } from './auditor.ts';
import { lowerCaseHeaders, readBody, type ProxyEvent } from './incoming.ts';

/** The tools over plain HTTP, for curl and ChatGPT Actions: the same gateway, the same audit. */
export interface RestDeps {
  readonly gateway: Gateway;
  readonly usage: UsageReader;
  readonly version: string;
  readonly maxBodyBytes: number;
  readonly now: Clock;
}

type Json = Readonly<Record<string, unknown>> | object;

const restAnswer = (statusCode: number, value: Json): HttpResponse => ({
  statusCode,
  headers: {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  },
  body: JSON.stringify(value),
});

/**
 * Where the caller reached the API, by what API Gateway says of itself. On the default host the stage is a part of
 * the path; on a custom domain it is not.
 */
const serverUrlOf = ({ path, headers, requestContext }: ProxyEvent): string => {
  const header = (wanted: string) =>
    Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === wanted)?.[1];
  const scheme = header('x-forwarded-proto') === 'http' ? 'http' : 'https';
  const port = header('x-forwarded-port');
  const standard = port === undefined || port === (scheme === 'https' ? '443' : '80');
  const full = requestContext.path ?? path;
  const base = full.endsWith(path) ? full.slice(0, full.length - path.length) : '';
  return `${scheme}://${requestContext.domainName ?? 'localhost'}${standard ? '' : `:${port}`}${base}`;
};

const allTools = async (gateway: Gateway, caller: CallRequest): Promise<readonly JsonObject[]> => {
  const tools: JsonObject[] = [];
  let cursor: string | undefined;
  do {
    const page = await gateway.listTools(caller, cursor);
    tools.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
};

const list = async (
  { gateway }: RestDeps,
  caller: CallRequest,
  event: ProxyEvent,
  audit: RequestAudit,
): Promise<HttpResponse> => {
  try {
    const { items, nextCursor, missing } = await gateway.listTools(
      caller,
      event.queryStringParameters?.['cursor'],
    );
    if (missing.length > 0)
      audit.observeRoute('', { missing: missing.map(({ server }) => server) });
    return restAnswer(200, {
      tools: items,
      ...(nextCursor === undefined ? {} : { nextCursor }),
      ...(missing.length === 0 ? {} : { missing }),
    });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new GatewayError('INVALID_REQUEST', 'This cursor is not one of this list');
  }
};

const failed = (message: string, requestId: string): HttpResponse =>
  restAnswer(422, { code: 'TOOL_FAILED', message, requestId });

/** The texts of a result's content, for who reads no MCP. */
const textOf = ({ content }: JsonObject): string =>
  (Array.isArray(content) ? content : [])
    .flatMap((part: unknown) =>
      isObject(part) && typeof part['text'] === 'string' ? [part['text']] : [],
    )
    .join('\n');

const called = (outcome: CallOutcome, requestId: string): HttpResponse => {
  switch (outcome.kind) {
    case 'own-result':
      return restAnswer(200, outcome.structured);
    case 'result': {
      const { result } = outcome;
      if (result['isError'] === true) return failed(textOf(result), requestId);
      const { structuredContent, content } = result;
      return restAnswer(200, isObject(structuredContent) ? structuredContent : { content });
    }
    case 'invalid-arguments':
      return restAnswer(400, { code: 'INVALID_REQUEST', message: outcome.text, requestId });
    case 'tool-error':
    case 'denied-arguments':
    case 'failed':
      return failed(outcome.text, requestId);
    case 'rpc-error':
      return failed(outcome.message, requestId);
    case 'unknown-tool':
      throw new GatewayError('NOT_FOUND', 'There is no such tool');
    case 'bad-state':
      throw new GatewayError('INVALID_REQUEST', 'Invalid or expired requestState');
  }
};

const call = async (
  deps: RestDeps,
  caller: CallRequest,
  event: ProxyEvent,
  audit: RequestAudit,
): Promise<HttpResponse> => {
  const name = event.pathParameters?.['name'] ?? '';
  const args = readBody(event, deps.maxBodyBytes);
  await audit.begin([{ method: 'tools/call', params: { name, arguments: args } }]);
  let limits: readonly LimitState[] = [];
  const outcome = await deps.gateway.callTool({
    ...caller,
    name,
    args,
    onRouted: (routed) => audit.observeRoute('', routed),
    onCharged: (charged) => {
      limits = charged.limits;
      const quotaPercent = percentOfFullest(limits);
      audit.observeRoute('', {
        units: charged.units,
        ...(quotaPercent === undefined ? {} : { quotaPercent }),
      });
    },
    onUpstreamTime: (upstreamMs) => audit.observeRoute('', { upstreamMs }),
    onUpstreamFailed: (upstreamFailure) => audit.observeRoute('', { upstreamFailure }),
  });
  const isOk =
    outcome.kind === 'own-result' ||
    (outcome.kind === 'result' && outcome.result['isError'] !== true);
  if (outcome.kind !== 'unknown-tool' && outcome.kind !== 'bad-state') {
    audit.observe({ result: isOk ? {} : { isError: true } });
  }
  const response = called(outcome, caller.requestId);
  return {
    ...response,
    headers: { ...response.headers, ...rateLimitHeaders(limits, deps.now()) },
  };
};

/** @throws GatewayError UNAVAILABLE when the counters cannot be read. */
const me = async ({ usage }: RestDeps, principal: Principal): Promise<HttpResponse> => {
  const limits = await usage.read(principal).catch((cause: unknown) => {
    throw new GatewayError('UNAVAILABLE', 'Service unavailable: try again shortly', { cause });
  });
  return restAnswer(200, whoAmI(principal, limits));
};

/** The routes of this file, as API Gateway names their resources. */
export const restRoutes = ['/tools', '/tools/{name}', '/openapi.json', '/servers', '/me'] as const;
export type RestRoute = (typeof restRoutes)[number];

export const isRestRoute = (resource: string): resource is RestRoute =>
  (restRoutes as readonly string[]).includes(resource);

/** @throws GatewayError for what is answered with an error. */
export const serveRest = async (
  deps: RestDeps,
  route: RestRoute,
  principal: Principal,
  event: ProxyEvent,
  audit: RequestAudit,
  hops: number,
): Promise<HttpResponse> => {
  const headers = lowerCaseHeaders(event);
  const trace = traceContextOf({ header: (name) => headers.get(name) });
  if (trace !== undefined) audit.observeRoute('', { traceparent: trace.traceparent });
  const caller: CallRequest = {
    principal,
    trace,
    sourceIp: event.requestContext.identity.sourceIp,
    requestId: event.requestContext.requestId,
    hops,
    name: '',
    args: undefined,
  };
  switch (route) {
    case '/tools':
      await audit.begin([{ method: 'tools/list' }]);
      return list(deps, caller, event, audit);
    case '/openapi.json': {
      await audit.begin([{ method: 'tools/list' }]);
      const tools = await allTools(deps.gateway, caller);
      return restAnswer(
        200,
        openApiOf(tools, { serverUrl: serverUrlOf(event), version: deps.version }),
      );
    }
    case '/servers':
      await audit.begin([{ method: 'servers/list' }]);
      return restAnswer(200, { servers: await deps.gateway.servers(caller) });
    case '/me':
      await audit.begin([{ method: 'me/read' }]);
      return me(deps, principal);
    case '/tools/{name}':
      return call(deps, caller, event, audit);
  }
};

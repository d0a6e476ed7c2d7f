import { GatewayError } from '../../src/errors/gateway-error.ts';
import type { CallOutcome, Gateway, ToolDescription } from '../../src/gateway/gateway.ts';
import type { Principal } from '../../src/principals/principal.ts';
import { openApiOf } from '../../src/tools/openapi.ts';
import { ToolError } from '../../src/tools/tool.ts';
import type { HttpResponse } from '../middleware/error-response.ts';
import type { RequestAudit } from './auditor.ts';
import { readBody, type ProxyEvent } from './incoming.ts';

/** The tools over plain HTTP, for curl and ChatGPT Actions: the same gateway, the same audit. */
export interface RestDeps {
  readonly gateway: Gateway;
  readonly version: string;
  readonly maxBodyBytes: number;
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

const allTools = (gateway: Gateway, principal: Principal): readonly ToolDescription[] => {
  const tools: ToolDescription[] = [];
  let cursor: string | undefined;
  do {
    const page = gateway.listTools(principal, cursor);
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
};

const list = ({ gateway }: RestDeps, principal: Principal, event: ProxyEvent): HttpResponse => {
  try {
    return restAnswer(200, gateway.listTools(principal, event.queryStringParameters?.['cursor']));
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new GatewayError('INVALID_REQUEST', 'This cursor is not one of this list');
  }
};

const called = (outcome: CallOutcome, requestId: string): HttpResponse => {
  switch (outcome.kind) {
    case 'result':
      return restAnswer(200, outcome.structured);
    case 'invalid-arguments':
      return restAnswer(400, { code: 'INVALID_REQUEST', message: outcome.text, requestId });
    case 'tool-error':
      return restAnswer(422, { code: 'TOOL_FAILED', message: outcome.text, requestId });
    case 'unknown-tool':
      throw new GatewayError('NOT_FOUND', 'There is no such tool');
  }
};

const call = async (
  deps: RestDeps,
  principal: Principal,
  event: ProxyEvent,
  audit: RequestAudit,
): Promise<HttpResponse> => {
  const name = event.pathParameters?.['name'] ?? '';
  const args = readBody(event, deps.maxBodyBytes);
  await audit.begin([{ method: 'tools/call', params: { name, arguments: args } }]);
  const { requestId } = event.requestContext;
  const outcome = await deps.gateway.callTool(principal, {
    name,
    args,
    requestId,
    reportProgress: () => Promise.resolve(),
  });
  if (outcome.kind !== 'unknown-tool') {
    audit.observe({ result: outcome.kind === 'result' ? {} : { isError: true } });
  }
  return called(outcome, requestId);
};

/** The routes of this file, as API Gateway names their resources. */
export const restRoutes = ['/tools', '/tools/{name}', '/openapi.json'] as const;
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
): Promise<HttpResponse> => {
  switch (route) {
    case '/tools':
      await audit.begin([{ method: 'tools/list' }]);
      return list(deps, principal, event);
    case '/openapi.json': {
      await audit.begin([{ method: 'tools/list' }]);
      const tools = allTools(deps.gateway, principal);
      return restAnswer(
        200,
        openApiOf(tools, { serverUrl: serverUrlOf(event), version: deps.version }),
      );
    }
    case '/tools/{name}':
      return call(deps, principal, event, audit);
  }
};

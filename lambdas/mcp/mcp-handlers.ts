import {
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { GatewayError, gatewayErrors } from '../../src/errors/gateway-error.ts';
import type { ListKind } from '../../src/gateway/catalog.ts';
import type { CallOutcome, FetchOutcome, Gateway } from '../../src/gateway/gateway.ts';
import type { Page } from '../../src/gateway/pages.ts';
import { ToolError } from '../../src/tools/tool.ts';
import { agreesWithHeaders } from '../../src/upstreams/mcp-param-headers.ts';
import type { JsonObject } from '../../src/upstreams/upstream.ts';
import { callerRequestOf, type CallerFacts } from './caller-request.ts';

export interface HandlerFacts extends CallerFacts {
  readonly gateway: Gateway;
  readonly servesUpstreams?: boolean;
}

/** Where a list says which servers it lacks. */
export const missingKey = 'drawbridge/missing';

/** An error of ours in place of an upstream's answer: outside of the codes that MCP keeps for itself. */
const upstreamFailedCode = -31502;
/** HeaderMismatch (MCP 2026-07-28, schema). */
const headerMismatch = -32020;
/** The wire's types are open and mutable; what upstreams gave is passed on as it is. */
type Wire = never;

const invalidParams = (text: string): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, text);

const textResult = (text: string) => ({
  content: [{ type: 'text' as const, text }],
  isError: true,
});

/** @throws ProtocolError */
const toCallResult = (outcome: CallOutcome, facts: HandlerFacts) => {
  switch (outcome.kind) {
    case 'own-result':
      return {
        content: [{ type: 'text' as const, text: outcome.text }],
        structuredContent: outcome.structured as Record<string, unknown>,
      };
    case 'invalid-arguments':
    case 'tool-error':
    case 'denied-arguments':
    case 'failed':
      return textResult(outcome.text);
    case 'result':
      return outcome.result as Wire;
    case 'unknown-tool':
      throw invalidParams('Unknown tool');
    default:
      throw upstreamError(outcome, facts);
  }
};

const upstreamError = (
  outcome: Extract<FetchOutcome, { kind: 'rpc-error' | 'bad-state' | 'failed' }>,
  { exchange }: HandlerFacts,
): ProtocolError => {
  switch (outcome.kind) {
    case 'bad-state':
      return invalidParams('Invalid or expired requestState');
    case 'failed':
      exchange.upstreamTexts.add(outcome.text);
      return new ProtocolError(upstreamFailedCode, outcome.text);
    case 'rpc-error':
      exchange.upstreamTexts.add(outcome.message);
      return new ProtocolError(
        outcome.code,
        outcome.message,
        outcome.requiredCapabilities && { requiredCapabilities: outcome.requiredCapabilities },
      );
  }
};

/** @throws ProtocolError */
const toFetchResult = (
  outcome: FetchOutcome,
  unknown: ProtocolError,
  facts: HandlerFacts,
): Wire => {
  if (outcome.kind === 'result') return outcome.result as Wire;
  throw outcome.kind === 'unknown' ? unknown : upstreamError(outcome, facts);
};

/** Sets what one request's server answers. */
export const setHandlers = (server: Server, facts: HandlerFacts): void => {
  const { gateway, log, exchange, era } = facts;

  const toList = async (
    method: string,
    key: string,
    read: () => Promise<Page>,
    { mcpReq }: ServerContext,
  ): Promise<Wire> => {
    try {
      const { items, nextCursor, ttlMs, missing } = await read();
      if (missing.length > 0) {
        exchange.observeRoute(mcpReq.id, { missing: missing.map((one) => one.server) });
      }
      return {
        [key]: items,
        ...(nextCursor === undefined ? {} : { nextCursor }),
        ...(era === 'modern' ? { ttlMs, cacheScope: 'private' } : {}),
        ...(missing.length === 0 ? {} : { _meta: { [missingKey]: missing } }),
      } as Wire;
    } catch (error) {
      if (error instanceof ToolError) throw invalidParams('Unknown cursor');
      log.error('mcp.failed', error, { requestId: exchange.requestId, method });
      throw error;
    }
  };

  /** What we refuse becomes an error of the message, and is remembered for the HTTP answer. @throws ProtocolError */
  const unlessRefused = async <T>(answer: Promise<T>, { mcpReq }: ServerContext): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      if (gatewayErrors[error.code].httpStatus >= 500) {
        log.error('mcp.refused', error, { requestId: exchange.requestId, code: error.code });
      }
      exchange.refusals.set(mcpReq.id, error);
      throw new ProtocolError(gatewayErrors[error.code].rpcCode, error.message);
    }
  };

  server.setRequestHandler('tools/list', ({ params }, context) =>
    toList(
      'tools/list',
      'tools',
      () => gateway.listTools(callerRequestOf(facts, context), params?.cursor),
      context,
    ),
  );
  /** The SDK checks the other headers, and knows no tools here. @throws ProtocolError */
  const checkHeaders = (tool: JsonObject, args: unknown): void => {
    if (agreesWithHeaders(tool, args, exchange.header)) return;
    exchange.headersDisagree = true;
    throw new ProtocolError(headerMismatch, 'Header mismatch');
  };
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const { name, arguments: args } = params;
    const request = {
      ...callerRequestOf(facts, context, { name, args }),
      ...(era === 'modern' ? { check: (tool: JsonObject) => checkHeaders(tool, args) } : {}),
    };
    return toCallResult(await unlessRefused(gateway.callTool(request), context), facts);
  });
  if (facts.servesUpstreams !== true) return;

  const list = (kind: Exclude<ListKind, 'tools'>, method: ListMethod) =>
    server.setRequestHandler(method, ({ params }, context) =>
      toList(
        method,
        kind,
        () => gateway.list(kind, callerRequestOf(facts, context), params?.cursor),
        context,
      ),
    );
  list('prompts', 'prompts/list');
  list('resources', 'resources/list');
  list('resourceTemplates', 'resources/templates/list');

  server.setRequestHandler('prompts/get', async ({ params }, context) => {
    const request = callerRequestOf(facts, context, { name: params.name, args: params.arguments });
    return toFetchResult(
      await unlessRefused(gateway.getPrompt(request), context),
      invalidParams('Unknown prompt'),
      facts,
    );
  });
  server.setRequestHandler('resources/read', async ({ params }, context) => {
    const request = callerRequestOf(facts, context, { name: params.uri });
    return toFetchResult(
      await unlessRefused(gateway.readResource(request), context),
      invalidParams('Resource not found'),
      facts,
    );
  });
  /**
   * `subscribe: false` says that no update will come. Clients of 2025 that ask all the same are not turned away for it,
   * as with `logging/setLevel`; 2026-07-28 has no such request.
   */
  const subscription = (method: 'resources/subscribe' | 'resources/unsubscribe') =>
    server.setRequestHandler(method, async ({ params }, context) => {
      const request = callerRequestOf(facts, context, { name: params.uri });
      if (!(await gateway.knowsResource(request))) throw invalidParams('Resource not found');
      return {};
    });
  if (era === 'legacy') {
    subscription('resources/subscribe');
    subscription('resources/unsubscribe');
  }
  server.setRequestHandler('completion/complete', async ({ params }, context) => {
    const request = callerRequestOf(facts, context, { args: params });
    return toFetchResult(
      await unlessRefused(gateway.complete(request), context),
      invalidParams('Unknown reference'),
      facts,
    );
  });
  // Nothing of it can be kept for the next request: logs come with the call that they belong to.
  server.setRequestHandler('logging/setLevel', () => ({}));
};

type ListMethod = 'prompts/list' | 'resources/list' | 'resources/templates/list';

import {
  createMcpHandler,
  isLegacyRequest,
  ProtocolError,
  ProtocolErrorCode,
  type AuthInfo,
  type McpRequestContext,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { CallOutcome, Gateway } from '../../src/gateway/gateway.ts';
import type { Log } from '../../src/log/log.ts';
import { ToolError, type ToolProgress } from '../../src/tools/tool.ts';
import {
  ObservedServer,
  type Exchange,
  type ServedExchange,
  type ServerFacts,
} from './observed-server.ts';
import { serveLegacy } from './serve-legacy.ts';

export interface McpEndpoint {
  /** @param body - the request's body, parsed: a JSON object or array. */
  serve(request: Request, body: unknown, exchange: Exchange): Promise<Response>;
}

export interface McpEndpointOptions extends ServerFacts {
  readonly gateway: Gateway;
  readonly log: Log;
}

const toCallResult = (outcome: CallOutcome) => {
  switch (outcome.kind) {
    case 'result':
      return {
        content: [{ type: 'text' as const, text: outcome.text }],
        structuredContent: outcome.structured as Record<string, unknown>,
      };
    case 'invalid-arguments':
    case 'tool-error':
      return { content: [{ type: 'text' as const, text: outcome.text }], isError: true };
    case 'unknown-tool':
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Unknown tool');
  }
};

const progressReporter = (context: ServerContext) => {
  const progressToken = context.mcpReq._meta?.progressToken;
  return async (progress: ToolProgress): Promise<void> => {
    if (progressToken === undefined) return;
    await context.mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken, ...progress },
    });
  };
};

/** Serves the gateway over Streamable HTTP, stateless, in every protocol revision that the SDK knows. */
export const createMcpEndpoint = (options: McpEndpointOptions): McpEndpoint => {
  const { gateway, log } = options;

  const createServer = (exchange: ServedExchange, era: 'legacy' | 'modern'): Server => {
    const { principal, requestId } = exchange;
    exchange.observeEra(era);
    const server = new ObservedServer(exchange, options);
    server.setRequestHandler('tools/list', ({ params }) => {
      try {
        const { tools, nextCursor } = gateway.listTools(principal, params?.cursor);
        // The wire's type is open and mutable; ours is what the build has linted.
        return { tools: tools as never, ...(nextCursor === undefined ? {} : { nextCursor }) };
      } catch (error) {
        if (error instanceof ToolError) {
          throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Unknown cursor');
        }
        log.error('mcp.failed', error, { requestId, method: 'tools/list' });
        throw error;
      }
    });
    server.setRequestHandler('tools/call', async ({ params }, context) =>
      toCallResult(
        await gateway.callTool(principal, {
          name: params.name,
          args: params.arguments,
          requestId,
          reportProgress: progressReporter(context),
        }),
      ),
    );
    return server;
  };

  const handler = createMcpHandler(
    ({ authInfo, era }: McpRequestContext) => createServer(exchangeOf(authInfo), era),
    { legacy: 'stateless', responseMode: 'auto', keepAliveMs: 0 },
  );

  return {
    serve: async (request, body, asked) => {
      const exchange = { ...asked, body };
      if (await isLegacyRequest(request, body)) {
        return serveLegacy(request, body, createServer(exchange, 'legacy'));
      }
      return handler.fetch(request, { parsedBody: body, authInfo: carry(exchange) });
    },
  };
};

/** The SDK hands `authInfo` through to the factory untouched: the one way to give it what belongs to a request. */
const carry = (exchange: ServedExchange): AuthInfo => ({
  token: '',
  clientId: exchange.principal.subject,
  scopes: [],
  extra: { exchange },
});

const exchangeOf = (authInfo: AuthInfo | undefined): ServedExchange => {
  const exchange = authInfo?.extra?.['exchange'];
  if (exchange === undefined) throw new Error('a request came without its exchange');
  return exchange as ServedExchange;
};

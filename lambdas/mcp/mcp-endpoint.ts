import {
  createMcpHandler,
  isLegacyRequest,
  type AuthInfo,
  type McpRequestContext,
  type Server,
} from '@modelcontextprotocol/server';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { Log } from '../../src/log/log.ts';
import {
  ObservedServer,
  type Exchange,
  type ServedExchange,
  type ServerFacts,
} from './observed-server.ts';
import { setHandlers } from './mcp-handlers.ts';
import { serveLegacy } from './serve-legacy.ts';

export interface McpEndpoint {
  /** @param body - the request's body, parsed: a JSON object or array. */
  serve(request: Request, body: unknown, exchange: Exchange): Promise<Response>;
}

export interface McpEndpointOptions extends ServerFacts {
  readonly gateway: Gateway;
  readonly log: Log;
}

/** Serves the gateway over Streamable HTTP, stateless, in every protocol revision that the SDK knows. */
export const createMcpEndpoint = (options: McpEndpointOptions): McpEndpoint => {
  const createServer = (exchange: ServedExchange, era: 'legacy' | 'modern'): Server => {
    exchange.observeEra(era);
    const server = new ObservedServer(exchange, options);
    setHandlers(server, { ...options, exchange, era });
    return server;
  };

  const handler = createMcpHandler(
    ({ authInfo, era }: McpRequestContext) => createServer(exchangeOf(authInfo), era),
    { legacy: 'stateless', responseMode: 'auto', keepAliveMs: 0 },
  );

  return {
    serve: async (request, body, asked) => {
      const exchange: ServedExchange = {
        ...asked,
        body,
        upstreamTexts: new Set(),
      };
      if (await isLegacyRequest(request, body)) {
        return serveLegacy(request, body, createServer(exchange, 'legacy'));
      }
      const response = await handler.fetch(request, {
        parsedBody: body,
        authInfo: carry(exchange),
      });
      // The SDK answers 200 with errors that come from a handler; MCP wants 400 of this one.
      return exchange.headersDisagree === true
        ? new Response(response.body, { status: 400, headers: response.headers })
        : response;
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

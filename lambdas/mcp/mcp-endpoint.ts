import {
  createMcpHandler,
  isJSONRPCRequest,
  isLegacyRequest,
  parseJSONRPCMessage,
  PerRequestHTTPServerTransport,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  SUPPORTED_PROTOCOL_VERSIONS,
  type AuthInfo,
  type JSONRPCMessage,
  type McpRequestContext,
  WebStandardStreamableHTTPServerTransport,
  type ServerContext,
  type Transport,
} from '@modelcontextprotocol/server';
import type { CallOutcome, Gateway } from '../../src/gateway/gateway.ts';
import type { Principal } from '../../src/principals/principal.ts';
import { ToolError, type ToolProgress } from '../../src/tools/tool.ts';
import { publicMessage } from './public-message.ts';

/** One HTTP request as the endpoint serves it. */
export interface Exchange {
  readonly principal: Principal;
  readonly requestId: string;
  /** The method of the one message in the body, when there is just one. */
  readonly method: string | undefined;
  /** Hears every JSON-RPC message that goes back to the caller, before it goes. */
  readonly observe: (message: JSONRPCMessage) => void;
  /** Hears which protocol era serves the request. */
  readonly observeEra: (era: 'legacy' | 'modern') => void;
}

export interface McpEndpoint {
  /** @param body - the request's body, parsed: a JSON object or array. */
  serve(request: Request, body: unknown, exchange: Exchange): Promise<Response>;
}

export interface McpEndpointOptions {
  readonly gateway: Gateway;
  readonly version: string;
  readonly instructions: string;
}

/** How long a client may keep a list: tools change only when a deployment does. */
const listHint = { ttlMs: 60_000, cacheScope: 'private' } as const;

/** What the SDK's schemas refuse in params of the methods served here. */
const hasWrongParams = (request: unknown): boolean => {
  const { method, params } = request as { method?: unknown; params?: { cursor?: unknown } };
  return (
    method === 'initialize' ||
    (method === 'tools/list' && params?.cursor !== undefined && typeof params.cursor !== 'string')
  );
};

/** The SDK calls params that its schema refuses an internal error, except those of tools/call: it is the caller's. */
const blamed = (message: JSONRPCMessage, body: unknown): JSONRPCMessage => {
  if (!('error' in message) || message.error.code !== Number(ProtocolErrorCode.InternalError)) {
    return message;
  }
  const request = [body].flat().find((sent) => isJSONRPCRequest(sent) && sent.id === message.id);
  return request !== undefined && hasWrongParams(request)
    ? { ...message, error: { ...message.error, code: ProtocolErrorCode.InvalidParams } }
    : message;
};

/** An exchange with the body that it is about. */
interface ServedExchange extends Exchange {
  readonly body: unknown;
}

/** The SDK's server with an ear and a filter on what it sends: its own error texts may quote the caller. */
class ObservedServer extends Server {
  readonly #exchange: ServedExchange;

  constructor(exchange: ServedExchange, { version, instructions }: McpEndpointOptions) {
    super(
      { name: 'drawbridge', title: 'Drawbridge', version },
      {
        capabilities: { tools: { listChanged: false } },
        instructions,
        cacheHints: { 'tools/list': listHint, 'server/discover': listHint },
      },
    );
    this.#exchange = exchange;
  }

  override async connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport);
    transport.send = async (message, options) => {
      const shown = publicMessage(blamed(message, this.#exchange.body), this.#exchange.method);
      this.#exchange.observe(shown);
      return send(shown, options);
    };
    return super.connect(transport);
  }
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
  const { gateway } = options;

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
        if (!(error instanceof ToolError)) throw error;
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Unknown cursor');
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

const rpcError = (status: number, code: number, message: string, data?: object): Response =>
  Response.json({ jsonrpc: '2.0', id: null, error: { code, message, data } }, { status });

/** What a 2025-era client sends: one message, or a batch of revision 2025-03-26. */
const serveLegacy = async (request: Request, body: unknown, server: Server): Promise<Response> => {
  const revision = request.headers.get('mcp-protocol-version');
  if (revision !== null && !SUPPORTED_PROTOCOL_VERSIONS.includes(revision)) {
    return rpcError(400, ProtocolErrorCode.InvalidRequest, 'Unsupported protocol version', {
      supported: ['2026-07-28', ...SUPPORTED_PROTOCOL_VERSIONS],
    });
  }
  return Array.isArray(body)
    ? serveLegacyBatch(request, body, server)
    : serveLegacyMessage(request, body, server);
};

const isCancellation = (message: unknown): boolean =>
  typeof message === 'object' &&
  message !== null &&
  'method' in message &&
  message.method === 'notifications/cancelled';

/** Answered as one JSON document, whatever Accept says: the SDK's transport would refuse simple clients with 406. */
const serveLegacyBatch = async (
  request: Request,
  body: readonly unknown[],
  server: Server,
): Promise<Response> => {
  // A request that is cancelled is never answered, and its batch would wait for the function's end.
  const served = body.filter((message) => !isCancellation(message));
  if (served.length === 0 && body.length > 0) return new Response(null, { status: 202 });
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  const headers = new Headers(request.headers);
  headers.set('accept', 'application/json, text/event-stream');
  try {
    return await transport.handleRequest(new Request(request, { headers }), { parsedBody: served });
  } finally {
    await server.close();
  }
};

/**
 * One 2025-era message. The SDK's own stateless leg always answers with an event stream; its per-request transport
 * answers with JSON until there is something to stream, which is what curl and simple clients can read.
 */
const serveLegacyMessage = async (
  request: Request,
  body: unknown,
  server: Server,
): Promise<Response> => {
  let message: JSONRPCMessage;
  try {
    message = parseJSONRPCMessage(body);
  } catch {
    return rpcError(
      400,
      ProtocolErrorCode.InvalidRequest,
      'The body is not a JSON-RPC 2.0 message',
    );
  }
  // An answer to a request that a stateless server never made, or a notification: nothing to say.
  if (!('method' in message)) return new Response(null, { status: 202 });
  const transport = new PerRequestHTTPServerTransport({
    classification: { era: 'legacy' },
    responseMode: acceptsEventStream(request) ? 'auto' : 'json',
    keepAliveMs: 0,
  });
  await server.connect(transport);
  const response = await transport.handleMessage(message, { request });
  if (!('id' in message)) void server.close();
  // In the 2025 revisions a JSON-RPC error is a payload: HTTP 404 would mean a lost session.
  return response.status === 404
    ? new Response(response.body, { status: 200, headers: response.headers })
    : response;
};

const acceptsEventStream = (request: Request): boolean =>
  /text\/(event-stream|\*)|\*\/\*/i.test(request.headers.get('accept') ?? '*/*');

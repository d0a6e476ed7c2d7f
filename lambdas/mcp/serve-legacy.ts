import {
  parseJSONRPCMessage,
  PerRequestHTTPServerTransport,
  ProtocolErrorCode,
  SUPPORTED_PROTOCOL_VERSIONS,
  WebStandardStreamableHTTPServerTransport,
  type JSONRPCMessage,
  type Server,
} from '@modelcontextprotocol/server';

const rpcError = (status: number, code: number, message: string, data?: object): Response =>
  Response.json({ jsonrpc: '2.0', id: null, error: { code, message, data } }, { status });

/** Serves what a 2025-era client sends: one message, or a batch of revision 2025-03-26. */
export const serveLegacy = async (
  request: Request,
  body: unknown,
  server: Server,
): Promise<Response> => {
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

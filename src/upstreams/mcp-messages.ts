import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { clientInfo, type Connection } from './mcp-connect.ts';
import { paramHeaderDeclarations, paramHeaders } from './mcp-param-headers.ts';
import type { JsonObject, UpstreamFacts, UpstreamRequest } from './upstream.ts';

/** What a session needs of an upstream's request; `method` may be one that only the session's owner uses, as `ping`. */
export type SessionRequest = Omit<
  UpstreamRequest,
  'method' | 'tenant' | 'requestId' | 'hops' | 'repeatable'
> & { readonly method: string };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where a call ends by the end of its HTTP request (MCP 2026-07-28, transports/streamable-http, "Cancellation"). */
export const isModernHttp = ({ era }: UpstreamFacts, transport: Transport): boolean =>
  era === 'modern' && transport.hasPerRequestStream === true;

/** What goes with every message: the envelope of 2026-07-28, and what the caller asked for. */
const metaOf = (
  { facts, protocolVersion }: Connection,
  { params, trace, onLog, capabilities = {} }: Partial<SessionRequest>,
  progressToken: number | undefined,
): { readonly _meta?: JsonObject } => {
  const own = params?.['_meta'];
  const meta = {
    ...(facts.era === 'modern'
      ? {
          'io.modelcontextprotocol/protocolVersion': protocolVersion,
          'io.modelcontextprotocol/clientInfo': clientInfo,
          'io.modelcontextprotocol/clientCapabilities': capabilities,
          ...(onLog === undefined ? {} : { 'io.modelcontextprotocol/logLevel': 'debug' }),
        }
      : {}),
    ...trace,
    ...(isObject(own) ? own : {}),
    ...(progressToken === undefined ? {} : { progressToken }),
  };
  return Object.keys(meta).length === 0 ? {} : { _meta: meta };
};

export const requestMessage = (
  connection: Connection,
  request: SessionRequest,
  id: number,
): JSONRPCMessage => ({
  jsonrpc: '2.0',
  id,
  method: request.method,
  params: {
    ...request.params,
    ...metaOf(connection, request, request.onProgress === undefined ? undefined : id),
  },
});

export const cancelledMessage = (connection: Connection, requestId: number): JSONRPCMessage => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId, reason: 'The caller gave it up', ...metaOf(connection, {}, undefined) },
});

/** Headers that repeat arguments of the call, as its tool asks. */
export const requestHeaders = (
  { facts, transport }: Connection,
  { method, tool, params }: SessionRequest,
): Readonly<Record<string, string>> =>
  method === 'tools/call' && isModernHttp(facts, transport)
    ? paramHeaders(tool, params['arguments'])
    : {};

/** A client must not list tools whose `x-mcp-header` breaks the rules (MCP 2026-07-28, transports/streamable-http). */
export const listable = (
  result: JsonObject,
  method: string,
  { facts, transport }: Connection,
): JsonObject => {
  const { tools } = result;
  if (method !== 'tools/list' || !Array.isArray(tools) || !isModernHttp(facts, transport)) {
    return result;
  }
  return {
    ...result,
    tools: tools.filter((tool) => !isObject(tool) || paramHeaderDeclarations(tool) !== undefined),
  };
};

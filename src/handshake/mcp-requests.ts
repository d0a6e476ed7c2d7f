/** One POST to an MCP server, and what of its answer is looked at. */
export interface McpRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface McpAnswer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Brings a request to a server, wherever that is. */
export type SendMcp = (request: McpRequest) => Promise<McpAnswer>;

/** MCP's two kinds of revisions: with `initialize`, and with everything in each request. */
export type Era = 'legacy' | 'modern';

export const eraVersions: Readonly<Record<Era, string>> = {
  legacy: '2025-11-25',
  modern: '2026-07-28',
};

const clientInfo = { name: 'drawbridge-handshake', version: '1.0.0' };

const commonHeaders = {
  'Content-Type': 'application/json',
  // MCP, basic/transports/streamable-http: a client takes both.
  Accept: 'application/json, text/event-stream',
};

const legacyRequest = (method: string, params: object): McpRequest => ({
  headers: {
    ...commonHeaders,
    // Agreed on by `initialize`, and so not yet there in it.
    ...(method === 'initialize' ? {} : { 'MCP-Protocol-Version': eraVersions.legacy }),
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
});

const modernRequest = (method: string, { _meta, ...params }: RequestParams): McpRequest => ({
  headers: {
    ...commonHeaders,
    'MCP-Protocol-Version': eraVersions.modern,
    'Mcp-Method': method,
    ...(params.name === undefined ? {} : { 'Mcp-Name': params.name }),
  },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': eraVersions.modern,
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': clientInfo,
        ..._meta,
      },
    },
  }),
});

interface RequestParams {
  readonly name?: string;
  readonly arguments?: object;
  readonly _meta?: object;
}

/** A request of an era. */
export const mcpRequest = (era: Era, method: string, params: RequestParams = {}): McpRequest =>
  era === 'legacy' ? legacyRequest(method, params) : modernRequest(method, params);

/** The first request of a client of an era. */
export const openingRequest = (era: Era): McpRequest =>
  era === 'modern'
    ? modernRequest('server/discover', {})
    : legacyRequest('initialize', {
        protocolVersion: eraVersions.legacy,
        capabilities: {},
        clientInfo,
      });

/** Stands in what only one tenant may see. */
export const canary = 'canary-5f0c2b';

/** What has happened behind the answers. */
export interface Traffic {
  /** Connections to the host that nothing may connect to. */
  readonly trap: number;
  /** Calls of the tools of beta's own upstream. */
  readonly vault: number;
  readonly authorizer: number;
  readonly mcp: number;
  /** Items read from the tables. */
  readonly reads: number;
}

export interface SignedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const callOf = (name: string, args: unknown, id: unknown = 1): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

export const listOf = (method = 'tools/list'): object => ({ jsonrpc: '2.0', id: 1, method });

/** A request of revision 2026-07-28 with its headers, of a client that can be asked. */
export const modernOf = (method: string, params: Readonly<Record<string, unknown>> = {}) => {
  const name = typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {};
  return {
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...name } as Record<
      string,
      string
    >,
    body: {
      jsonrpc: '2.0',
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'attacker', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
        },
      },
    },
  };
};

import { describe, expect, it } from 'vitest';
import { aMcpServer, legacy, modern } from './support/mcp-server.ts';

const versionKey = 'io.modelcontextprotocol/protocolVersion';
const serverMeta = {
  'io.modelcontextprotocol/serverInfo': {
    name: 'drawbridge',
    title: 'Drawbridge',
    version: '9.8.7',
  },
};

const echo = () => modern('tools/call', { name: 'echo', arguments: { text: 'hi' } });

/** The server after one request, and its answer. */
const send = async (
  { body, headers }: { body: unknown; headers: Record<string, string> },
  more: Record<string, string | undefined> = {},
) => {
  const server = aMcpServer();
  return { server, answer: await server.post(body, { headers: { ...headers, ...more } }) };
};

describe('revision 2026-07-28', () => {
  it('server/discover says what is served and how long that holds, for this caller alone', async () => {
    const { answer } = await send(modern('server/discover'));
    expect(answer.status).toBe(200);
    expect(answer.rpc).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: { listChanged: false } },
        instructions: 'Ask echo.',
        ttlMs: 60_000,
        cacheScope: 'private',
        _meta: serverMeta,
      },
    });
  });

  it('tools/list is complete, cacheable for a minute and private', async () => {
    const { answer } = await send(modern('tools/list'));
    const { tools, ...rest } = answer.rpc.result ?? {};
    expect(rest).toEqual({
      resultType: 'complete',
      ttlMs: 60_000,
      cacheScope: 'private',
      _meta: serverMeta,
    });
    expect((tools as { name: string }[]).map(({ name }) => name)).toContain('echo');
  });

  it('tools/call answers JSON with its result type', async () => {
    const { answer } = await send(echo());
    expect(answer.headers).toEqual({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-type': 'application/json',
    });
    expect(answer.rpc).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        resultType: 'complete',
        content: [{ type: 'text', text: '{"text":"hi"}' }],
        structuredContent: { text: 'hi' },
        _meta: serverMeta,
      },
    });
  });

  it('a call that asks for progress gets a stream', async () => {
    const { body, headers } = modern('tools/call', { name: 'steps', arguments: {} });
    Object.assign((body.params as { _meta: object })._meta, { progressToken: 5 });
    const { answer } = await send({ body, headers });
    expect(answer.headers['content-type']).toBe('text/event-stream');
    expect(answer.events.map(({ method, id }) => method ?? id)).toEqual([
      'notifications/progress',
      'notifications/progress',
      1,
    ]);
  });

  it.each(['application/json', '*/*', undefined])('Accept %s is served JSON', async (Accept) => {
    for (const request of [modern('server/discover'), modern('tools/list'), echo()]) {
      const { answer } = await send(request, { Accept });
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe('application/json');
    }
  });

  it('Mcp-Name may be in base64', async () => {
    const { answer } = await send(echo(), { 'Mcp-Name': '=?base64?ZWNobw==?=' });
    expect(answer.rpc.result).toMatchObject({ structuredContent: { text: 'hi' } });
  });

  it.each(['ping', 'initialize', 'logging/setLevel', 'canary/method'])(
    '%s is no method of this revision: 404',
    async (method) => {
      const { answer } = await send(modern(method));
      expect(answer.status).toBe(404);
      expect(answer.rpc).toEqual({
        jsonrpc: '2.0',
        id: 1,
        error: { code: -32601, message: 'Method not found' },
      });
    },
  );

  it('an unknown tool is a JSON-RPC error with HTTP 200', async () => {
    const { answer, server } = await send(modern('tools/call', { name: 'canary-tool' }));
    expect(answer.status).toBe(200);
    expect(answer.rpc.error).toEqual({ code: -32602, message: 'Unknown tool' });
    expect(`${answer.text}${server.written()}`).not.toContain('canary');
  });

  it('a cursor that is no string is the caller’s mistake', async () => {
    const { answer } = await send(modern('tools/list', { cursor: 5 }));
    expect(answer.rpc).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32602, message: 'Invalid params: cursor must be a string' },
    });
  });

  it('a notification is 202 with nothing', async () => {
    const { body, headers } = modern('notifications/cancelled', { requestId: 1 });
    const { answer } = await send({ body: { ...body, id: undefined }, headers });
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect(answer.headers).not.toHaveProperty('content-type');
  });

  it('subscriptions/listen is acknowledged and ended at once: nothing here ever changes', async () => {
    const { answer } = await send(modern('subscriptions/listen', { notifications: {} }));
    expect(answer.events.map(({ method, result }) => method ?? result?.['resultType'])).toEqual([
      'notifications/subscriptions/acknowledged',
      'complete',
    ]);
  });

  it('a batch is refused: this revision has none', async () => {
    const { body, headers } = echo();
    const { answer, server } = await send({ body: [body], headers });
    expect(answer.status).toBe(400);
    expect(answer.rpc).toMatchObject({ id: null, error: { code: -32600 } });
    expect(server.ran).toEqual([]);
  });
});

describe('headers that do not say what the body says', () => {
  const message =
    'Header mismatch: MCP-Protocol-Version, Mcp-Method, Mcp-Name and Mcp-Param-* must say what the body says';

  it.each([
    ['another method', { 'Mcp-Method': 'canary/method' }],
    ['another known method', { 'Mcp-Method': 'tools/list' }],
    ['another name', { 'Mcp-Name': 'canary-name' }],
    ['another name in base64', { 'Mcp-Name': '=?base64?Y2FuYXJ5?=' }],
    ['broken base64', { 'Mcp-Name': '=?base64?canary%%?=' }],
    ['an older revision', { 'MCP-Protocol-Version': '2025-11-25' }],
    ['no method', { 'Mcp-Method': undefined }],
    ['no name', { 'Mcp-Name': undefined }],
    ['no revision', { 'MCP-Protocol-Version': undefined }],
  ])('%s: -32020, and nothing of the header in the answer or a log', async (_, headers) => {
    const { answer, server } = await send(echo(), headers);
    expect(answer.status).toBe(400);
    expect(answer.rpc).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32020, message } });
    expect(`${answer.text}${server.written()}`).not.toMatch(/canary|Y2FuYXJ5/);
    expect(server.ran).toEqual([]);
    expect(server.records()).toHaveLength(1);
    expect(server.records()[0]).toMatchObject({
      outcome: 'rpc_error',
      rpcCode: -32020,
      httpStatus: 400,
      decision: 'deny',
      units: 0,
    });
  });
});

describe('a revision that is not served', () => {
  const withVersion = (version: string) => {
    const { body, headers } = echo();
    Object.assign((body.params as { _meta: object })._meta, { [versionKey]: version });
    return { body, headers: { ...headers, 'MCP-Protocol-Version': version } };
  };

  it.each(['2099-01-01', 'v999.0.0'])(
    'is refused with -32022, those that are served and the one asked for: %s',
    async (requested) => {
      const { answer, server } = await send(withVersion(requested));
      expect(answer.status).toBe(400);
      expect(answer.rpc).toEqual({
        jsonrpc: '2.0',
        id: 1,
        error: {
          code: -32022,
          message: 'Unsupported protocol version',
          data: { supported: ['2026-07-28'], requested },
        },
      });
      expect(server.ran).toEqual([]);
    },
  );

  it('is not repeated when it does not look like one', async () => {
    const { answer, server } = await send(withVersion('canary-version'));
    expect(answer.rpc.error).toEqual({
      code: -32022,
      message: 'Unsupported protocol version',
      data: { supported: ['2026-07-28'] },
    });
    expect(`${answer.text}${server.written()}`).not.toContain('canary');
  });
});

describe('an envelope that is not right', () => {
  it.each([
    ['no client capabilities', { [versionKey]: '2026-07-28' }],
    [
      'capabilities that are none',
      { [versionKey]: '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': 'canary' },
    ],
  ])('%s: 400 and -32602', async (_, _meta) => {
    const { headers } = modern('tools/list');
    const { answer } = await send({ body: legacy('tools/list', { _meta }), headers });
    expect(answer.status).toBe(400);
    expect(answer.rpc).toMatchObject({ id: 1, error: { code: -32602 } });
    expect(answer.text).not.toContain('canary');
  });
});

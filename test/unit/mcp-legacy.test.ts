import { describe, expect, it } from 'vitest';
import { aMcpServer, call, initialize, legacy } from './support/mcp-server.ts';

const jsonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-type': 'application/json',
};

const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };

const stepsWithProgress = legacy('tools/call', {
  name: 'steps',
  arguments: {},
  _meta: { progressToken: 'p-1' },
});

describe('messages of the 2025 revisions', () => {
  it('initialize is answered with the server’s name, version, instructions and capabilities', async () => {
    const { post } = aMcpServer();
    const answer = await post(initialize());
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual(jsonHeaders);
    expect(answer.rpc).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: { listChanged: false } },
        serverInfo: { name: 'drawbridge', title: 'Drawbridge', version: '9.8.7' },
        instructions: 'Ask echo.',
      },
    });
  });

  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['2025-03-26', '2025-03-26'],
    ['2024-11-05', '2024-11-05'],
    ['1999-01-01', '2025-11-25'],
  ])('a client that offers %s is served %s', async (offered, served) => {
    const { post } = aMcpServer();
    expect((await post(initialize(offered))).rpc.result).toMatchObject({ protocolVersion: served });
  });

  it('tools/list needs no initialize and names every tool, in order, with both schemas', async () => {
    const { post } = aMcpServer();
    const { rpc } = await post(legacy('tools/list'));
    const tools = rpc.result?.['tools'] as { name: string }[];
    expect(tools.map(({ name }) => name)).toEqual([
      'broken',
      'echo',
      'erase',
      'large',
      'picky',
      'steps',
      'stuck',
      'untrue',
    ]);
    expect(tools[1]).toEqual({
      name: 'echo',
      title: 'Echo',
      description: 'Says the same.',
      annotations: { readOnlyHint: true },
      inputSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: {
          text: { type: 'string' },
          times: { type: 'integer', minimum: 1, maximum: 9 },
        },
        required: ['text'],
        additionalProperties: false,
      },
      outputSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: { text: { type: 'string' } },
        required: ['text'],
        additionalProperties: false,
      },
    });
    expect(Object.keys(rpc.result ?? {})).toEqual(['tools']);
  });

  it('tools/call answers structured content and the same as text', async () => {
    const { post } = aMcpServer();
    const answer = await post(call('echo', { text: 'Ærø', times: 2 }, 'id-7'));
    expect(answer.headers).toEqual(jsonHeaders);
    expect(answer.rpc).toEqual({
      jsonrpc: '2.0',
      id: 'id-7',
      result: {
        content: [{ type: 'text', text: '{"text":"ÆrøÆrø"}' }],
        structuredContent: { text: 'ÆrøÆrø' },
      },
    });
  });

  it('tools/call without arguments is a call with none', async () => {
    const { post, ran } = aMcpServer();
    const { rpc } = await post(legacy('tools/call', { name: 'erase' }));
    expect(rpc.result).toMatchObject({ structuredContent: { done: true } });
    expect(ran).toEqual(['erase']);
  });

  it('ping is answered with nothing', async () => {
    const { post } = aMcpServer();
    expect((await post(legacy('ping', undefined, 0))).rpc).toEqual({
      jsonrpc: '2.0',
      id: 0,
      result: {},
    });
  });

  it('a body in base64 is read', async () => {
    const { post } = aMcpServer();
    const { rpc } = await post(call('echo', { text: '東京' }), { base64: true });
    expect(rpc.result).toMatchObject({ structuredContent: { text: '東京' } });
  });

  it('a stale session id is ignored, and none is given out', async () => {
    const { post } = aMcpServer();
    const answer = await post(initialize(), { headers: { 'Mcp-Session-Id': 'old' } });
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual(jsonHeaders);
  });
});

describe('mistakes in a message are answered with HTTP 200: 404 would mean a lost session', () => {
  it.each([
    ['an unknown method', legacy('canary/method'), -32601, 'Method not found'],
    ['an unknown tool', call('canary-tool'), -32602, 'Unknown tool'],
    ['a tool named like a property', call('__proto__'), -32602, 'Unknown tool'],
    ['an unknown cursor', legacy('tools/list', { cursor: 'canary' }), -32602, 'Unknown cursor'],
    [
      'a cursor that is no string',
      legacy('tools/list', { cursor: 5 }),
      -32602,
      'Invalid params: cursor must be a string',
    ],
    [
      'a tool name that is no string',
      legacy('tools/call', { name: 5 }),
      -32602,
      'Invalid params: name must be a string and arguments an object',
    ],
    [
      'arguments that are no object',
      legacy('tools/call', { name: 'echo', arguments: ['canary'] }),
      -32602,
      'Invalid params: name must be a string and arguments an object',
    ],
    [
      'an initialize without a version',
      legacy('initialize', { capabilities: {} }),
      -32602,
      'Invalid params: protocolVersion, capabilities and clientInfo are needed',
    ],
  ])('%s', async (_, body, code, message) => {
    const { post, ran } = aMcpServer();
    const answer = await post(body);
    expect(answer.status).toBe(200);
    expect(answer.rpc).toEqual({ jsonrpc: '2.0', id: 1, error: { code, message } });
    expect(answer.text).not.toContain('canary');
    expect(ran).toEqual([]);
  });

  it('arguments that do not fit are a result that says what to mend and quotes nothing', async () => {
    const { post, ran } = aMcpServer();
    const { rpc, text } = await post(call('echo', { times: 'canary-1', 'canary-2': 1 }));
    expect(rpc.result).toEqual({
      content: [
        {
          type: 'text',
          text:
            'Invalid arguments. text: Invalid input: expected string, received undefined; ' +
            'times: Invalid input: expected number, received string; ' +
            'arguments: only these are known: text, times.',
        },
      ],
      isError: true,
    });
    expect(text).not.toContain('canary');
    expect(ran).toEqual([]);
  });

  it('a revision that is not served is refused with those that are', async () => {
    const { post } = aMcpServer();
    for (const body of [legacy('ping'), [legacy('ping')]]) {
      const answer = await post(body, { headers: { 'MCP-Protocol-Version': '1999-canary' } });
      expect(answer.status).toBe(400);
      expect(answer.rpc).toEqual({
        jsonrpc: '2.0',
        id: null,
        error: {
          code: -32600,
          message: 'Unsupported protocol version',
          data: {
            supported: [
              '2026-07-28',
              '2025-11-25',
              '2025-06-18',
              '2025-03-26',
              '2024-11-05',
              '2024-10-07',
            ],
          },
        },
      });
    }
  });
});

describe('JSON or event stream', () => {
  it('a call that asks for progress gets a stream: progress first, the result last', async () => {
    const { post } = aMcpServer();
    const answer = await post(stepsWithProgress);
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    });
    const progress = { jsonrpc: '2.0', method: 'notifications/progress' };
    expect(answer.events).toEqual([
      { ...progress, params: { progressToken: 'p-1', progress: 1, total: 2, message: 'half' } },
      { ...progress, params: { progressToken: 'p-1', progress: 2, total: 2 } },
      {
        jsonrpc: '2.0',
        id: 1,
        result: {
          content: [{ type: 'text', text: '{"done":true}' }],
          structuredContent: { done: true },
        },
      },
    ]);
  });

  it('a call that does not ask for progress gets JSON', async () => {
    const { post } = aMcpServer();
    const answer = await post(call('steps'));
    expect(answer.headers).toEqual(jsonHeaders);
    expect(answer.rpc.result).toMatchObject({ structuredContent: { done: true } });
  });

  it('a call that asks for progress but takes no streams gets JSON', async () => {
    const { post } = aMcpServer();
    const answer = await post(stepsWithProgress, { headers: { Accept: 'application/json' } });
    expect(answer.headers).toEqual(jsonHeaders);
    expect(answer.rpc.result).toMatchObject({ structuredContent: { done: true } });
  });

  it.each([
    'application/json',
    '*/*',
    'application/json, text/event-stream',
    'text/html',
    undefined,
  ])('with Accept %s everything that streams nothing is JSON', async (Accept) => {
    const { post } = aMcpServer();
    for (const body of [
      initialize(),
      legacy('tools/list'),
      call('echo', { text: 'a' }),
      [legacy('ping', {}, 1), legacy('ping', {}, 2)],
    ]) {
      const answer = await post(body, { headers: { Accept } });
      expect(answer.status).toBe(200);
      expect(answer.headers).toEqual(jsonHeaders);
    }
  });
});

describe('notifications', () => {
  it.each([
    ['initialized', initialized],
    ['cancelled', { ...initialized, method: 'notifications/cancelled', params: { requestId: 1 } }],
    ['an unknown one', { ...initialized, method: 'notifications/canary' }],
    ['an answer to nothing', { jsonrpc: '2.0', id: 3, result: {} }],
    ['an error to nothing', { jsonrpc: '2.0', id: 3, error: { code: 1, message: 'canary' } }],
    ['a batch of them', [initialized, initialized]],
    ['a batch of a cancellation', [{ ...initialized, method: 'notifications/cancelled' }]],
  ])('%s: 202 and nothing else', async (_, body) => {
    const { post, logLines } = aMcpServer();
    const answer = await post(body);
    expect(answer.status).toBe(202);
    expect(answer.text).toBe('');
    expect(answer.headers).toEqual({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(logLines).toEqual([]);
  });
});

describe('batches (revision 2025-03-26)', () => {
  it('every request is answered, notifications are not', async () => {
    const { post, ran } = aMcpServer();
    const answer = await post([
      legacy('ping', undefined, 1),
      call('echo', { text: 'a' }, 'two'),
      initialized,
      call('canary', {}, 3),
    ]);
    expect(answer.status).toBe(200);
    expect(answer.rpc).toEqual([
      { jsonrpc: '2.0', id: 1, result: {} },
      {
        jsonrpc: '2.0',
        id: 'two',
        result: {
          content: [{ type: 'text', text: '{"text":"a"}' }],
          structuredContent: { text: 'a' },
        },
      },
      { jsonrpc: '2.0', id: 3, error: { code: -32602, message: 'Unknown tool' } },
    ]);
    expect(ran).toEqual(['echo']);
  });

  it('holds at most twenty messages', async () => {
    const { post } = aMcpServer();
    const pings = (count: number) =>
      Array.from({ length: count }, (_, id) => legacy('ping', undefined, id));
    expect((await post(pings(20))).rpc).toHaveLength(20);
    const answer = await post(pings(21));
    expect(answer.status).toBe(400);
    expect(answer.rpc.error).toMatchObject({
      code: -32600,
      message: 'A batch holds at most 20 messages',
    });
  });

  it('two messages with one id are refused: only one of them could be answered', async () => {
    const { post, ran } = aMcpServer();
    const answer = await post([call('erase', {}, 1), legacy('ping', undefined, 1)]);
    expect(answer.status).toBe(400);
    expect(answer.rpc.error).toMatchObject({
      code: -32600,
      message: 'Two messages of the batch have the same id',
    });
    expect(ran).toEqual([]);
    expect((await post([legacy('ping', {}, 1), legacy('ping', {}, '1')])).rpc).toHaveLength(2);
  });

  it('a request that the same batch cancels is answered nevertheless, and nothing hangs', async () => {
    const { post } = aMcpServer();
    const { rpc } = await post([
      call('echo', { text: 'a' }, 7),
      { ...initialized, method: 'notifications/cancelled', params: { requestId: 7 } },
    ]);
    expect(JSON.stringify(rpc)).toContain('"id":7');
  });

  it('a mistake in one message is answered as that message’s', async () => {
    const { post } = aMcpServer();
    const { rpc } = await post([
      legacy('tools/list', { cursor: 5 }, 1),
      legacy('canary', undefined, 2),
    ]);
    expect(rpc).toEqual([
      {
        jsonrpc: '2.0',
        id: 1,
        error: { code: -32602, message: 'Invalid params: they are not what this method takes' },
      },
      { jsonrpc: '2.0', id: 2, error: { code: -32601, message: 'Method not found' } },
    ]);
  });

  it('one message that is none refuses the whole batch', async () => {
    const { post, ran } = aMcpServer();
    const answer = await post([call('erase'), 5]);
    expect(answer.status).toBe(400);
    expect(answer.rpc).toMatchObject({ id: null, error: { code: -32600 } });
    expect(ran).toEqual([]);
  });
});

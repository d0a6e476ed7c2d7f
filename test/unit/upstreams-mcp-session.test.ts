import { describe, expect, it } from 'vitest';
import { McpSession } from '../../src/upstreams/mcp-session.ts';
import { call, failure, never, open, WireServer, type Sent } from './support/wire-server.ts';

describe('the handshake', () => {
  it('takes a server of 2026-07-28 at its word', async () => {
    const { facts } = await open(new WireServer('modern'));
    expect(facts).toEqual({
      era: 'modern',
      capabilities: { tools: {} },
      instructions: 'Be kind.',
      serverInfo: { name: 'wire', version: '9' },
    });
  });

  it('falls back to initialize on the same channel', async () => {
    const server = new WireServer('legacy');
    const { facts } = await open(server);
    expect(facts.era).toBe('legacy');
    expect(facts).not.toHaveProperty('instructions');
    expect(server.transports).toBe(1);
    expect(server.received.map(({ method }) => method)).toEqual([
      'server/discover',
      'initialize',
      'notifications/initialized',
    ]);
  });

  it('asks nothing but initialize in legacy mode, and offers no sampling and no roots', async () => {
    const server = new WireServer('legacy');
    await open(server, 'legacy');
    expect(server.received.map(({ method }) => method)).toEqual([
      'initialize',
      'notifications/initialized',
    ]);
    expect(server.of('initialize')[0]?.params?.['capabilities']).toEqual({
      elicitation: { form: {} },
    });
  });

  it('fails as not-mcp when the server refuses to begin', async () => {
    const server = new WireServer('modern');
    const error = await failure(open(server, 'legacy'));
    expect(error.failure).toBe('not-mcp');
  });

  it('fails as timeout when the server says nothing', async () => {
    const session = new McpSession({
      createTransport: new WireServer('legacy', { initialize: () => undefined }).createTransport,
      mode: 'legacy',
      connectTimeoutMs: 50,
    });
    expect((await failure(session.connect(never))).failure).toBe('timeout');
    expect(session.closed).toBe(true);
  });

  it('is given up by its signal', async () => {
    const controller = new AbortController();
    const server = new WireServer('legacy', { initialize: () => controller.abort() });
    const session = new McpSession({
      createTransport: server.createTransport,
      mode: 'legacy',
      connectTimeoutMs: 5_000,
    });
    expect((await failure(session.connect(controller.signal))).failure).toBe('aborted');
  });
});

describe('a request', () => {
  it('gives the result as it came, unknown fields and all', async () => {
    const result = {
      resultType: 'complete',
      content: [{ type: 'hologram', beam: 1 }],
      structuredContent: 'not what the schema says',
      'x-other': null,
    };
    const { session } = await open(
      new WireServer('modern', { 'tools/call': (message, wire) => wire.result(message, result) }),
    );
    expect(await session.request(call())).toEqual(result);
  });

  it('carries the envelope of 2026-07-28, and offers what the caller can be asked for', async () => {
    const server = new WireServer('modern', {
      'tools/call': (message, wire) => wire.result(message, {}),
    });
    const { session } = await open(server);
    await session.request(call());
    await session.request(
      call({
        capabilities: { elicitation: { form: {} }, sampling: {} },
        onLog: () => undefined,
        trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
      }),
    );
    const [plain, rich] = server.of('tools/call').map(({ params }) => params?.['_meta']);
    expect(plain).toEqual({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'drawbridge', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    });
    expect(rich).toMatchObject({
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} }, sampling: {} },
      'io.modelcontextprotocol/logLevel': 'debug',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
  });

  it('sends a server of 2025 no _meta that nobody asked for', async () => {
    const server = new WireServer('legacy', {
      'tools/call': (message, wire) => wire.result(message, {}),
    });
    const { session } = await open(server, 'legacy');
    await session.request(call());
    expect(server.of('tools/call')[0]?.params).toEqual({ name: 'add', arguments: { a: 1 } });
  });

  it("passes the server's own error on", async () => {
    const server = new WireServer('legacy', {
      'tools/call': ({ id }, wire) =>
        wire.send({ id, error: { code: -32042, message: 'no', data: { a: 1 } } }),
    });
    const { session } = await open(server, 'legacy');
    const error = await failure(session.request(call()));
    expect(error.failure).toBe('rpc');
    expect(error.rpc).toEqual({ code: -32042, message: 'no', data: { a: 1 } });
  });

  it('routes progress by its token, without it', async () => {
    const server = new WireServer('legacy', {
      'tools/call': (message, wire) => {
        const { progressToken } = message.params?.['_meta'] as { progressToken: number };
        const progress = { progressToken, progress: message.params?.['name'] === 'a' ? 1 : 2 };
        wire.send({ method: 'notifications/progress', params: progress });
        wire.result(message, {});
      },
    });
    const { session } = await open(server, 'legacy');
    const seen: unknown[] = [];
    await Promise.all(
      ['a', 'b'].map((name) =>
        session.request(call({ params: { name }, onProgress: (it) => seen.push([name, it]) })),
      ),
    );
    expect(seen).toEqual([
      ['a', { progress: 1 }],
      ['b', { progress: 2 }],
    ]);
  });

  it('gives log lines to a call that is alone, and to nobody when two share the channel', async () => {
    const waiting: Sent[] = [];
    const server = new WireServer('legacy', {
      'tools/call': (message) => void waiting.push(message),
    });
    const { session } = await open(server, 'legacy');
    const seen: unknown[] = [];
    const line = { method: 'notifications/message', params: { level: 'info', data: 'x' } };
    const first = session.request(call({ onLog: (params) => seen.push(params) }));
    await expect.poll(() => waiting.length).toBe(1);
    server.send(line);
    await expect.poll(() => seen).toEqual([{ level: 'info', data: 'x' }]);
    const second = session.request(call({ onLog: (params) => seen.push(params) }));
    await expect.poll(() => waiting.length).toBe(2);
    server.send(line);
    for (const message of waiting) server.result(message, {});
    await Promise.all([first, second]);
    expect(seen).toHaveLength(1);
  });

  it('tells the server when it is given up, and drops the answer that comes too late', async () => {
    const server = new WireServer('legacy', { 'tools/call': () => undefined });
    const { session } = await open(server, 'legacy');
    const controller = new AbortController();
    const promise = failure(session.request(call({ signal: controller.signal })));
    await expect.poll(() => server.of('tools/call')).toHaveLength(1);
    controller.abort();
    expect((await promise).failure).toBe('aborted');
    const [sent] = server.of('tools/call');
    await expect.poll(() => server.of('notifications/cancelled')).toHaveLength(1);
    expect(server.of('notifications/cancelled')[0]?.params).toEqual({
      requestId: sent?.id,
      reason: 'The caller gave it up',
    });
    server.result(sent ?? {}, { late: true });
    expect(session.closed).toBe(false);
  });

  it('fails as timeout when its time is over', async () => {
    const { session } = await open(
      new WireServer('modern', { 'tools/call': () => undefined }),
      'modern',
    );
    expect((await failure(session.request(call({ timeoutMs: 30 })))).failure).toBe('timeout');
  });

  it('fails when the connection ends under it, and so does every later one', async () => {
    const server = new WireServer('legacy', { 'tools/call': (_, wire) => wire.close() });
    const { session } = await open(server, 'legacy');
    let closed = 0;
    session.onClose = () => closed++;
    expect((await failure(session.request(call()))).failure).toBe('unreachable');
    expect((await failure(session.request(call()))).failure).toBe('unreachable');
    expect(closed).toBe(1);
    expect(session.closed).toBe(true);
  });

  it('fails as not-mcp when the result is no object', async () => {
    const server = new WireServer('legacy', {
      'tools/call': (message, wire) => wire.result(message, 'text'),
    });
    const { session } = await open(server, 'legacy');
    expect((await failure(session.request(call()))).failure).toBe('not-mcp');
  });
});

describe('a server of 2025 that asks its user', () => {
  const question = { message: 'Your name?', requestedSchema: { type: 'object', properties: {} } };
  const asking = () =>
    new WireServer('legacy', {
      'tools/call': (_, wire) =>
        wire.send({ id: 'ask-1', method: 'elicitation/create', params: question }),
    });

  it('ends the call as input_required for a caller who can be asked', async () => {
    const server = asking();
    const { session } = await open(server, 'legacy');
    expect(await session.request(call({ elicitation: { answers: [] } }))).toEqual({
      resultType: 'input_required',
      inputRequests: { 'input-1': { method: 'elicitation/create', params: question } },
    });
    await expect.poll(() => server.of('notifications/cancelled')).toHaveLength(1);
    expect(server.received).toContainEqual({
      jsonrpc: '2.0',
      id: 'ask-1',
      error: { code: -32603, message: 'The call is off' },
    });
  });

  it('hears the answers of earlier attempts in their order, and asks on after them', async () => {
    const server = new WireServer('legacy', {
      'tools/call': (_, wire) => {
        wire.send({ id: 'ask-1', method: 'elicitation/create', params: question });
        wire.send({ id: 'ask-2', method: 'elicitation/create', params: question });
      },
    });
    const { session } = await open(server, 'legacy');
    const answer = { action: 'accept', content: { name: 'Ada' } };
    const result = await session.request(call({ elicitation: { answers: [answer] } }));
    expect(result).toMatchObject({ inputRequests: { 'input-2': {} } });
    expect(server.received).toContainEqual({ jsonrpc: '2.0', id: 'ask-1', result: answer });
  });

  it('is not heard any more when it asks on for a call that is off', async () => {
    let asks = 0;
    const server = new WireServer('legacy', {
      'tools/call': (_, wire) =>
        wire.send({ id: `ask-${++asks}`, method: 'elicitation/create', params: question }),
      // It answers this when it has seen that the call is off; and asks once more before.
      ping: (message, wire) => {
        if (asks === 1) {
          wire.send({ id: `ask-${++asks}`, method: 'elicitation/create', params: question });
        }
        wire.result(message, {});
      },
    });
    const { session } = await open(server, 'legacy');
    await session.request(call({ elicitation: { answers: [] } }));
    const answer = { action: 'accept', content: { name: 'Ada' } };
    void session.request(call({ elicitation: { answers: [answer] } })).catch(() => undefined);
    await expect.poll(() => server.received.find(({ id }) => id === 'ask-3')).toBeDefined();
    expect(server.received.find(({ id }) => id === 'ask-2')?.error?.code).toBe(-32601);
    expect(server.received.find(({ id }) => id === 'ask-3')?.result).toEqual(answer);
    await session.close();
  });

  it('is refused when the caller cannot be asked', async () => {
    const server = asking();
    const { session } = await open(server, 'legacy');
    expect((await failure(session.request(call()))).failure).toBe('needs-input');
    expect(server.received).toContainEqual({
      jsonrpc: '2.0',
      id: 'ask-1',
      error: { code: -32601, message: 'The caller cannot be asked for input' },
    });
  });

  it('is refused when two calls share the channel: the question may be about the other one', async () => {
    const waiting: Sent[] = [];
    const server = new WireServer('legacy', {
      'tools/call': (message) => void waiting.push(message),
    });
    const { session } = await open(server, 'legacy');
    const elicitation = { answers: [{ action: 'accept', content: { secret: 'of one caller' } }] };
    const calls = [session.request(call({ elicitation })), session.request(call({ elicitation }))];
    await expect.poll(() => waiting.length).toBe(2);
    server.send({ id: 'ask-1', method: 'elicitation/create', params: question });
    await expect.poll(() => server.received.at(-1)?.error?.code).toBe(-32601);
    for (const message of waiting) server.result(message, { done: true });
    expect(await Promise.all(calls)).toEqual([{ done: true }, { done: true }]);
  });

  it('gets no sampling: the client says that there is no such method', async () => {
    const server = new WireServer('legacy', {
      'tools/call': (message, wire) => {
        wire.send({ id: 'ask-1', method: 'sampling/createMessage', params: {} });
        wire.result(message, {});
      },
    });
    const { session } = await open(server, 'legacy');
    await session.request(call({ elicitation: { answers: [] } }));
    await expect.poll(() => server.received.at(-1)?.error?.code).toBe(-32601);
  });
});

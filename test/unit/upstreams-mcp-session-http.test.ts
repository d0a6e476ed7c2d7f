import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import { isSessionLost } from '../../src/upstreams/mcp-failure.ts';
import {
  agreesWithHeaders,
  paramHeaderDeclarations,
  paramHeaders,
} from '../../src/upstreams/mcp-param-headers.ts';
import { McpSession } from '../../src/upstreams/mcp-session.ts';
import type { JsonObject } from '../../src/upstreams/upstream.ts';
import { call, failure, never } from './support/wire-server.ts';

interface Exchange {
  readonly message: {
    id?: number | string;
    method?: string;
    params?: JsonObject;
    result?: unknown;
  };
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const json = (response: ServerResponse, body: object): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const event = (message: object): string =>
  `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server of literal HTTP. `onMessage` answers what is no handshake. */
const listen = async (
  era: 'legacy' | 'modern',
  onMessage: (exchange: Exchange) => void,
): Promise<URL> => {
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const message = JSON.parse(Buffer.concat(chunks).toString()) as Exchange['message'];
    const reply = (result: object) => json(response, { jsonrpc: '2.0', id: message.id, result });
    if (message.method === 'initialize' && era === 'legacy') {
      const serverInfo = { name: 'wire', version: '1' };
      return reply({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo });
    }
    if (message.method === 'server/discover' && era === 'modern') {
      const supportedVersions = ['2026-07-28'];
      const caching = { ttlMs: 0, cacheScope: 'private' };
      return reply({ resultType: 'complete', supportedVersions, capabilities: {}, ...caching });
    }
    if (message.id === undefined && message.method === 'notifications/initialized') {
      return void response.writeHead(202).end();
    }
    onMessage({ message, request, response });
  };
  const listening = createServer((request, response) => void serve(request, response));
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(listening.address() as AddressInfo).port}/mcp`);
};

const open = async (url: URL, mode: 'legacy' | 'modern') => {
  const session = new McpSession({
    createTransport: () => new StreamableHTTPClientTransport(url),
    mode,
    connectTimeoutMs: 5_000,
  });
  await session.connect(never);
  return session;
};

describe('calls that share a session over HTTP', () => {
  it('get the log lines and the questions of their own streams, and of no other', async () => {
    const streams: Exchange[] = [];
    const answers: unknown[] = [];
    const url = await listen('legacy', (exchange) => {
      const { message, response } = exchange;
      if (message.method === 'tools/call') {
        streams.push(exchange);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
        return;
      }
      answers.push([message.id, message.result]);
      response.writeHead(202).end();
      const stream = streams.find(({ message: { params } }) => params?.['name'] === message.id);
      stream?.response.end(event({ id: stream.message.id, result: { done: true } }));
    });
    const session = await open(url, 'legacy');
    const lines: unknown[] = [];
    const calls = ['a', 'b'].map((name) =>
      session.request(
        call({
          params: { name },
          onLog: ({ data }) => lines.push([name, data]),
          elicitation: { answers: [{ action: 'accept', content: { of: name } }] },
        }),
      ),
    );
    await expect.poll(() => streams.length).toBe(2);
    for (const { message, response } of streams) {
      const name = message.params?.['name'];
      const line = { level: 'info', data: name };
      const question = { message: '?', requestedSchema: { type: 'object', properties: {} } };
      response.write(event({ method: 'notifications/message', params: line }));
      response.write(event({ id: name, method: 'elicitation/create', params: question }));
    }
    expect(await Promise.all(calls)).toEqual([{ done: true }, { done: true }]);
    expect(lines.sort()).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    expect(answers.sort()).toEqual([
      ['a', { action: 'accept', content: { of: 'a' } }],
      ['b', { action: 'accept', content: { of: 'b' } }],
    ]);
  });
});

describe('a call over HTTP', () => {
  it('is given up by the end of its request on a server of 2026-07-28', async () => {
    let ended = false;
    const methods: unknown[] = [];
    const url = await listen('modern', ({ message, response }) => {
      methods.push(message.method);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      response.on('close', () => (ended = true));
    });
    const session = await open(url, 'modern');
    const controller = new AbortController();
    const promise = failure(session.request(call({ signal: controller.signal })));
    await expect.poll(() => methods).toEqual(['tools/call']);
    controller.abort();
    expect((await promise).failure).toBe('aborted');
    await expect.poll(() => ended).toBe(true);
    expect(methods).toEqual(['tools/call']);
  });

  it('fails at once when its stream ends without an answer', async () => {
    const url = await listen('modern', ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': bye\n\n');
    });
    const session = await open(url, 'modern');
    expect((await failure(session.request(call()))).failure).toBe('unreachable');
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'unreachable'],
    [500, 'unreachable'],
    [400, 'not-mcp'],
  ])('words HTTP %i as %s', async (status, kind) => {
    const url = await listen('legacy', ({ response }) => response.writeHead(status).end('no'));
    const session = await open(url, 'legacy');
    const error = await failure(session.request(call()));
    expect(error.failure).toBe(kind);
    expect(isSessionLost(error)).toBe(status === 404);
    expect(error.message).not.toContain('no');
  });

  it.each([
    ['text/html', '<html>'],
    ['application/json', '<html>'],
    ['application/json', '{"hello":1}'],
  ])('fails as not-mcp when %s holds %s', async (type, body) => {
    const url = await listen('legacy', ({ response }) =>
      response.writeHead(200, { 'content-type': type }).end(body),
    );
    const session = await open(url, 'legacy');
    expect((await failure(session.request(call()))).failure).toBe('not-mcp');
  });

  it('says in headers what the tool annotates, to a server of 2026-07-28 only', async () => {
    const inputSchema = {
      type: 'object',
      properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
    };
    for (const era of ['modern', 'legacy'] as const) {
      let header: unknown;
      const url = await listen(era, ({ message, request, response }) => {
        header = request.headers['mcp-param-region'];
        json(response, { jsonrpc: '2.0', id: message.id, result: {} });
      });
      const session = await open(url, era);
      const params = { name: 'add', arguments: { region: 'eu' } };
      await session.request(call({ params, tool: { name: 'add', inputSchema } }));
      expect(header).toBe(era === 'modern' ? 'eu' : undefined);
      server?.close();
    }
  });

  it('lists no tool whose annotations break the rules', async () => {
    const broken = { name: 'bad', inputSchema: { 'x-mcp-header': 'Root' } };
    const good = { name: 'good', inputSchema: { type: 'object' }, extra: 1 };
    const url = await listen('modern', ({ message, response }) =>
      json(response, { jsonrpc: '2.0', id: message.id, result: { tools: [broken, good] } }),
    );
    const session = await open(url, 'modern');
    const result = await session.request(call({ method: 'tools/list', params: {} }));
    expect(result).toEqual({ tools: [good] });
  });
});

describe('Mcp-Param headers', () => {
  const tool = (properties: object, rest: object = {}) => ({
    name: 't',
    inputSchema: { type: 'object', properties, ...rest },
  });
  const text = (header: unknown) => ({ type: 'string', 'x-mcp-header': header });

  it.each([
    ['plain', 'plain'],
    ['two words', 'two words'],
    ['', '=?base64??='],
    [' led', '=?base64?IGxlZA==?='],
    ['ä', '=?base64?w6Q=?='],
    ['a\r\nX: y', '=?base64?YQ0KWDogeQ==?='],
    ['=?base64?eA==?=', '=?base64?PT9iYXNlNjQ/ZUE9PT89?='],
  ])('write %j as %j', (value, header) => {
    expect(paramHeaders(tool({ a: text('A') }), { a: value })).toEqual({ 'Mcp-Param-A': header });
  });

  it.each([
    ['Hello', 'Hello', true],
    ['Hello', ' Hello ', true],
    ['Hello', '=?base64?SGVsbG8=?=', true],
    ['Hello', 'SGVsbG8=', false],
    ['Hello', '=?base64?SGVsbG8?=', false],
    ['Hello', '=?base64?SGVs!!!bG8=?=', false],
    ['\ufffd', '=?base64?/w==?=', false],
    ['Hello', 'hello', false],
    ['Hello', undefined, false],
    ['', '', true],
    ['', undefined, false],
    [42, '42.0', true],
    [42, '43', false],
    [true, 'true', true],
    [null, undefined, true],
    [undefined, 'anything', true],
    [{ an: 'object' }, undefined, true],
  ])('of %j may be %j: %s', (value, sent, agrees) => {
    const header = (name: string) => (name === 'mcp-param-a' ? sent : undefined);
    expect(agreesWithHeaders(tool({ a: text('A') }), { a: value }, header)).toBe(agrees);
  });

  it.each(['plain', ' led', 'ä', '', '=?base64?eA==?='])('agree as they were written: %j', (a) => {
    const written = paramHeaders(tool({ a: text('A') }), { a });
    expect(agreesWithHeaders(tool({ a: text('A') }), { a }, () => written['Mcp-Param-A'])).toBe(
      true,
    );
  });

  it('write integers and booleans, at any depth of properties', () => {
    const deep = { type: 'object', properties: { n: { type: 'integer', 'x-mcp-header': 'N' } } };
    const flag = { type: 'boolean', 'x-mcp-header': 'F' };
    expect(paramHeaders(tool({ deep, flag }), { deep: { n: 3 }, flag: false })).toEqual({
      'Mcp-Param-N': '3',
      'Mcp-Param-F': 'false',
    });
  });

  it.each([[undefined], [null], [{}], [[1]], [1.5], [2 ** 60]])('leave %j out', (value) => {
    expect(paramHeaders(tool({ a: text('A') }), { a: value })).toEqual({});
  });

  it.each([
    ['a header name that is none', tool({ a: text('a b') })],
    ['an empty header name', tool({ a: text('') })],
    ['a number', tool({ a: { type: 'number', 'x-mcp-header': 'A' } })],
    ['two of one name', tool({ a: text('A'), b: text('a') })],
    ['one in an array', tool({ a: { type: 'array', items: text('A') } })],
    ['one in a branch', tool({}, { oneOf: [{ properties: { a: text('A') } }] })],
    ['one in a definition', tool({}, { $defs: { a: text('A') } })],
  ])('refuse a tool with %s', (_, definition) => {
    expect(paramHeaderDeclarations(definition)).toBeUndefined();
  });

  it('take a property that is itself called x-mcp-header, and examples, for what they are', () => {
    expect(
      paramHeaderDeclarations(
        tool({ 'x-mcp-header': { type: 'string' } }, { examples: [text('A')] }),
      ),
    ).toEqual([]);
  });
});

import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  bearer,
  callOf,
  post,
  runTwin,
  type Answer,
  type RunningTwin,
} from './support/running-twin.ts';

let running: RunningTwin;
let key: string;
beforeAll(async () => {
  running = await runTwin();
  key = await running.keyOn('premium', 'acme');
});
afterAll(() => running[Symbol.asyncDispose]());

const send = (body: string | object, headers: Record<string, string> = {}): Promise<Answer> =>
  post(running.mcpUrl, body, { ...bearer(key), ...headers });

/** A JSON-RPC error with the status, saying nothing of our inside. */
const expectError = (answer: Answer, status: number, code?: number): void => {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.json?.jsonrpc).toBe('2.0');
  expect(typeof answer.json?.error?.message).toBe('string');
  if (code !== undefined) expect(answer.json?.error?.code).toBe(code);
  expect(answer.text).not.toMatch(/\bat .+:\d+:\d+|node_modules|\/asset\./);
};

afterEach(async () => {
  const next = await send(callOf('search', { query: 'plan' }));
  expect(next.status).toBe(200);
});

describe('a body', () => {
  it('of 11 MB is 413', async () => {
    expectError(await send('x'.repeat(11 * 1024 * 1024)), 413, -31413);
  });

  it('of 11 MB without a length is 413', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const outgoing = request(
        running.mcpUrl,
        { method: 'POST', headers: { ...bearer(key), 'content-type': 'application/json' } },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      outgoing.on('error', reject);
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      for (let megabyte = 0; megabyte < 11; megabyte++) outgoing.write(chunk);
      outgoing.end();
    });
    expect(status).toBe(413);
  });

  it('over the configured size is 413', async () => {
    expectError(await send(callOf('search', { query: 'x'.repeat(1_100_000) })), 413, -31413);
  });

  it.each([
    ['nothing', ''],
    ['half of JSON', '{"jsonrpc":"2.0",'],
    ['text', 'hello'],
    ['a NUL byte', '\u0000'],
  ])('that is no JSON is 400: %s', async (_, body) => {
    expectError(await send(body), 400, -32700);
  });

  it.each([
    ['a number', '5'],
    ['null', 'null'],
    ['a string', '"x"'],
    ['an empty array', '[]'],
    ['an empty object', '{}'],
    ['an array of numbers', '[1,2]'],
    ['JSON-RPC 1.0', '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
    ['an id of null', '{"jsonrpc":"2.0","id":null,"method":"ping"}'],
    ['a method that is a number', '{"jsonrpc":"2.0","id":1,"method":5}'],
    ['params that are a string', '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":"x"}'],
  ])('that is no JSON-RPC message is refused: %s', async (_, body) => {
    const answer = await send(body);
    expectError(answer, answer.status === 200 ? 200 : 400);
  });

  it.each([
    ['arrays', '['.repeat(100_000)],
    ['objects', '{"a":'.repeat(50_000)],
    [
      'arguments',
      JSON.stringify(callOf('search', {})).replace(
        '{}',
        `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
      ),
    ],
  ])('that nests deeply is 400: %s', async (_, body) => {
    expectError(await send(body), 400);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/jsonx',
  ])('of type %s is 415', async (type) => {
    expectError(await send(callOf('search', { query: 'x' }), { 'content-type': type }), 415);
  });

  it('with a charset is served', async () => {
    const answer = await send(callOf('search', { query: 'plan' }), {
      'content-type': 'Application/JSON; charset=utf-8',
    });
    expect(answer.status).toBe(200);
  });
});

describe('a protocol version', () => {
  it('that is unknown in the header is 400', async () => {
    expectError(
      await send(callOf('search', { query: 'x' }), { 'mcp-protocol-version': '1999-01-01' }),
      400,
    );
  });

  it('that is unknown in the body names the supported ones', async () => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2031-01-01',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const answer = await send(
      { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } },
      { 'mcp-protocol-version': '2031-01-01', 'mcp-method': 'tools/list' },
    );
    expectError(answer, 400, -32022);
    expect(answer.json?.error?.data).toMatchObject({ supported: ['2026-07-28'] });
  });

  it('whose header and body disagree is -32020', async () => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } };
    for (const headers of [
      { 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'tools/list' },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' },
      { 'mcp-protocol-version': '2026-07-28' },
    ] as Record<string, string>[]) {
      expectError(await send(message, headers), 400, -32020);
    }
  });
});

describe('a call', () => {
  it('of an unknown tool is -32602', async () => {
    expectError(await send(callOf('nope', {})), 200, -32602);
  });

  it('of an unknown method is -32601', async () => {
    expectError(await send({ jsonrpc: '2.0', id: 1, method: 'nope/nope' }), 200, -32601);
  });

  it.each([
    [{ query: 5 }],
    [{}],
    [{ query: '' }],
    [{ query: 'x', limit: -1 }],
    [{ query: 'x', limit: 1e9 }],
    [{ query: 'x', extra: true }],
    [{ query: null }],
    [{ query: ['x'] }],
    [{ query: 'x'.repeat(2_000) }],
    [{ query: 'x', cursor: 'zzz' }],
  ])('with wrong arguments is a tool error that says what is wrong: %j', async (args) => {
    const answer = await send(callOf('search', args));
    expect(answer.status).toBe(200);
    expect(answer.json?.result?.isError).toBe(true);
  });

  it.each(['x', 5, null, [1]])('whose arguments are no object is refused: %j', async (args) => {
    expectError(await send(callOf('search', args)), 200, -32602);
  });

  const strange = [
    '\u0000',
    '\ud800',
    '\udfff\ud800',
    '\u202e',
    '😀'.repeat(100),
    '__proto__',
    '\r\nX: y',
  ];
  it.each(strange)('with a strange string everywhere is answered: %j', async (text) => {
    const bodies = [
      callOf('search', { query: text }),
      callOf('search', { query: 'x', cursor: text }),
      callOf('fetch', { id: text }),
      callOf(text, { query: text }),
      callOf('search', { [text]: text }),
      callOf('search', { query: 'plan' }, text),
      { jsonrpc: '2.0', id: 1, method: text, params: { [text]: text } },
      { jsonrpc: text, id: 1, method: 'ping' },
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: text,
          capabilities: {},
          clientInfo: { name: text, version: text },
        },
      },
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: 'search',
          arguments: { query: 'plan' },
          _meta: { progressToken: text, [text]: text },
        },
      },
    ];
    for (const body of bodies) {
      const answer = await send(body);
      expect([200, 400]).toContain(answer.status);
      expect(answer.text).not.toMatch(/node_modules|\/asset\./);
      if (answer.headers.get('content-type') === 'application/json')
        expect(answer.json?.jsonrpc).toBe('2.0');
    }
  });

  it('cannot pollute a prototype', async () => {
    await send(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"plan","__proto__":{"polluted":true}},"__proto__":{"x":1}}}',
    );
    const answer = await send(callOf('toString', {}));
    expectError(answer, 200, -32602);
    expectError(await send(callOf('constructor', {})), 200, -32602);
  });
});

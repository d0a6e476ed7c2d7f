import { describe, expect, it } from 'vitest';
import {
  aMcpServer,
  call,
  legacy,
  maxBodyBytes,
  modern,
  proxyEventOf,
  tokenCanary,
  userContext,
  type Sent,
  type ServerOptions,
} from './support/mcp-server.ts';
import { invokeStreaming } from './support/awslambda.ts';

/** The answer to `erase`, or to another body, and that nothing ran for it. */
const refused = async (sent: Sent, options: ServerOptions = {}, body: unknown = call('erase')) => {
  const server = aMcpServer(options);
  const answer = await server.post(body, sent);
  expect(server.ran).toEqual([]);
  expect(answer.headers).toEqual({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-type': 'application/json',
  });
  expect(server.written()).not.toContain(tokenCanary);
  return { answer, server };
};

const failure = (status: number, code: number, name: string, message: string) => ({
  status,
  rpc: {
    jsonrpc: '2.0',
    id: null,
    error: { code, message, data: { code: name, requestId: 'req-1' } },
    code: name,
    message,
    requestId: 'req-1',
  },
});

describe('the caller', () => {
  const unauthorized = failure(401, -31401, 'UNAUTHENTICATED', 'Unauthorized');

  it.each([
    ['no principal', null],
    ['nothing from an authorizer', undefined],
    ['an empty principal', {}],
    ['no tenant', { ...userContext, tenant: undefined }],
    ['a tenant that is none', { ...userContext, tenant: 'A B' }],
    ['an unknown role', { ...userContext, role: 'root' }],
    ['an unknown lane', { ...userContext, lane: 'none' }],
    ['no subject', { ...userContext, subject: '' }],
    ['a principal that is text', 'demo'],
  ])('with %s is 401', async (_, authorizer) => {
    const { answer } = await refused({ authorizer });
    expect(answer).toMatchObject(unauthorized);
  });

  const bound = { ...userContext, cidrs: '203.0.113.0/24,2001:db8::/32' };

  it.each(['198.51.100.1', '2001:db9::1', '::ffff:198.51.100.1', '', 'unknown'])(
    'whose key is bound to networks is 401 from "%s", cached authorizer answer or not',
    async (sourceIp) => {
      const { answer } = await refused({ authorizer: bound, sourceIp });
      expect(answer).toMatchObject(unauthorized);
    },
  );

  it.each(['203.0.113.7', '2001:db8::1', '::ffff:203.0.113.9'])(
    'whose key is bound to networks is served from %s',
    async (sourceIp) => {
      const { post, ran } = aMcpServer();
      expect((await post(call('erase'), { authorizer: bound, sourceIp })).status).toBe(200);
      expect(ran).toEqual(['erase']);
    },
  );

  it('whose key has expired is 401 from that second on, cached authorizer answer or not', async () => {
    // The fixture's clock stands at 2026-11-21T05:00:00Z.
    const startedAt = Date.UTC(2026, 10, 21, 5) / 1000;
    const until = (expiresAt: number | string) => ({
      authorizer: { ...userContext, expiresAt: String(expiresAt) },
    });
    for (const expiresAt of [startedAt, startedAt - 1, 1, 0, -1, 'never', '']) {
      expect((await refused(until(expiresAt))).answer).toMatchObject(unauthorized);
    }
    const { post, ran } = aMcpServer();
    expect((await post(call('erase'), until(startedAt + 1))).status).toBe(200);
    expect(ran).toEqual(['erase']);
  });

  it.each([
    ['Authorization', 'authorization'],
    ['AUTHORIZATION', 'Authorization'],
  ])('with two credentials (%s, %s) is 401, cached authorizer answer or not', async (...names) => {
    const headers = Object.fromEntries(names.map((name, index) => [name, `Bearer key-${index}`]));
    expect((await refused({ headers })).answer).toMatchObject(unauthorized);
    const { post, ran } = aMcpServer();
    const once = { headers: { Authorization: 'Bearer key' } };
    expect((await post(call('erase'), once)).status).toBe(200);
    expect(ran).toEqual(['erase']);
  });

  it('with networks that cannot be read is not served', async () => {
    for (const cidrs of ['', '203.0.113.7', '203.0.113.0/24,']) {
      const { answer } = await refused({
        authorizer: { ...userContext, cidrs },
        sourceIp: '198.51.100.1',
      });
      expect(answer).toMatchObject(failure(500, -32603, 'INTERNAL', 'Internal error'));
    }
  });
});

describe('Origin', () => {
  const allowedOrigins = ['https://app.example.com', 'http://localhost:6274'];
  const forbidden = failure(
    403,
    -31403,
    'ORIGIN_NOT_ALLOWED',
    'This origin may not call this server',
  );

  it.each([
    'https://canary.example.com',
    'https://app.example.com.canary.example',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com/',
    'HTTPS://APP.EXAMPLE.COM',
    'null',
    '',
    '*',
  ])('"%s" is refused with 403', async (Origin) => {
    const { answer, server } = await refused({ headers: { Origin } }, { allowedOrigins });
    expect(answer).toMatchObject(forbidden);
    expect(`${answer.text}${server.written()}`).not.toContain('canary');
  });

  it('none is allowed unless configured', async () => {
    const { answer } = await refused({ headers: { Origin: 'https://app.example.com' } });
    expect(answer).toMatchObject(forbidden);
  });

  it.each(['Origin', 'origin', 'ORIGIN'])('in %s an allowed one passes', async (name) => {
    const { post } = aMcpServer({ allowedOrigins });
    const answer = await post(legacy('ping'), { headers: { [name]: 'http://localhost:6274' } });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.headers).join()).not.toContain('access-control');
  });

  it('is looked at after the credential: strangers learn nothing of it', async () => {
    const { answer } = await refused(
      { authorizer: null, headers: { Origin: 'https://canary.example.com' } },
      { allowedOrigins },
    );
    expect(answer.status).toBe(401);
  });
});

describe('Content-Type', () => {
  it.each([
    'text/plain',
    'application/jsonp',
    'application/json-rpc',
    'multipart/form-data',
    '',
    undefined,
  ])('%s is refused with 415', async (type) => {
    const { answer } = await refused({ headers: { 'Content-Type': type } });
    expect(answer).toMatchObject(
      failure(415, -31415, 'UNSUPPORTED_MEDIA_TYPE', 'Content-Type must be application/json'),
    );
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/json;',
  ])('%s is served', async (type) => {
    const { post } = aMcpServer();
    expect((await post(legacy('ping'), { headers: { 'Content-Type': type } })).status).toBe(200);
  });
});

describe('the size of a body', () => {
  const tooLarge = failure(413, -31413, 'REQUEST_TOO_LARGE', 'The body is larger than 2000 bytes');
  const padded = (bytes: number) => {
    const text = JSON.stringify(legacy('ping'));
    return text + ' '.repeat(bytes - Buffer.byteLength(text));
  };

  it('at the limit is served, one byte more is 413', async () => {
    const { post } = aMcpServer();
    expect((await post(padded(maxBodyBytes))).status).toBe(200);
    expect((await refused({}, {}, padded(maxBodyBytes + 1))).answer).toMatchObject(tooLarge);
  });

  it('is counted in bytes, and after base64', async () => {
    const euros = JSON.stringify(call('erase', { note: '€'.repeat(700) }));
    expect(euros.length).toBeLessThan(maxBodyBytes);
    expect((await refused({}, {}, euros)).answer).toMatchObject(tooLarge);
    expect((await refused({ base64: true }, {}, padded(maxBodyBytes + 1))).answer).toMatchObject(
      tooLarge,
    );
    const { post } = aMcpServer();
    expect((await post(padded(maxBodyBytes), { base64: true })).status).toBe(200);
  });
});

describe('a body that is no JSON-RPC message', () => {
  it.each(['', ' ', '{', '{"jsonrpc":', 'canary', "{'a':1}", '{}{}', 'NaN', '\u0000', '[1,]'])(
    '%j is no JSON: 400 and -32700',
    async (body) => {
      const { answer } = await refused({}, {}, body);
      expect(answer).toMatchObject(
        failure(400, -32700, 'PARSE_ERROR', 'Parse error: the body is not JSON'),
      );
      expect(answer.text).not.toContain('canary');
    },
  );

  it('no body at all is no JSON', async () => {
    const { handler } = aMcpServer();
    const answer = await invokeStreaming(handler, { ...proxyEventOf(''), body: null });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: -32700 } });
  });

  it.each(['1', '-0', '1e999', '"canary"', 'true', 'false', 'null'])(
    'the scalar %s: 400 and -32600',
    async (body) => {
      const { answer } = await refused({}, {}, body);
      expect(answer).toMatchObject(
        failure(400, -32600, 'INVALID_REQUEST', 'The body is not a JSON-RPC 2.0 message'),
      );
      expect(answer.text).not.toContain('canary');
    },
  );

  it.each([
    ['an empty array', []],
    ['an array of scalars', ['canary', 1, null]],
    ['an empty object', {}],
    ['another protocol', { id: 1, method: 'canary' }],
    ['another version of it', { jsonrpc: '1.0', id: 1, method: 'ping' }],
    ['an id of null', { jsonrpc: '2.0', id: null, method: 'ping' }],
    ['an id that is an object', { jsonrpc: '2.0', id: {}, method: 'ping' }],
    ['an id with a fraction', { jsonrpc: '2.0', id: 1.5, method: 'ping' }],
    ['a method that is no string', { jsonrpc: '2.0', id: 1, method: 5 }],
    ['params that are text', { jsonrpc: '2.0', id: 1, method: 'ping', params: 'canary' }],
    ['a result and an error', { jsonrpc: '2.0', id: 1, result: 1, error: 'canary' }],
  ])('%s: 400 and -32600', async (_, body) => {
    const { answer, server } = await refused({}, {}, body);
    expect(answer.status).toBe(400);
    expect(answer.rpc.error?.code).toBe(-32600);
    expect(answer.rpc.error?.message).toMatch(/is not a JSON-RPC 2.0 message$/);
    expect(`${answer.text}${server.written()}`).not.toContain('canary');
    expect(server.auditLines.length).toBeGreaterThan(0);
  });
});

describe('nesting', () => {
  const nested = (levels: number, open: string, close: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":${open.repeat(levels - 2)}1${close.repeat(levels - 2)}}}`;

  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('of %s 64 deep is served, 65 deep is 400', async (_, open, close) => {
    const { post } = aMcpServer();
    expect((await post(nested(64, open, close))).status).toBe(200);
    const { answer } = await refused({}, {}, nested(65, open, close));
    expect(answer).toMatchObject(
      failure(400, -32600, 'INVALID_REQUEST', 'The body nests deeper than 64 levels'),
    );
  });

  it('brackets in strings do not nest, whatever is escaped before them', async () => {
    const { post } = aMcpServer();
    for (const text of ['['.repeat(100), '"['.repeat(99), '\\"{'.repeat(70), '\\'.repeat(3)]) {
      const { rpc } = await post(call('echo', { text }));
      expect(rpc.result).toMatchObject({ structuredContent: { text } });
    }
  });

  it('is refused before it is parsed, however deep and broken', async () => {
    const { answer } = await refused({}, {}, '['.repeat(1_999));
    expect(answer.rpc.error?.message).toBe('The body nests deeper than 64 levels');
  });
});

describe('a number that JSON can write and JavaScript cannot hold', () => {
  it.each(['1e999', '-1e999'])('%s in arguments is 400', async (number) => {
    const body = JSON.stringify(call('erase', { n: 0 })).replace('"n":0', `"n":${number}`);
    const { answer, server } = await refused({}, {}, body);
    expect(answer).toMatchObject(
      failure(400, -32600, 'INVALID_REQUEST', 'A number in the arguments is out of range'),
    );
    expect(server.logLines).toEqual([]);
  });
});

describe('a header that HTTP does not allow', () => {
  it.each([
    ['Mcp-Name', '日本-canary'],
    ['Mcp-Method', 'a\u0000canary'],
    ['Accept', '\ud800canary'],
    ['Mcp-Param-canaryé', 'x'],
  ])('%s is 400', async (name, value) => {
    const { answer, server } = await refused({ headers: { [name]: value } });
    expect(answer).toMatchObject(
      failure(400, -32600, 'INVALID_REQUEST', 'A header holds characters that HTTP does not allow'),
    );
    expect(`${answer.text}${server.written()}`).not.toContain('canary');
  });

  it('one that is not used does no harm', async () => {
    const { post } = aMcpServer();
    const { body, headers } = modern('tools/list');
    const answer = await post(body, { headers: { ...headers, 'X-Other': '日本\u0000' } });
    expect(answer.status).toBe(200);
  });
});

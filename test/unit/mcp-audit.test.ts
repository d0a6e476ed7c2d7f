import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  aMcpServer,
  call,
  digestSecret,
  initialize,
  legacy,
  modern,
  tokenCanary,
  userContext,
} from './support/mcp-server.ts';

const hmac = (text: string) => createHmac('sha256', digestSecret).update(text).digest('base64url');

describe('the record of a call', () => {
  it('is complete: this is its whole line', async () => {
    const { post, auditLines } = aMcpServer();
    const { body, headers } = modern('tools/call', { name: 'echo', arguments: { text: 'hi' } });
    const answer = await post(body, { headers });
    expect(answer.text).toHaveLength(256);
    const span = /"traceparent":"00-\w{32}-(\w{16})-/.exec(auditLines[0] ?? '')?.[1] ?? 'none';
    expect(auditLines.map((line) => line.replace(span, '<span>'))).toEqual([
      '{"type":"audit","ts":"2026-11-21T05:00:00.000Z","requestId":"req-1",' +
        '"traceId":"1-5759e988-bd862e3fe1be46a994272793",' +
        '"traceparent":"00-5759e988bd862e3fe1be46a994272793-<span>-00","env":"test","tenant":"demo",' +
        '"subject":"key:Abcd1234","keyId":"Abcd1234","lane":"key",' +
        '"clientInfo":{"name":"test-client","version":"1.2.3"},"era":"modern",' +
        '"method":"tools/call","tool":"echo","server":"drawbridge","decision":"allow",' +
        '"policyId":null,"outcome":"ok","rpcCode":null,"httpStatus":200,"units":1,"quotaPercent":null,"argsBytes":13,' +
        '"argsDigest":"BP8qcZshz7nJ3qxM46HrnGFeNti2C4UKiOBzr-dL3GY","resultBytes":256,"ms":7,' +
        '"upstreamMs":null,"upstreamFailure":null,"missing":null,"chain":null}',
    ]);
    expect(hmac('{"text":"hi"}')).toBe('BP8qcZshz7nJ3qxM46HrnGFeNti2C4UKiOBzr-dL3GY');
  });

  it('of a streamed answer counts all that was streamed', async () => {
    const { post, records } = aMcpServer();
    const answer = await post(
      legacy('tools/call', { name: 'steps', arguments: {}, _meta: { progressToken: 1 } }),
    );
    expect(answer.events).toHaveLength(3);
    expect(records()).toMatchObject([
      { tool: 'steps', outcome: 'ok', resultBytes: Buffer.byteLength(answer.text), units: 1 },
    ]);
  });

  it('counts bytes, not characters', async () => {
    const { post, records } = aMcpServer();
    const answer = await post(call('echo', { text: '東京' }));
    expect(records()[0]?.argsBytes).toBe(17);
    expect(records()[0]?.resultBytes).toBe(Buffer.byteLength(answer.text));
  });
});

describe('argsDigest', () => {
  const digestOf = async (args: unknown) => {
    const { post, records } = aMcpServer();
    await post(call('echo', args));
    return records()[0]?.argsDigest;
  };

  it('is the same for equal arguments, in whatever order and spelling they are sent', async () => {
    const { post, records } = aMcpServer();
    await post(call('echo', { text: 'é', times: 1 }));
    await post(call('echo', { times: 1, text: 'é' }));
    await post(
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"echo","arguments": {"times" : 1.0, "text":"\\u00e9"}}}',
    );
    const digests = records().map(({ argsDigest }) => argsDigest);
    expect(digests).toHaveLength(3);
    expect(new Set(digests)).toEqual(new Set([hmac('{"text":"é","times":1}')]));
  });

  it('differs for other arguments', async () => {
    const digests = [
      await digestOf({ text: 'a' }),
      await digestOf({ text: 'b' }),
      await digestOf({ text: 'a', times: 1 }),
      await digestOf({ text: 'a', times: '1' }),
      await digestOf({}),
    ];
    expect(new Set(digests).size).toBe(5);
  });

  it('of no arguments is that of an empty object', async () => {
    const { post, records } = aMcpServer();
    await post(legacy('tools/call', { name: 'erase' }));
    expect(records()[0]).toMatchObject({ argsDigest: hmac('{}'), argsBytes: 2 });
  });

  it('is only of calls', async () => {
    const { post, records } = aMcpServer();
    await post(legacy('tools/list', { arguments: { text: 'a' } }));
    expect(records()).toMatchObject([{ argsDigest: null, argsBytes: null, units: 0 }]);
  });
});

describe('one record per message', () => {
  it.each([
    [
      'initialize',
      initialize(),
      {
        method: 'initialize',
        outcome: 'ok',
        decision: 'allow',
        era: 'legacy',
        clientInfo: { name: 'test-client', version: '1.2.3' },
      },
    ],
    ['ping', legacy('ping'), { method: 'ping', outcome: 'ok', decision: 'allow', units: 0 }],
    [
      'a notification',
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { method: 'notifications/initialized', outcome: 'ok', httpStatus: 202, resultBytes: 0 },
    ],
    [
      'a tool that failed',
      call('broken'),
      { tool: 'broken', outcome: 'tool_error', decision: 'allow', rpcCode: null, units: 1 },
    ],
    [
      'an unknown tool',
      call('canary-tool'),
      {
        tool: null,
        server: null,
        outcome: 'rpc_error',
        rpcCode: -32602,
        decision: 'deny',
        units: 0,
      },
    ],
    [
      'an unknown method',
      legacy('canary/method'),
      { method: 'unknown', outcome: 'rpc_error', rpcCode: -32601 },
    ],
    [
      'bad JSON',
      '{"canary',
      { method: 'unknown', outcome: 'refused', httpStatus: 400, decision: 'deny', era: null },
    ],
    ['an empty batch', [], { method: 'unknown', outcome: 'rpc_error', httpStatus: 400 }],
    [
      'too large a body',
      'canary'.repeat(400),
      { method: 'unknown', outcome: 'refused', httpStatus: 413, tenant: 'demo' },
    ],
  ])('%s', async (_, body, expected) => {
    const { post, records, written } = aMcpServer();
    await post(body);
    expect(records()).toHaveLength(1);
    expect(records()[0]).toMatchObject({ requestId: 'req-1', ...expected });
    expect(written()).not.toContain('canary');
  });

  it('a caller without a principal is recorded as nobody', async () => {
    const { post, records } = aMcpServer();
    await post(call('erase'), { authorizer: { tenant: 'canary' } });
    expect(records()).toMatchObject([
      {
        tenant: null,
        subject: null,
        keyId: null,
        lane: null,
        method: 'unknown',
        tool: null,
        decision: 'deny',
        outcome: 'refused',
        httpStatus: 401,
      },
    ]);
  });

  it('a call that a readonly caller may not make is denied and not named', async () => {
    const { post, records } = aMcpServer();
    await post(call('erase'), { authorizer: { ...userContext, role: 'readonly' } });
    expect(records()).toMatchObject([
      { tool: null, decision: 'deny', policyId: 'policy:none', rpcCode: -32602, units: 0 },
    ]);
  });

  it('a batch has one for each of its messages, in their order', async () => {
    const { post, records } = aMcpServer();
    const { text } = await post([
      legacy('ping', undefined, 1),
      call('echo', { text: 'a' }, '1'),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      call('broken', {}, 3),
      call('canary', {}, 4),
    ]);
    expect(
      records().map(({ method, tool, outcome, units }) => [method, tool, outcome, units]),
    ).toEqual([
      ['ping', null, 'ok', 0],
      ['tools/call', 'echo', 'ok', 1],
      ['notifications/initialized', null, 'ok', 0],
      ['tools/call', 'broken', 'tool_error', 1],
      ['tools/call', null, 'rpc_error', 0],
    ]);
    expect(new Set(records().map(({ resultBytes }) => resultBytes))).toEqual(
      new Set([Buffer.byteLength(text)]),
    );
  });

  it('a batch that is refused has one for each of its messages too', async () => {
    const { post, records } = aMcpServer();
    await post([call('erase', {}, 1), 'canary', legacy('ping', {}, 2)]);
    expect(records().map(({ method, outcome }) => [method, outcome])).toEqual([
      ['tools/call', 'refused'],
      ['unknown', 'rpc_error'],
      ['ping', 'refused'],
    ]);
  });

  it('has a time of its own for each request', async () => {
    const { post, records, at } = aMcpServer();
    await post(legacy('ping'));
    at.now += 1_500;
    await post(legacy('ping'));
    expect(records().map(({ ts, ms }) => [ts, ms])).toEqual([
      ['2026-11-21T05:00:00.000Z', 0],
      ['2026-11-21T05:00:01.500Z', 0],
    ]);
  });
});

describe('what is not in a record', () => {
  it('no argument, token, header or unknown name is in any line', async () => {
    const { post, written } = aMcpServer();
    const secret = 'canary-argument';
    for (const body of [
      call('echo', { text: secret }),
      call('echo', { text: 5, [secret]: secret }),
      call('broken', { note: secret }),
      call('picky', { note: secret }),
      call(secret, { note: secret }),
      legacy(secret, { note: secret }),
      legacy('tools/list', { cursor: secret }),
      { jsonrpc: '2.0', id: secret, method: `notifications/${secret}` },
      [call('echo', { text: secret }, 1), call(secret, {}, 2)],
      `{"broken":"${secret}"`,
    ]) {
      await post(body, {
        headers: {
          Origin: undefined,
          'User-Agent': secret,
          'X-Api-Key': secret,
          'Mcp-Session-Id': secret,
          'X-Amzn-Trace-Id': `Root=${secret}`,
        },
      });
    }
    expect(written()).not.toMatch(/canary/);
    expect(written()).not.toContain(tokenCanary);
  });

  it.each([
    ['control characters', { name: 'a\nb', version: '1' }],
    ['markup', { name: '<canary>', version: '1' }],
    ['65 characters', { name: 'x'.repeat(65), version: '1' }],
    ['no version', { name: 'canary' }],
    ['text for an object', 'canary'],
  ])('a client that names itself with %s has no name', async (_, clientInfo) => {
    const { post, records } = aMcpServer();
    await post(legacy('ping', { clientInfo }));
    expect(records()).toMatchObject([{ clientInfo: null }]);
  });

  it.each(['', 'Root=1-x', 'Root=canary;Self=1', 'Sampled=0'])(
    'the trace header "%s" has no trace id',
    async (header) => {
      const { post, records } = aMcpServer();
      await post(legacy('ping'), { headers: { 'X-Amzn-Trace-Id': header } });
      expect(records()).toMatchObject([{ traceId: null }]);
    },
  );
});

import { describe, expect, test } from 'vitest';
import { aMcpServer, call, initialize, legacy, modern, userContext } from './support/mcp-server.ts';

/** Plan trial: 5 units a minute, 20 a day. The clock of the rig stands at 05:00:00 UTC, and `echo` moves it by 7 ms. */
const trial = { authorizer: { ...userContext, plan: 'trial' } };
const echo = call('echo', { text: 'x' });

const usedUp = async () => {
  const server = aMcpServer();
  for (let left = 5; left > 0; left -= 1) await server.post(echo, trial);
  return server;
};

describe('a metered call', () => {
  test('says how its limits stand', async () => {
    const { headers, status } = await aMcpServer().post(echo, trial);
    expect(status).toBe(200);
    expect(headers['ratelimit-policy']).toBe('"minute";q=5;w=60, "day";q=20;w=86400');
    expect(headers['ratelimit']).toBe('"minute";r=4;t=60, "day";r=19;t=68400');
  });

  test('of revision 2026-07-28 says it too', async () => {
    const { body, headers: sent } = modern('tools/call', {
      name: 'echo',
      arguments: { text: 'x' },
    });
    const { headers } = await aMcpServer().post(body, { ...trial, headers: sent });
    expect(headers['ratelimit']).toBe('"minute";r=4;t=60, "day";r=19;t=68400');
  });

  test('says it on a stream, before the first event', async () => {
    const server = aMcpServer();
    const asked = legacy('tools/call', {
      name: 'steps',
      arguments: {},
      _meta: { progressToken: 1 },
    });
    const { headers, events } = await server.post(asked, trial);
    expect(headers['content-type']).toBe('text/event-stream');
    expect(headers['ratelimit']).toBe('"minute";r=4;t=60, "day";r=19;t=68400');
    expect(events).toHaveLength(3);
  });

  test('on a plan without limits says nothing', async () => {
    const { headers } = await aMcpServer().post(echo);
    expect(Object.keys(headers).filter((name) => name.startsWith('ratelimit'))).toEqual([]);
  });
});

describe('free of charge', () => {
  test.each([
    ['initialize', initialize()],
    ['tools/list', legacy('tools/list')],
    ['ping', legacy('ping')],
    ['an unknown tool', call('nothing-like-it')],
    ['wrong arguments', call('echo', { text: 1 })],
    ['a notification', { jsonrpc: '2.0', method: 'notifications/initialized' }],
  ])('%s', async (_, body) => {
    const server = await usedUp();
    const { status, headers } = await server.post(body, trial);
    expect(status).toBeLessThan(300);
    expect(headers['ratelimit']).toBeUndefined();
    expect(server.records().at(-1)?.units).toBe(0);
  });
});

describe('a call over the limit', () => {
  test('is 429 with the plan, the window, the limit and when it begins anew, and does not run', async () => {
    const server = await usedUp();
    const { status, headers, rpc } = await server.post(call('echo', { text: 'x' }, 'six'), trial);
    expect(status).toBe(429);
    expect(headers['retry-after']).toBe('60');
    expect(headers['content-type']).toBe('application/json');
    const message =
      'Quota exceeded: plan trial has 5 units per minute, and this call takes 1. Resets at 2026-11-21T05:01:00Z';
    expect(rpc).toEqual({
      jsonrpc: '2.0',
      id: 'six',
      error: {
        code: -31429,
        message,
        data: {
          code: 'QUOTA_EXCEEDED',
          requestId: 'req-1',
          plan: 'trial',
          window: 'minute',
          scope: 'tenant',
          limit: 5,
          used: 5,
          units: 1,
          resetAt: '2026-11-21T05:01:00Z',
          retryAfter: 60,
        },
      },
      code: 'QUOTA_EXCEEDED',
      message,
      requestId: 'req-1',
    });
    expect(server.ran).toHaveLength(5);
    expect(server.records().at(-1)).toMatchObject({
      method: 'tools/call',
      tool: 'echo',
      decision: 'deny',
      policyId: 'quota:minute',
      outcome: 'rpc_error',
      rpcCode: -31429,
      httpStatus: 429,
      units: 0,
    });
  });

  test('of revision 2026-07-28 is 429 as well', async () => {
    const server = await usedUp();
    const { body, headers } = modern('tools/call', { name: 'echo', arguments: { text: 'x' } });
    const answer = await server.post(body, { ...trial, headers });
    expect(answer.status).toBe(429);
    expect(answer.rpc.error?.data).toMatchObject({ code: 'QUOTA_EXCEEDED', window: 'minute' });
  });

  test('in a batch has its own error, and the others their results', async () => {
    const server = aMcpServer();
    for (let left = 4; left > 0; left -= 1) await server.post(echo, trial);
    const { status, text } = await server.post(
      [call('echo', { text: 'x' }, 1), call('erase', {}, 2), legacy('ping', undefined, 3)],
      trial,
    );
    expect(status).toBe(200);
    const answers = JSON.parse(text) as readonly { id: number; error?: { code: number } }[];
    const refused = answers.filter(({ error }) => error?.code === -31429);
    expect(answers).toHaveLength(3);
    expect(refused).toHaveLength(1);
    expect(
      server
        .records()
        .slice(-3)
        .map(({ units }) => units)
        .toSorted(),
    ).toEqual([0, 0, 1]);
  });

  test('is served again when the window is over', async () => {
    const server = await usedUp();
    server.at.now += 60_000;
    expect((await server.post(echo, trial)).status).toBe(200);
  });

  test('over plain HTTP is 429 with the same facts', async () => {
    const server = await usedUp();
    const { status, headers, rpc } = await server.post(
      { text: 'x' },
      { ...trial, resource: '/tools/{name}', pathParameters: { name: 'echo' } },
    );
    expect(status).toBe(429);
    expect(headers['retry-after']).toBe('60');
    expect(rpc).toMatchObject({ code: 'QUOTA_EXCEEDED', error: { data: { limit: 5 } } });
  });
});

describe('a call that is charged', () => {
  test.each([
    ['fails', call('broken')],
    ['refuses', call('picky')],
  ])('and %s costs its unit', async (_, body) => {
    const server = aMcpServer();
    await server.post(body, trial);
    expect(server.records().at(-1)).toMatchObject({ outcome: 'tool_error', units: 1 });
    expect(await server.meter.days('demo')).toEqual([{ day: '2026-11-21', units: 1 }]);
  });

  test('by the day is refused for the day', async () => {
    const server = aMcpServer();
    for (let minute = 0; minute < 4; minute += 1) {
      for (let left = 5; left > 0; left -= 1) await server.post(echo, trial);
      server.at.now += 60_000;
    }
    const { rpc, headers } = await server.post(echo, trial);
    expect(rpc.error?.data).toMatchObject({ window: 'day', resetAt: '2026-11-22T00:00:00Z' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(60_000);
  });
});

describe('standing', () => {
  test('a credential revoked since its answer was cached is refused with 401', async () => {
    const server = aMcpServer();
    await server.meter.revoke('demo', 'key:Abcd1234', Math.floor(server.at.now / 1000));
    const { status, rpc } = await server.post(echo);
    expect(status).toBe(401);
    expect(rpc).toMatchObject({ id: 1, code: 'UNAUTHENTICATED', error: { code: -31401 } });
    expect(server.ran).toEqual([]);
    expect(server.records().at(-1)).toMatchObject({
      decision: 'deny',
      policyId: 'standing:revoked',
    });
  });

  test('a tenant that is suspended is refused: 401 for keys, 403 for signed callers', async () => {
    const server = aMcpServer({
      iamPrincipal: async () => ({
        kind: 'verified',
        principal: {
          tenant: 'demo',
          subject: 'iam:123456789012:role/ci',
          role: 'user',
          lane: 'iam',
          plan: 'free',
        },
      }),
    });
    await server.meter.suspend('demo');
    expect((await server.post(echo)).status).toBe(401);
    const signed = { resource: '/ci/mcp', userArn: 'arn:aws:sts::123456789012:assumed-role/ci/x' };
    expect((await server.post(echo, signed)).status).toBe(403);
    await server.meter.resume('demo');
    expect((await server.post(echo)).status).toBe(200);
  });

  test('a counter that cannot be reached refuses, and the tool does not run', async () => {
    const server = aMcpServer();
    server.meter.unreachable = true;
    const { status, rpc } = await server.post(echo);
    expect(status).toBe(503);
    expect(rpc.code).toBe('UNAVAILABLE');
    expect(server.ran).toEqual([]);
  });

  test('a plan that this function does not know is refused', async () => {
    const { status } = await aMcpServer().post(echo, {
      authorizer: { ...userContext, plan: 'gone' },
    });
    expect(status).toBe(503);
  });
});

describe('GET /me', () => {
  const me = { ...trial, resource: '/me', method: 'GET' };

  test('tells the caller who it is, and what is used and left', async () => {
    const server = aMcpServer();
    await server.post(echo, trial);
    const { status, text } = await server.post('', me);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      tenant: 'demo',
      subject: 'key:Abcd1234',
      role: 'user',
      lane: 'key',
      plan: 'trial',
      keyId: 'Abcd1234',
      limits: [
        {
          window: 'minute',
          scope: 'tenant',
          limit: 5,
          used: 1,
          left: 4,
          resetsAt: '2026-11-21T05:01:00Z',
        },
        {
          window: 'day',
          scope: 'tenant',
          limit: 20,
          used: 1,
          left: 19,
          resetsAt: '2026-11-22T00:00:00Z',
        },
      ],
    });
    expect(server.records().at(-1)).toMatchObject({ method: 'me/read', outcome: 'ok', units: 0 });
  });
});

import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  authorizer,
  buffered,
  CUSTOM,
  echo,
  eventually,
  FakeFunctions,
  FUNCTION,
  json,
  method,
  path,
  restApi,
  stage,
  start,
  stopGateways,
  type Running,
} from './gateway-fixture.ts';

afterEach(stopGateways);

const MB = 1024 * 1024;

const begin = (throttle?: Readonly<Record<string, unknown>>, clock?: () => number) =>
  start(
    [
      restApi(),
      stage({ MethodSettings: throttle ? [throttle] : [] }),
      path('open', 'open'),
      path('closed', 'closed'),
      path('mock', 'mock'),
      authorizer(),
      method('POST', 'open'),
      method('GET', 'open'),
      method('POST', 'closed', CUSTOM),
      method('POST', 'mock', {
        Integration: {
          Type: 'MOCK',
          RequestTemplates: { 'application/json': '{"statusCode":200}' },
          IntegrationResponses: [{ StatusCode: '200' }],
        },
        MethodResponses: [{ StatusCode: '200' }],
      }),
    ],
    new FakeFunctions({ [FUNCTION]: echo }),
    clock ? { clock } : {},
  );

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Opens a raw connection that collects what it is answered. */
const open = (gateway: Running): { socket: Socket; answer: () => string } => {
  const { hostname, port } = new URL(gateway.url);
  let answer = '';
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.on('data', (data) => (answer += data.toString('latin1')));
  return { socket, answer: () => answer };
};

describe('size limits', () => {
  test('10 MB pass, one byte more is 413, announced or chunked', async () => {
    const { url } = await begin();
    const exact = await fetch(`${url}/mock`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: Buffer.alloc(10 * MB, 32),
    });
    expect(exact.status).toBe(200);
    const announced = await fetch(`${url}/mock`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: Buffer.alloc(10 * MB + 1, 32),
    });
    expect(announced.status).toBe(413);
    expect(await announced.text()).toBe('{"message":"Request Too Long"}');
    const chunked = await new Promise<number>((resolve, reject) => {
      const sent = httpRequest(
        `${url}/mock`,
        { method: 'POST', headers: JSON_TYPE },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      sent.on('error', reject);
      for (let part = 0; part < 11; part += 1) sent.write(Buffer.alloc(MB, 32));
      sent.end();
    });
    expect(chunked).toBe(413);
  });

  test('an event over the 6 MB that Lambda takes is 413', async () => {
    const { url, functions } = await begin();
    const answer = await fetch(`${url}/open`, { method: 'POST', body: 'x'.repeat(6 * MB) });
    expect(answer.status).toBe(413);
    expect(functions.calls).toEqual([]);
  });

  test('a large body does not hide a refusal', async () => {
    const { url } = await begin();
    const answer = await fetch(`${url}/closed`, { method: 'POST', body: 'x'.repeat(9 * MB) });
    expect(answer.status).toBe(401);
  });

  test('Expect: 100-continue is not answered with 100 when the body is too large', async () => {
    const gateway = await begin();
    const { socket, answer } = open(gateway);
    socket.write(
      `POST /mock HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${11 * MB}\r\n\r\n`,
    );
    await eventually(() => answer().includes('413') || undefined);
    expect(answer()).not.toContain('100 Continue');
    socket.destroy();
  });

  test('Expect: 100-continue is answered with 100 otherwise', async () => {
    const gateway = await begin();
    const { socket, answer } = open(gateway);
    socket.write(
      'POST /open HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
    );
    await eventually(() => answer().includes('100 Continue') || undefined);
    socket.write('{}');
    await eventually(() => answer().includes('200 OK') || undefined);
    socket.destroy();
  });

  test('a head over 10,240 bytes is 431', async () => {
    const { url } = await begin();
    const small = await fetch(`${url}/open`, { headers: { 'X-Big': 'x'.repeat(9_900) } });
    expect(small.status).toBe(200);
    const large = await fetch(`${url}/open`, { headers: { 'X-Big': 'x'.repeat(10_241) } });
    expect(large.status).toBe(431);
    const huge = await fetch(`${url}/open`, { headers: { 'X-Big': 'x'.repeat(40_000) } });
    expect(huge.status).toBe(431);
  });
});

describe('clients that misbehave', () => {
  test('one that goes away while it sends takes nothing with it', async () => {
    const gateway = await begin();
    const { socket } = open(gateway);
    socket.write('POST /open HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(gateway.functions.calls).toEqual([]);
    expect((await fetch(`${gateway.url}/open`)).status).toBe(200);
  });

  test('one that goes away while the function works takes nothing with it', async () => {
    let finish: () => void = () => undefined;
    const gateway = await start(
      [restApi(), stage(), path('open', 'open'), method('GET', 'open')],
      new FakeFunctions({
        [FUNCTION]: () =>
          new Promise((resolve) => (finish = () => resolve(json({ body: 'late' })))),
      }),
    );
    const controller = new AbortController();
    const pending = fetch(`${gateway.url}/open`, { signal: controller.signal });
    await eventually(() => gateway.functions.calls[0]);
    controller.abort();
    await expect(pending).rejects.toThrow();
    finish();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(gateway.execution).toEqual([]);
  });

  test('a broken chunk after the head is 400', async () => {
    const gateway = await begin();
    const { socket, answer } = open(gateway);
    socket.write('POST /open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n');
    await eventually(() => socket.destroyed || undefined);
    expect(answer()).toContain('HTTP/1.1 400 Bad Request');
    expect(gateway.functions.calls).toEqual([]);
  });

  test('requests pipelined on one connection are answered in order', async () => {
    const gateway = await begin();
    const { socket, answer } = open(gateway);
    const one = 'POST /open HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}';
    socket.write(`${one}GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n`);
    await eventually(() => answer().includes('403 Forbidden') || undefined);
    expect(answer().indexOf('200 OK')).toBeLessThan(answer().indexOf('403 Forbidden'));
    socket.destroy();
  });
});

describe('method throttles of the stage', () => {
  const limit = { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 };

  test('each method has its own bucket, refilled by the clock', async () => {
    let now = 0;
    const setting = { ResourcePath: '/*', HttpMethod: '*', ...limit };
    const { url } = await begin(setting, () => now);
    const get = async () => (await fetch(`${url}/open`)).status;
    expect([await get(), await get(), await get()]).toEqual([200, 200, 429]);
    expect((await fetch(`${url}/open`, { method: 'POST' })).status).toBe(200);
    now += 1000;
    const answer = await fetch(`${url}/open`);
    expect(answer.status).toBe(200);
    const throttled = await fetch(`${url}/open`);
    expect(throttled.headers.get('x-amzn-errortype')).toBe('TooManyRequestsException');
    expect(await throttled.text()).toBe('{"message":"Too Many Requests"}');
  });

  test('a setting for one method leaves the others alone', async () => {
    const setting = { ResourcePath: '/~1open', HttpMethod: 'GET', ...limit };
    const { url } = await begin(setting, () => 0);
    for (let index = 0; index < 2; index += 1) await fetch(`${url}/open`);
    expect((await fetch(`${url}/open`)).status).toBe(429);
    for (let index = 0; index < 4; index += 1) {
      expect((await fetch(`${url}/open`, { method: 'POST' })).status).toBe(200);
    }
  });
});

test('a port in use rejects', async () => {
  const gateway = await begin();
  const port = Number(new URL(gateway.url).port);
  await expect(start([restApi(), stage()], new FakeFunctions({}), { port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

test('close lets a request under way finish', async () => {
  const gateway = await start(
    [
      restApi(),
      stage(),
      path('slow', 'slow'),
      method('GET', 'slow', { Integration: { Type: 'AWS_PROXY', Uri: buffered(FUNCTION) } }),
    ],
    new FakeFunctions({
      [FUNCTION]: () =>
        new Promise((resolve) => setTimeout(() => resolve(json({ body: 'done' })), 60)),
    }),
  );
  const pending = fetch(`${gateway.url}/slow`);
  await eventually(() => gateway.functions.calls[0]);
  const closed = gateway.close();
  expect(await (await pending).text()).toBe('done');
  await closed;
});

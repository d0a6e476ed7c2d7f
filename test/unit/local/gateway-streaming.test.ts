import { PassThrough, Readable } from 'node:stream';
import { setImmediate as tick } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { StreamedInvokeResult } from '../../../local/lambda/function-service.ts';
import {
  eventually,
  FakeFunctions,
  FUNCTION,
  functionError,
  method,
  path,
  restApi,
  stage,
  start,
  stopGateways,
  streamed,
  streaming,
  streamOf,
  type Running,
} from './gateway-fixture.ts';

afterEach(stopGateways);

const DELIMITER = Buffer.alloc(8);
const accessLog = {
  DestinationArn: 'arn:aws:logs:us-east-1:111122223333:log-group:access:*',
  Format:
    '{"id":"$context.requestId","mode":"$context.integration.responseTransferMode","latency":"$context.integration.latency","first":"$context.integration.timeToFirstContent","length":"$context.responseLength","status":"$context.status","error":"$context.integration.error"}',
};

const begin = (
  answer: () => StreamedInvokeResult | Promise<StreamedInvokeResult>,
  timeoutMs = 5000,
): Promise<Running> =>
  start(
    [
      restApi(),
      stage({ AccessLogSetting: accessLog }),
      path('mcp', 'mcp'),
      method('POST', 'mcp', {
        Integration: {
          Type: 'AWS_PROXY',
          Uri: streaming(FUNCTION),
          ResponseTransferMode: 'STREAM',
          TimeoutInMillis: timeoutMs,
        },
      }),
    ],
    new FakeFunctions({ [FUNCTION]: answer }),
  );

const post = (url: string, init: RequestInit = {}) =>
  fetch(`${url}/mcp`, { method: 'POST', body: '{}', ...init });

const logged = async (gateway: Running): Promise<Record<string, string>> =>
  JSON.parse(await eventually(() => gateway.lines[0])) as Record<string, string>;

describe('a streamed response', () => {
  test('has the head of its metadata and then the payload', async () => {
    const gateway = await begin(() =>
      streamed(
        streamOf(
          {
            statusCode: 202,
            headers: { 'Content-Type': 'text/event-stream', 'WWW-Authenticate': 'Bearer' },
            multiValueHeaders: { 'X-Many': ['1', '2'] },
            cookies: ['a=1', 'b=2'],
          },
          'data: 1\n\n',
          'data: 2\n\n',
        ),
      ),
    );
    const answer = await post(gateway.url);
    expect(answer.status).toBe(202);
    expect(await answer.text()).toBe('data: 1\n\ndata: 2\n\n');
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('transfer-encoding')).toBe('chunked');
    expect(answer.headers.get('content-length')).toBeNull();
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect(answer.headers.get('x-amzn-remapped-www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('x-many')).toBe('1, 2');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await logged(gateway)).toMatchObject({
      mode: 'STREAMED',
      length: '18',
      status: '202',
      error: '-',
      latency: expect.stringMatching(/^\d+$/) as string,
      first: expect.stringMatching(/^\d+$/) as string,
    });
  });

  test('reaches the client before the function is done', async () => {
    const body = new PassThrough();
    body.write('{"statusCode":200}');
    body.write(Buffer.concat([DELIMITER, Buffer.from('first')]));
    const { url } = await begin(() => streamed(body));
    const answer = await post(url);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('first');
    body.end('last');
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('last');
    expect((await reader.read()).done).toBe(true);
  });

  test('may come byte by byte, with the delimiter torn apart', async () => {
    const whole = Buffer.concat([Buffer.from('{"statusCode":201}'), DELIMITER, Buffer.from('ok')]);
    const { url } = await begin(() =>
      streamed(Readable.from([...whole].map((byte) => Buffer.from([byte])))),
    );
    const answer = await post(url);
    expect(answer.status).toBe(201);
    expect(await answer.text()).toBe('ok');
  });

  test('may have NUL bytes in its payload, and no payload at all', async () => {
    const nul = await begin(() => streamed(streamOf({}, Buffer.alloc(20))));
    expect(Buffer.from(await (await post(nul.url)).arrayBuffer())).toEqual(Buffer.alloc(20));
    const empty = await begin(() => streamed(streamOf({ statusCode: 200 })));
    expect(await (await post(empty.url)).text()).toBe('');
  });

  test('keeps a Content-Length that is true', async () => {
    const { url } = await begin(() =>
      streamed(streamOf({ headers: { 'content-length': '2' } }, 'ok')),
    );
    const answer = await post(url);
    expect(answer.headers.get('content-length')).toBe('2');
    expect(answer.headers.get('transfer-encoding')).toBeNull();
    expect(await answer.text()).toBe('ok');
  });

  test.each(['1', '3'])('is cut when its Content-Length is %s for 2 bytes', async (length) => {
    const { url } = await begin(() =>
      streamed(streamOf({ headers: { 'content-length': length } }, 'ok')),
    );
    await expect(post(url).then((answer) => answer.text())).rejects.toThrow();
  });

  test('is read no faster than the client reads', async () => {
    let produced = 0;
    const chunk = Buffer.alloc(64 * 1024);
    const body = new Readable({
      read() {
        produced += chunk.length;
        if (produced < 200_000_000) this.push(chunk);
        else this.push(null);
      },
    });
    body.unshift(Buffer.concat([Buffer.from('{}'), DELIMITER]));
    const { url } = await begin(() => streamed(body));
    const controller = new AbortController();
    await post(url, { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(produced).toBeLessThan(50_000_000);
    controller.abort();
    await eventually(() => body.destroyed || undefined);
  });

  test('stops when the client goes away', async () => {
    const body = new PassThrough();
    body.write(Buffer.concat([Buffer.from('{}'), DELIMITER, Buffer.from('x')]));
    const gateway = await begin(() => streamed(body));
    const controller = new AbortController();
    await post(gateway.url, { signal: controller.signal });
    controller.abort();
    await eventually(() => body.destroyed || undefined);
    expect(await logged(gateway)).toMatchObject({ status: '200', length: '1' });
  });

  test('an error in the middle cuts the connection', async () => {
    const body = new PassThrough();
    body.write(Buffer.concat([Buffer.from('{}'), DELIMITER, Buffer.from('x')]));
    const gateway = await begin(() => streamed(body));
    const answer = await post(gateway.url);
    await tick();
    body.destroy(new Error('Runtime.ExitError'));
    await expect(answer.text()).rejects.toThrow();
    expect(await logged(gateway)).toMatchObject({ error: 'stream broke: Runtime.ExitError' });
    expect(gateway.execution[0]).toContain('Runtime.ExitError');
  });

  test('the integration timeout cuts a stream that has begun', async () => {
    const body = new PassThrough();
    body.write(Buffer.concat([Buffer.from('{}'), DELIMITER, Buffer.from('x')]));
    const { url } = await begin(() => streamed(body), 80);
    await expect(post(url).then((answer) => answer.text())).rejects.toThrow();
    expect(body.destroyed).toBe(true);
  });
});

describe('a stream that cannot be answered from', () => {
  const raw = (...chunks: (string | Buffer)[]): StreamedInvokeResult =>
    streamed(Readable.from(chunks.map((chunk) => Buffer.from(chunk))));

  test.each<[string, () => StreamedInvokeResult | Promise<StreamedInvokeResult>, number]>([
    ['no delimiter', () => raw('{"statusCode":200,"body":"x"}'), 500],
    ['nothing at all', () => raw(), 500],
    ['no JSON', () => raw('hello', DELIMITER), 500],
    ['an unknown key', () => streamed(streamOf({ statusCode: 200, body: 'x' }, 'y')), 500],
    ['a delimiter after 16 KB', () => raw(' '.repeat(16 * 1024 - 7), DELIMITER), 500],
    ['endless metadata', () => raw(...Array<string>(40).fill('x'.repeat(1024))), 500],
    ['a header with a line break', () => streamed(streamOf({ headers: { a: '\n' } })), 500],
    ['a function error', () => functionError('Error', 'x') as StreamedInvokeResult, 502],
    ['a throttle', () => ({ kind: 'throttled' }), 500],
    ['a rejection', () => Promise.reject(new Error('no such function')), 500],
    [
      'an error before the delimiter',
      () => {
        const body = new PassThrough();
        body.write('{');
        setTimeout(() => body.destroy(new Error('gone')), 10);
        return streamed(body);
      },
      502,
    ],
  ])('%s', async (_, answer, status) => {
    const { url, execution } = await begin(answer);
    const response = await post(url);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('{"message":"Internal server error"}');
    expect(execution).toHaveLength(1);
  });

  test('a body that was destroyed before anyone listened is 502', async () => {
    const { url } = await begin(() => {
      const body = new PassThrough();
      body.on('error', () => undefined).destroy(new Error('gone'));
      return streamed(body);
    });
    expect((await post(url)).status).toBe(502);
  });

  test('silence until the timeout is 504, before and after the invocation', async () => {
    const pending = await begin(() => new Promise(() => undefined), 50);
    expect((await post(pending.url)).status).toBe(504);
    const body = new PassThrough();
    const silent = await begin(() => streamed(body), 50);
    expect((await post(silent.url)).status).toBe(504);
    expect(body.destroyed).toBe(true);
  });

  test('a stream that comes after the timeout is destroyed', async () => {
    const body = new PassThrough();
    const { url } = await begin(
      () => new Promise((resolve) => setTimeout(() => resolve(streamed(body)), 120)),
      50,
    );
    expect((await post(url)).status).toBe(504);
    await eventually(() => body.destroyed || undefined);
  });
});

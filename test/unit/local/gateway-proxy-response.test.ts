import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { InvokeResult } from '../../../local/lambda/function-service.ts';
import {
  buffered,
  FakeFunctions,
  FUNCTION,
  functionError,
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

const begin = (
  answer: () => InvokeResult | Promise<InvokeResult>,
  api: Readonly<Record<string, unknown>> = {},
): Promise<Running> =>
  start(
    [
      restApi(api),
      stage(),
      path('mcp', 'mcp'),
      method('ANY', 'mcp', {
        Integration: { Type: 'AWS_PROXY', Uri: buffered(FUNCTION), TimeoutInMillis: 60 },
      }),
    ],
    new FakeFunctions({ [FUNCTION]: answer }),
  );

const rawHeaders = async (url: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    httpRequest(`${url}/mcp`, (response) => {
      response.resume();
      resolve(response.rawHeaders);
    })
      .on('error', reject)
      .end();
  });

describe('a proxy response', () => {
  test('keeps status, headers, repeated headers and body', async () => {
    const { url } = await begin(() =>
      json({
        statusCode: 201,
        headers: { 'X-One': 'a', 'X-Both': 'lost', 'X-Flag': true },
        multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'], 'x-both': ['kept'] },
        body: 'é',
      }),
    );
    const answer = await fetch(`${url}/mcp`);
    expect(answer.status).toBe(201);
    expect(await answer.text()).toBe('é');
    expect(answer.headers.get('x-one')).toBe('a');
    expect(answer.headers.get('x-flag')).toBe('true');
    expect(answer.headers.get('x-both')).toBe('kept');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('content-length')).toBe('2');
    expect(answer.headers.get('x-amzn-trace-id')).toMatch(/^Root=1-/);
    expect(answer.headers.get('x-amzn-errortype')).toBeNull();
  });

  test('an empty object is 200 without a body', async () => {
    const { url } = await begin(() => json({}));
    const answer = await fetch(`${url}/mcp`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
  });

  test('a status without a body has neither body nor length', async () => {
    const { url } = await begin(() => json({ statusCode: 204, body: 'ignored' }));
    const answer = await fetch(`${url}/mcp`);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('content-length')).toBeNull();
  });

  test('renames and drops what API Gateway renames and drops', async () => {
    const names = [
      ...['WWW-Authenticate', 'Authorization', 'Server', 'Date', 'Connection', 'Content-Length'],
      ...['Content-MD5', 'User-Agent', 'x-amzn-RequestId', 'Max-Forwards'],
      ...['Host', 'Via', 'TE', 'Trailer', 'Upgrade', 'Expect', 'Transfer-Encoding'],
      ...['Retry-After', 'Cache-Control', 'Location', 'Content-Encoding'],
    ];
    const { url } = await begin(() =>
      json({ headers: Object.fromEntries(names.map((name) => [name, '7'])), body: '{}' }),
    );
    const sent = await rawHeaders(url);
    const withSeven = sent.filter((_, index) => index % 2 === 0 && sent[index + 1] === '7');
    expect(withSeven).toEqual([
      'x-amzn-Remapped-WWW-Authenticate',
      'x-amzn-Remapped-Authorization',
      'x-amzn-Remapped-Server',
      'x-amzn-Remapped-Date',
      'x-amzn-Remapped-Connection',
      'x-amzn-Remapped-Content-Length',
      'x-amzn-Remapped-Content-MD5',
      'x-amzn-Remapped-User-Agent',
      'x-amzn-Remapped-x-amzn-RequestId',
      'x-amzn-Remapped-Max-Forwards',
      'Retry-After',
      'Cache-Control',
      'Location',
      'Content-Encoding',
    ]);
  });

  test('base64 is decoded only for a binary media type', async () => {
    const answer = (): InvokeResult => json({ body: 'aGk=', isBase64Encoded: true });
    const text = await begin(answer);
    expect(await (await fetch(`${text.url}/mcp`)).text()).toBe('aGk=');
    const binary = await begin(answer, { BinaryMediaTypes: ['*/*'] });
    expect(await (await fetch(`${binary.url}/mcp`)).text()).toBe('hi');
  });

  test('HEAD has the length and no body', async () => {
    const { url } = await begin(() => json({ body: 'four' }));
    const answer = await fetch(`${url}/mcp`, { method: 'HEAD' });
    expect(answer.headers.get('content-length')).toBe('4');
    expect(await answer.text()).toBe('');
  });
});

describe('a function at fault', () => {
  test.each<[string, InvokeResult, number]>([
    ['throws', functionError('TypeError', 'secret detail'), 502],
    ['returns a string', json('hello'), 502],
    ['returns null', json(null), 502],
    ['returns an unknown key', json({ status: 200 }), 502],
    ['returns an object as body', json({ body: {} }), 502],
    ['returns a number as header', json({ headers: { a: 1 } }), 502],
    ['returns a line break in a header', json({ headers: { a: 'b\r\nc: d' } }), 502],
    ['returns a space in a header name', json({ headers: { 'a b': 'c' } }), 502],
    ['returns an impossible status', json({ statusCode: 99 }), 502],
    ['returns an informational status', json({ statusCode: 101 }), 502],
    ['returns no JSON', { kind: 'payload', payload: Buffer.from('<html>') }, 502],
    ['is throttled', { kind: 'throttled' }, 500],
  ])('%s', async (_, result, status) => {
    const { url, execution } = await begin(() => result);
    const answer = await fetch(`${url}/mcp`);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe('{"message":"Internal server error"}');
    expect(answer.headers.get('x-amzn-errortype')).toBe('InternalServerErrorException');
    expect(execution).toHaveLength(1);
  });

  test('takes too long: 504', async () => {
    const { url } = await begin(() => new Promise(() => undefined));
    const answer = await fetch(`${url}/mcp`);
    expect(answer.status).toBe(504);
    expect(await answer.text()).toBe('{"message":"Endpoint request timed out"}');
  });

  test('does not exist: 500, and the execution log says so', async () => {
    const { url, execution } = await begin(() => Promise.reject(new Error('no function mcp')));
    expect((await fetch(`${url}/mcp`)).status).toBe(500);
    expect(execution[0]).toContain('no function mcp');
  });

  test('a status as text of digits is a status', async () => {
    const { url } = await begin(() => json({ statusCode: '418' }));
    expect((await fetch(`${url}/mcp`)).status).toBe(418);
  });
});

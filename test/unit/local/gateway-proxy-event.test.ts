import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import {
  FakeFunctions,
  FUNCTION,
  echo,
  method,
  path,
  restApi,
  stage,
  start,
  stopGateways,
  type SeenEvent,
} from './gateway-fixture.ts';

afterEach(stopGateways);

/** Sends headers exactly as given, duplicates and case included, and gives the event that the function saw. */
const seenEvent = async (
  options: {
    readonly target?: string;
    readonly headers?: readonly string[];
    readonly body?: string | Buffer;
    readonly api?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<SeenEvent> => {
  const { url, functions } = await start(
    [
      restApi(options.api),
      stage({ DeploymentId: 'deploy1' }),
      path('tools', 'tools'),
      path('tool', '{name}', 'tools'),
      method('POST', 'tool'),
    ],
    new FakeFunctions({ [FUNCTION]: echo }),
    { clock: () => Date.UTC(2026, 3, 9, 12, 34, 56) },
  );
  const { hostname, port, host } = new URL(url);
  await new Promise<void>((resolve, reject) => {
    const sent = httpRequest(
      {
        hostname,
        port,
        method: 'POST',
        path: options.target ?? '/tools/search',
        headers: ['Host', host, ...(options.headers ?? [])],
      },
      (response) => response.resume().on('end', () => resolve()),
    );
    sent.on('error', reject).end(options.body);
  });
  const [event] = functions.callsOf(FUNCTION);
  if (!event) throw new Error('the function was not called');
  return event;
};

describe('the proxy event', () => {
  test('has exactly the keys of version 1.0', async () => {
    const event = await seenEvent();
    expect(Object.keys(event).sort()).toEqual([
      'body',
      'headers',
      'httpMethod',
      'isBase64Encoded',
      'multiValueHeaders',
      'multiValueQueryStringParameters',
      'path',
      'pathParameters',
      'queryStringParameters',
      'requestContext',
      'resource',
      'stageVariables',
    ]);
    expect(event).toMatchObject({
      resource: '/tools/{name}',
      path: '/tools/search',
      httpMethod: 'POST',
      pathParameters: { name: 'search' },
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      stageVariables: null,
      body: null,
      isBase64Encoded: false,
    });
  });

  test('has the request context of a custom domain with an empty base path', async () => {
    const { requestContext } = await seenEvent({ headers: ['User-Agent', 'test/1'] });
    expect(requestContext).toEqual({
      accountId: '111122223333',
      apiId: 'api1',
      deploymentId: 'deploy1',
      domainName: '127.0.0.1',
      domainPrefix: '127',
      extendedRequestId: expect.stringMatching(/^[\w+/]{15}=$/) as string,
      httpMethod: 'POST',
      path: '/tools/search',
      protocol: 'HTTP/1.1',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      requestTime: '09/Apr/2026:12:34:56 +0000',
      requestTimeEpoch: 1775738096000,
      resourceId: 'tool',
      resourcePath: '/tools/{name}',
      stage: 'prod',
      identity: {
        accessKey: null,
        accountId: null,
        caller: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: '127.0.0.1',
        user: null,
        userAgent: 'test/1',
        userArn: null,
      },
    });
  });

  test('keeps header names as sent; of several values the single map has the last', async () => {
    const { headers, multiValueHeaders } = await seenEvent({
      headers: ['X-Custom', 'one', 'x-custom', 'two', '__proto__', 'polluted', 'aCCept', '*/*'],
    });
    expect(headers['X-Custom']).toBe('two');
    expect(multiValueHeaders['X-Custom']).toEqual(['one', 'two']);
    expect(headers['aCCept']).toBe('*/*');
    expect(headers).not.toHaveProperty('x-custom');
    expect(Object.getOwnPropertyDescriptor(headers, '__proto__')?.value).toBe('polluted');
  });

  test('adds what API Gateway adds', async () => {
    const { headers } = await seenEvent({
      headers: ['X-Forwarded-For', '203.0.113.9', 'X-Forwarded-Proto', 'gopher'],
    });
    expect(headers['X-Forwarded-For']).toBe('203.0.113.9, 127.0.0.1');
    expect(headers['X-Forwarded-Proto']).toBe('http');
    expect(headers['X-Forwarded-Port']).toMatch(/^\d+$/);
    expect(headers['X-Amzn-Trace-Id']).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    expect(headers['Host']).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test('keeps a valid trace root and replaces a broken one', async () => {
    const root = 'Root=1-5759e988-bd862e3fe1be46a994272793';
    const kept = await seenEvent({ headers: ['x-amzn-trace-id', `Self=1;${root};Sampled=1`] });
    expect(kept.headers['X-Amzn-Trace-Id']).toBe(root);
    expect(kept.headers).not.toHaveProperty('x-amzn-trace-id');
    const minted = await seenEvent({ headers: ['x-amzn-trace-id', 'Root=evil'] });
    expect(minted.headers['X-Amzn-Trace-Id']).toMatch(/^Root=1-/);
  });

  test('drops the headers that API Gateway does not hand to Lambda', async () => {
    const { headers } = await seenEvent({
      headers: [
        ...['Connection', 'keep-alive', 'TE', 'trailers', 'Max-Forwards', '3'],
        ...['Content-MD5', 'x', 'Server', 'me', 'WWW-Authenticate', 'Basic'],
        ...['Authorization', 'Bearer t', 'Via', '1.1 proxy', 'Content-Length', '2'],
      ],
      body: '{}',
    });
    expect(
      Object.keys(headers)
        .map((name) => name.toLowerCase())
        .sort(),
    ).toEqual([
      'authorization',
      'host',
      'via',
      'x-amzn-trace-id',
      'x-forwarded-for',
      'x-forwarded-port',
      'x-forwarded-proto',
    ]);
  });

  test('drops an Authorization that carries a signature', async () => {
    const { headers } = await seenEvent({ headers: ['Authorization', 'AWS4-HMAC-SHA256 x'] });
    expect(headers).not.toHaveProperty('Authorization');
  });

  test('decodes the query; semicolons split it, and the last value is the single one', async () => {
    const event = await seenEvent({
      target: '/tools/search?q=a+b&q=%C3%A9&flag&=x;%zz=1&__proto__=p',
    });
    expect(event['queryStringParameters']).toMatchObject({ q: 'é', flag: '', '': 'x', '%zz': '1' });
    expect(event['multiValueQueryStringParameters']).toMatchObject({ q: ['a b', 'é'] });
  });

  test('has the body as text', async () => {
    expect((await seenEvent({ body: '{"a":"é"}' }))['body']).toBe('{"a":"é"}');
  });

  test('has a binary media type as base64', async () => {
    const event = await seenEvent({
      api: { BinaryMediaTypes: ['image/*'] },
      headers: ['Content-Type', 'image/png; x=1'],
      body: Buffer.from([0xff, 0]),
    });
    expect(event['body']).toBe('/wA=');
    expect(event['isBase64Encoded']).toBe(true);
  });
});

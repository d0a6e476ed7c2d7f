import { afterEach, describe, expect, test } from 'vitest';
import type { InvokeResult } from '../../../local/lambda/function-service.ts';
import {
  allow,
  AUTHORIZER,
  authorizer,
  CUSTOM,
  echo,
  FakeFunctions,
  FUNCTION,
  functionError,
  gatewayResponse,
  json,
  method,
  path,
  restApi,
  stage,
  start,
  stopGateways,
  type Running,
  type StartOptions,
} from './gateway-fixture.ts';

afterEach(stopGateways);

const FORMAT = '{"s":"$context.authorizer.status","e":"$context.authorizer.error"}';
const accessLog = {
  DestinationArn: 'arn:aws:logs:us-east-1:111122223333:log-group:access',
  Format: FORMAT,
};

const begin = (
  answer: () => InvokeResult | Promise<InvokeResult>,
  properties: Readonly<Record<string, unknown>> = {},
  options: StartOptions = {},
): Promise<Running> =>
  start(
    [
      restApi(),
      stage({ AccessLogSetting: accessLog, Variables: { color: 'blue' } }),
      path('mcp', 'mcp'),
      path('me', 'me'),
      authorizer(properties),
      method('POST', 'mcp', CUSTOM),
      method('GET', 'me', CUSTOM),
      gatewayResponse('ACCESS_DENIED', {
        ResponseTemplates: { 'application/json': '{"why":"$context.authorizer.reason"}' },
      }),
    ],
    new FakeFunctions({ [FUNCTION]: echo, [AUTHORIZER]: answer }),
    options,
  );

const post = (url: string, headers: Record<string, string> = { Authorization: 'Bearer a' }) =>
  fetch(`${url}/mcp?q=1`, { method: 'POST', headers, body: '{}' });

describe('identity sources', () => {
  test('a missing one is 401 and the function is not invoked', async () => {
    const { url, functions } = await begin(() => allow());
    for (const headers of [{}, { Authorization: '' }]) {
      const answer = await post(url, headers);
      expect(answer.status).toBe(401);
      expect(await answer.text()).toBe('{"message":"Unauthorized"}');
      expect(answer.headers.get('x-amzn-errortype')).toBe('UnauthorizedException');
    }
    expect(functions.calls).toEqual([]);
  });

  test('the answer is cached by their values, for the whole API, until it expires', async () => {
    let now = 1_000_000;
    const gateway = await begin(() => allow(), {}, { clock: () => now });
    await post(gateway.url);
    await post(gateway.url);
    await fetch(`${gateway.url}/me`, { headers: { Authorization: 'Bearer a' } });
    expect(gateway.functions.callsOf(AUTHORIZER)).toHaveLength(1);
    await post(gateway.url, { Authorization: 'Bearer b' });
    expect(gateway.functions.callsOf(AUTHORIZER)).toHaveLength(2);
    now += 300_000;
    await post(gateway.url);
    expect(gateway.functions.callsOf(AUTHORIZER)).toHaveLength(3);
  });

  test('a ttl of 0 asks every time', async () => {
    const { url, functions } = await begin(() => allow(), { AuthorizerResultTtlInSeconds: 0 });
    await post(url);
    await post(url);
    expect(functions.callsOf(AUTHORIZER)).toHaveLength(2);
  });

  test('requests with the same new identity are not coalesced', async () => {
    const { url, functions } = await begin(
      () => new Promise((resolve) => setTimeout(() => resolve(allow()), 30)),
    );
    await Promise.all([post(url), post(url)]);
    expect(functions.callsOf(AUTHORIZER)).toHaveLength(2);
  });

  test('several sources all count, and a context source tells paths apart', async () => {
    const { url, functions } = await begin(() => allow(), {
      IdentitySource:
        'method.request.header.Authorization, method.request.querystring.q, context.path',
    });
    await post(url);
    expect((await fetch(`${url}/me`, { headers: { Authorization: 'Bearer a' } })).status).toBe(401);
    await fetch(`${url}/me?q=1`, { headers: { Authorization: 'Bearer a' } });
    expect(functions.callsOf(AUTHORIZER)).toHaveLength(2);
  });
});

test('the event is a REQUEST authorizer event', async () => {
  const { url, functions } = await begin(() => allow());
  await post(url);
  const [event] = functions.callsOf(AUTHORIZER);
  expect(event).toMatchObject({
    type: 'REQUEST',
    methodArn: 'arn:aws:execute-api:us-east-1:111122223333:api1/prod/POST/mcp',
    resource: '/mcp',
    path: '/mcp',
    httpMethod: 'POST',
    queryStringParameters: { q: '1' },
    multiValueQueryStringParameters: { q: ['1'] },
    pathParameters: {},
    stageVariables: { color: 'blue' },
    requestContext: { stage: 'prod', resourcePath: '/mcp', apiId: 'api1' },
  });
  expect(event?.headers['authorization'] ?? event?.headers['Authorization']).toBe('Bearer a');
  expect(event).not.toHaveProperty('body');
  expect(event?.requestContext).not.toHaveProperty('authorizer');
});

test('the context reaches the function as strings, with the principal', async () => {
  const { url, functions } = await begin(() =>
    allow({ context: { tenantId: 'demo', level: 3, admin: false } }),
  );
  expect((await post(url)).status).toBe(200);
  expect(functions.callsOf(FUNCTION)[0]?.requestContext['authorizer']).toEqual({
    tenantId: 'demo',
    level: '3',
    admin: 'false',
    principalId: 'user-1',
    integrationLatency: expect.any(Number) as number,
  });
});

describe('decisions', () => {
  const deny = { Action: 'execute-api:Invoke', Effect: 'Deny', Resource: '*' };
  const policy = (...Statement: object[]) => ({ policyDocument: { Statement } });

  test('an explicit deny is 403, and the template may use the context', async () => {
    const { url, lines } = await begin(() =>
      allow({ ...policy(deny), context: { reason: 'insufficient_scope' } }),
    );
    const answer = await post(url);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toBe('{"why":"insufficient_scope"}');
    expect(lines[0]).toContain('explicit deny in an identity-based policy');
  });

  test('a policy for another path is 403', async () => {
    const other = { ...deny, Effect: 'Allow', Resource: 'arn:aws:execute-api:*:*:*/prod/GET/me' };
    const { url } = await begin(() => allow(policy(other)));
    expect((await post(url)).status).toBe(403);
    const me = await fetch(`${url}/me`, { headers: { Authorization: 'Bearer a' } });
    expect(me.status).toBe(200);
  });

  test.each<[string, InvokeResult, number]>([
    ['the exact message Unauthorized', functionError('Error', 'Unauthorized'), 401],
    ['another message', functionError('Error', 'Unauthorized.'), 500],
    ['no policy', json({ principalId: 'x' }), 500],
    ['null', json(null), 500],
    ['a nested context value', allow({ context: { scopes: ['a'] } }), 500],
    ['a condition', allow(policy({ ...deny, Condition: { IpAddress: {} } })), 500],
    ['no JSON', { kind: 'payload', payload: Buffer.from('{') }, 500],
    ['a throttle', { kind: 'throttled' }, 500],
  ])('%s', async (_, answer, status) => {
    const { url, functions } = await begin(() => answer);
    const response = await post(url);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(
      status === 401 ? '{"message":"Unauthorized"}' : '{"message":null}',
    );
    expect(functions.callsOf(FUNCTION)).toEqual([]);
  });

  test('a failed answer is not cached', async () => {
    const answers = [functionError('Error', 'boom'), allow()];
    const { url, execution } = await begin(() => answers.shift() ?? allow());
    expect((await post(url)).status).toBe(500);
    expect(execution[0]).toContain('authorizer failed: Error: boom');
    expect((await post(url)).status).toBe(200);
  });

  test('a function that does not exist is 500', async () => {
    const { url } = await begin(() => Promise.reject(new Error('no such function')));
    const answer = await post(url);
    expect(answer.status).toBe(500);
    expect(answer.headers.get('x-amzn-errortype')).toBe('AuthorizerConfigurationException');
  });

  test('a method ARN over 1,600 bytes is 414', async () => {
    const { url } = await start(
      [restApi(), stage(), path('p', '{proxy+}'), authorizer(), method('GET', 'p', CUSTOM)],
      new FakeFunctions({ [FUNCTION]: echo, [AUTHORIZER]: () => allow() }),
    );
    const answer = await fetch(`${url}/${'x'.repeat(1600)}`, { headers: { Authorization: 'a' } });
    expect(answer.status).toBe(414);
  });
});

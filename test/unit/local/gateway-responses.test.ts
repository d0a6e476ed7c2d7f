import { afterEach, describe, expect, test } from 'vitest';
import {
  allow,
  AUTHORIZER,
  authorizer,
  CUSTOM,
  echo,
  eventually,
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
} from './gateway-fixture.ts';

afterEach(stopGateways);

const access = (Format: string) => ({
  AccessLogSetting: {
    DestinationArn: 'arn:aws:logs:us-east-1:111122223333:log-group:/aws/access',
    Format,
  },
});

type Response = readonly [string, Readonly<Record<string, unknown>>];

const begin = (
  responses: readonly Response[],
  format = '$context.requestId',
  answer = echo,
): Promise<Running> =>
  start(
    [
      restApi(),
      stage({ ...access(format), Variables: { home: 'https://example.test' } }),
      path('mcp', 'mcp'),
      path('item', '{id}'),
      authorizer(),
      method('POST', 'mcp', CUSTOM),
      method('GET', 'item'),
      ...responses.map(([type, properties]) => gatewayResponse(type, properties)),
    ],
    new FakeFunctions({
      [FUNCTION]: answer,
      [AUTHORIZER]: () => allow({ context: { tenantId: 'demo' } }),
    }),
  );

describe('gateway responses', () => {
  test('a customized type has its own status, headers and body', async () => {
    const { url } = await begin([
      [
        'UNAUTHORIZED',
        {
          ResponseParameters: {
            'gatewayresponse.header.WWW-Authenticate':
              '\'Bearer resource_metadata="https://x/.well-known/oauth-protected-resource"\'',
            'gatewayresponse.header.X-Request': 'context.requestId',
            'gatewayresponse.header.X-Agent': 'method.request.header.User-Agent',
            'gatewayresponse.header.X-Query': 'method.request.querystring.q',
            'gatewayresponse.header.X-Home': 'stageVariables.home',
            'gatewayresponse.header.X-Absent': 'context.authorizer.nothing',
          },
          ResponseTemplates: {
            'application/json':
              '{"jsonrpc":"2.0","id":null,"error":{"code":-31401,"message":$context.error.messageString,"data":{"type":"$context.error.responseType","requestId":"$context.requestId","home":"$stageVariables.home"}}}',
          },
        },
      ],
    ]);
    const answer = await fetch(`${url}/mcp?q=a%20b`, {
      method: 'POST',
      headers: { 'User-Agent': 'test/1' },
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer resource_metadata="https://x/.well-known/oauth-protected-resource"',
    );
    expect(answer.headers.get('x-amzn-remapped-www-authenticate')).toBeNull();
    const requestId = answer.headers.get('x-amzn-requestid');
    expect(answer.headers.get('x-request')).toBe(requestId);
    expect(answer.headers.get('x-agent')).toBe('test/1');
    expect(answer.headers.get('x-query')).toBe('a b');
    expect(answer.headers.get('x-home')).toBe('https://example.test');
    expect(answer.headers.has('x-absent')).toBe(false);
    expect(await answer.json()).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -31401,
        message: 'Unauthorized',
        data: { type: 'UNAUTHORIZED', requestId, home: 'https://example.test' },
      },
    });
  });

  test('a type without its own takes DEFAULT_4XX, status included', async () => {
    const { url } = await begin([
      [
        'DEFAULT_4XX',
        {
          StatusCode: '418',
          ResponseParameters: { 'gatewayresponse.header.X-Default': "'yes'" },
        },
      ],
      ['MISSING_AUTHENTICATION_TOKEN', { StatusCode: '404' }],
    ]);
    const unauthorized = await fetch(`${url}/mcp`, { method: 'POST' });
    expect(unauthorized.status).toBe(418);
    expect(unauthorized.headers.get('x-default')).toBe('yes');
    expect(await unauthorized.text()).toBe('{"message":"Unauthorized"}');
    const missing = await fetch(`${url}/a/b`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('x-default')).toBeNull();
    expect(missing.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect(await missing.text()).toBe('{"message":"Missing Authentication Token"}');
  });

  test('DEFAULT_5XX answers a function error with the status 502 unless it sets one', async () => {
    const fail = () => functionError('Error', 'x');
    const body = { 'application/json': '{"code":"INTERNAL"}' };
    const kept = await begin([['DEFAULT_5XX', { ResponseTemplates: body }]], undefined, fail);
    const answer = await fetch(`${kept.url}/1`);
    expect(answer.status).toBe(502);
    expect(await answer.text()).toBe('{"code":"INTERNAL"}');
    const set = await begin([['DEFAULT_5XX', { StatusCode: '503' }]], undefined, fail);
    expect((await fetch(`${set.url}/1`)).status).toBe(503);
  });

  test('of several templates Accept chooses, JSON by default', async () => {
    const { url } = await begin([
      [
        'MISSING_AUTHENTICATION_TOKEN',
        { ResponseTemplates: { 'text/plain': 'plain', 'application/json': '{}' } },
      ],
    ]);
    const json = await fetch(`${url}/a/b`);
    expect(json.headers.get('content-type')).toBe('application/json');
    const plain = await fetch(`${url}/a/b`, { headers: { Accept: 'text/plain;q=1' } });
    expect(plain.headers.get('content-type')).toBe('text/plain');
    expect(await plain.text()).toBe('plain');
  });

  test.each<[string, Response]>([
    ['an unknown type', ['TEAPOT', {}]],
    ['an unknown variable', ['THROTTLED', { ResponseTemplates: { 'a/b': '$context.nope.x' } }]],
    ['velocity', ['THROTTLED', { ResponseTemplates: { 'a/b': '#set($x = 1)' } }]],
    ['$input', ['THROTTLED', { ResponseTemplates: { 'a/b': "$input.path('$')" } }]],
    [
      'an expression that is no literal',
      ['THROTTLED', { ResponseParameters: { 'gatewayresponse.header.X': 'hello' } }],
    ],
    ['a path target', ['THROTTLED', { ResponseParameters: { 'gatewayresponse.path.X': "'a'" } }]],
  ])('%s is refused at start', async (_, response) => {
    await expect(begin([response])).rejects.toThrow('The twin does not');
  });
});

describe('the access log', () => {
  const ALL = [
    ...['requestId', 'extendedRequestId', 'requestTime', 'requestTimeEpoch', 'httpMethod'],
    ...['resourcePath', 'path', 'status', 'protocol', 'responseLength', 'responseLatency'],
    ...['identity.sourceIp', 'identity.userAgent', 'identity.apiKeyId', 'identity.userArn'],
    ...['authorizer.tenantId', 'authorizer.principalId', 'authorizer.error', 'authorizer.status'],
    ...['authorizer.latency', 'authorize.status', 'authorize.error', 'authorize.latency'],
    ...['integration.status', 'integration.latency', 'integration.error'],
    ...['integration.integrationStatus', 'error.responseType', 'error.message'],
    ...['wafResponseCode', 'webaclArn', 'waf.status', 'waf.latency', 'waf.error'],
    ...['xrayTraceId', 'stage', 'domainName', 'apiId', 'accountId'],
    ...['customDomain.basePathMatched'],
  ];
  const FORMAT = `{${ALL.map((name) => `"${name}":"$context.${name}"`).join(',')}}`;

  const lineOf = async (gateway: Running): Promise<Record<string, string>> =>
    JSON.parse(await eventually(() => gateway.lines[0])) as Record<string, string>;

  test('has every variable of a served request', async () => {
    const gateway = await begin([], FORMAT, () => json({ statusCode: 201, body: 'four' }));
    const answer = await fetch(`${gateway.url}/mcp`, {
      method: 'POST',
      headers: { Authorization: 'Bearer t', 'User-Agent': 'a"b\\c' },
      body: '{}',
    });
    const number = expect.stringMatching(/^\d+$/) as string;
    expect(await lineOf(gateway)).toEqual({
      requestId: answer.headers.get('x-amzn-requestid'),
      extendedRequestId: answer.headers.get('x-amz-apigw-id'),
      requestTime: expect.stringMatching(
        /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/,
      ) as string,
      requestTimeEpoch: number,
      httpMethod: 'POST',
      resourcePath: '/mcp',
      path: '/mcp',
      status: '201',
      protocol: 'HTTP/1.1',
      responseLength: '4',
      responseLatency: number,
      'identity.sourceIp': '127.0.0.1',
      'identity.userAgent': 'a"b\\c',
      'identity.apiKeyId': '-',
      'identity.userArn': '-',
      'authorizer.tenantId': 'demo',
      'authorizer.principalId': 'user-1',
      'authorizer.error': '-',
      'authorizer.status': '200',
      'authorizer.latency': number,
      'authorize.status': '200',
      'authorize.error': '-',
      'authorize.latency': number,
      'integration.status': '201',
      'integration.latency': number,
      'integration.error': '-',
      'integration.integrationStatus': '200',
      'error.responseType': '-',
      'error.message': '-',
      wafResponseCode: '-',
      webaclArn: '-',
      'waf.status': '-',
      'waf.latency': '-',
      'waf.error': '-',
      xrayTraceId: answer.headers.get('x-amzn-trace-id')?.slice(5),
      stage: 'prod',
      domainName: '127.0.0.1',
      apiId: 'api1',
      accountId: '111122223333',
      'customDomain.basePathMatched': '(none)',
    });
  });

  test('has one line for a refused request too', async () => {
    const gateway = await begin([], FORMAT);
    await fetch(`${gateway.url}/mcp`, { method: 'POST' });
    expect(await lineOf(gateway)).toMatchObject({
      status: '401',
      'error.responseType': 'UNAUTHORIZED',
      'error.message': 'Unauthorized',
      'authorizer.status': '401',
      'integration.status': '-',
      responseLength: '26',
    });
    expect(gateway.lines).toHaveLength(1);
  });

  test('stays one line and valid JSON whatever the client sends', async () => {
    const gateway = await begin([], '{"p":"$context.path","m":$context.error.messageString}');
    await fetch(`${gateway.url}/a%0Ab"\\x`, { headers: { 'User-Agent': '"},{"' } });
    const line = await eventually(() => gateway.lines[0]);
    expect(line).not.toContain('\n');
    expect(line).toContain('"m":"Missing Authentication Token"');
    expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  test('never has the credentials unless the format names them', async () => {
    const gateway = await begin([], FORMAT);
    await fetch(`${gateway.url}/mcp`, {
      method: 'POST',
      headers: { Authorization: 'Bearer canary-secret' },
    });
    await eventually(() => gateway.lines[0]);
    expect(gateway.lines.join()).not.toContain('canary-secret');
    expect(gateway.execution.join()).not.toContain('canary-secret');
  });

  test('an unknown variable is refused at start', async () => {
    await expect(begin([], '$context.requestId $context.identity.shoeSize')).rejects.toThrow(
      'The twin does not know the variable $context.identity.shoeSize.',
    );
  });

  test('punctuation may follow a variable', async () => {
    const gateway = await begin([], '$context.status-$context.httpMethod.');
    await fetch(`${gateway.url}/1`);
    expect(await eventually(() => gateway.lines[0])).toBe('200-GET.');
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { readable, routesOf } from './support/cloudformation.ts';
import { synthesizedEnv, type Synthesized } from './support/synth.ts';

describe.each(['dev', 'local', 'prod'] as const)('the API of %s', (env) => {
  let synthesized: Synthesized;
  beforeAll(async () => {
    synthesized = await synthesizedEnv(env);
  });

  it('is regional, and takes the usage key from the authorizer, never from a caller', () => {
    const { Properties } = synthesized.gateway.only('AWS::ApiGateway::RestApi');
    expect(Properties).toMatchObject({
      Name: `drawbridge-${env}`,
      ApiKeySourceType: 'AUTHORIZER',
      EndpointConfiguration: { Types: ['REGIONAL'] },
    });
    expect(Properties).not.toHaveProperty('BinaryMediaTypes');
    expect(Properties).not.toHaveProperty('Policy');
  });

  it('has these routes with this authorization, and no other', () => {
    const table = routesOf(synthesized.gateway).map(({ route, properties }) => {
      const { Type, ResponseTransferMode } = properties['Integration'] as Record<string, unknown>;
      return [
        route,
        properties['AuthorizationType'],
        properties['ApiKeyRequired'] ?? false,
        Type,
        ResponseTransferMode ?? '-',
      ].join(' | ');
    });
    const signIn = [
      'GET /.well-known/oauth-authorization-server',
      'GET /.well-known/oauth-authorization-server/mcp',
      'GET /.well-known/oauth-protected-resource',
      'GET /.well-known/oauth-protected-resource/mcp',
      'GET /.well-known/openid-configuration',
      'GET /.well-known/openid-configuration/mcp',
      'GET /oauth/authorize',
      'GET /oauth/callback',
      'OPTIONS /.well-known/oauth-authorization-server',
      'OPTIONS /.well-known/oauth-authorization-server/mcp',
      'OPTIONS /.well-known/oauth-protected-resource',
      'OPTIONS /.well-known/oauth-protected-resource/mcp',
      'OPTIONS /.well-known/openid-configuration',
      'OPTIONS /.well-known/openid-configuration/mcp',
      'OPTIONS /oauth/register',
      'OPTIONS /oauth/token',
      'POST /oauth/authorize',
      'POST /oauth/register',
      'POST /oauth/token',
    ].map((route) => `${route} | NONE | false | AWS_PROXY | -`);
    expect(table.toSorted()).toEqual(
      [
        ...(env === 'local' ? signIn : []),
        ...['/admin', '/admin/{proxy+}'].flatMap((path) =>
          ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map(
            (method) => `${method} ${path} | AWS_IAM | false | AWS_PROXY | -`,
          ),
        ),
        'DELETE /ci/mcp | NONE | false | MOCK | -',
        'DELETE /mcp | NONE | false | MOCK | -',
        'GET /ci/mcp | NONE | false | MOCK | -',
        'GET /health | NONE | false | MOCK | -',
        'GET /mcp | NONE | false | MOCK | -',
        'GET /me | CUSTOM | true | AWS_PROXY | STREAM',
        'GET /openapi.json | CUSTOM | true | AWS_PROXY | STREAM',
        'GET /servers | CUSTOM | true | AWS_PROXY | STREAM',
        'GET /tools | CUSTOM | true | AWS_PROXY | STREAM',
        'POST /ci/mcp | AWS_IAM | false | AWS_PROXY | STREAM',
        'POST /mcp | CUSTOM | true | AWS_PROXY | STREAM',
        'POST /tools/{name} | CUSTOM | true | AWS_PROXY | STREAM',
      ].toSorted(),
    );
  });

  it('every keyed route asks the one authorizer, and each streams from the one MCP function', () => {
    const { gateway, config } = synthesized;
    const authorizer = gateway.only('AWS::ApiGateway::Authorizer');
    const live = gateway.only('AWS::Lambda::Alias');
    for (const { route, properties } of routesOf(gateway)) {
      // The admin API has a function of its own, and a test.
      if (properties['AuthorizationType'] === 'NONE' || route.includes(' /admin')) continue;
      if (properties['AuthorizationType'] === 'AWS_IAM') {
        expect(properties).not.toHaveProperty('AuthorizerId');
      } else {
        expect(readable(properties['AuthorizerId'])).toBe(`{${authorizer.id}}`);
      }
      const integration = properties['Integration'] as Record<string, unknown>;
      expect(integration['TimeoutInMillis']).toBe(config.mcp.timeoutSeconds * 1000);
      expect(readable(integration['Uri']).split(':lambda:')[1]).toBe(
        `path/2021-11-15/functions/{${live.id}}/response-streaming-invocations`,
      );
    }
  });

  it('its authorizer sees requests, keyed by the Authorization header alone', () => {
    const { gateway, config } = synthesized;
    const { Properties } = gateway.only('AWS::ApiGateway::Authorizer');
    expect(Properties).toMatchObject({
      Type: 'REQUEST',
      IdentitySource: 'method.request.header.Authorization',
      AuthorizerResultTtlInSeconds: config.authorizer.cacheSeconds,
    });
    expect(Properties).not.toHaveProperty('AuthorizerCredentials');
  });

  it('open routes answer by themselves, with these bodies and headers', () => {
    const answers = Object.fromEntries(
      routesOf(synthesized.gateway)
        .filter(
          ({ route, properties }) =>
            properties['AuthorizationType'] === 'NONE' && !/oauth|well-known/.test(route),
        )
        .map(({ route, properties }) => {
          const { Uri, ...integration } = properties['Integration'] as Record<string, unknown>;
          expect(Uri).toBeUndefined();
          return [route, integration];
        }),
    );
    const notAllowed = {
      Type: 'MOCK',
      PassthroughBehavior: 'NEVER',
      RequestTemplates: { 'application/json': '{"statusCode":405}' },
      IntegrationResponses: [
        {
          StatusCode: '405',
          ResponseParameters: {
            'method.response.header.Allow': "'POST'",
            'method.response.header.Cache-Control': "'no-store'",
          },
          ResponseTemplates: {
            'application/json':
              '{"jsonrpc":"2.0","id":null,"error":{"code":-31405,"message":"Method not allowed: MCP is served by POST",' +
              '"data":{"code":"METHOD_NOT_ALLOWED","requestId":"$context.requestId"}},' +
              '"code":"METHOD_NOT_ALLOWED","message":"Method not allowed: MCP is served by POST",' +
              '"requestId":"$context.requestId"}',
          },
        },
      ],
    };
    expect(answers).toEqual({
      'GET /mcp': notAllowed,
      'DELETE /mcp': notAllowed,
      'GET /ci/mcp': notAllowed,
      'DELETE /ci/mcp': notAllowed,
      'GET /health': {
        Type: 'MOCK',
        PassthroughBehavior: 'NEVER',
        RequestTemplates: { 'application/json': '{"statusCode":200}' },
        IntegrationResponses: [
          {
            StatusCode: '200',
            ResponseParameters: { 'method.response.header.Cache-Control': "'no-store'" },
            ResponseTemplates: {
              'application/json': `{"status":"healthy","service":"drawbridge","env":"${env}"}`,
            },
          },
        ],
      },
    });
  });

  it('every header that a mock sends is declared: API Gateway drops others', () => {
    for (const { properties } of routesOf(synthesized.gateway)) {
      const { IntegrationResponses } = properties['Integration'] as {
        IntegrationResponses?: { StatusCode: string; ResponseParameters: object }[];
      };
      if (IntegrationResponses === undefined) continue;
      expect(properties['MethodResponses']).toEqual(
        IntegrationResponses.map(({ StatusCode, ResponseParameters }) => ({
          StatusCode,
          ResponseParameters: Object.fromEntries(
            Object.keys(ResponseParameters).map((name) => [name, true]),
          ),
        })),
      );
    }
  });

  it('is deployed to one stage, throttled as configured, that never logs bodies', () => {
    const { gateway, config } = synthesized;
    const { Properties } = gateway.only('AWS::ApiGateway::Stage');
    expect(Properties).toMatchObject({ StageName: 'live' });
    const setting = (ResourcePath: string, HttpMethod: string, rate: number, burst: number) => ({
      ResourcePath,
      HttpMethod,
      ThrottlingRateLimit: rate,
      ThrottlingBurstLimit: burst,
      // Of each: API Gateway gives a method's setting nothing of the stage's.
      DataTraceEnabled: false,
      LoggingLevel: 'ERROR',
      MetricsEnabled: true,
    });
    const { rateLimit, burstLimit } = config.throttle;
    expect(Properties['MethodSettings']).toEqual([
      setting('/*', '*', rateLimit, burstLimit),
      setting('/~1ci~1mcp', 'POST', 50, 100),
      ...(env === 'local'
        ? [
            setting('/~1oauth~1register', 'POST', 5, 10),
            setting('/~1oauth~1authorize', 'GET', 20, 40),
            setting('/~1oauth~1authorize', 'POST', 20, 40),
            setting('/~1oauth~1callback', 'GET', 20, 40),
            setting('/~1oauth~1token', 'POST', 20, 40),
          ]
        : []),
      ...['/~1admin', '/~1admin~1{proxy+}'].flatMap((path) =>
        ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => setting(path, method, 5, 10)),
      ),
    ]);
  });

  it('every throttle is of a route that it has: API Gateway refuses others', () => {
    const { MethodSettings } = synthesized.gateway.only('AWS::ApiGateway::Stage').Properties;
    const routes = routesOf(synthesized.gateway).map(({ route }) => route);
    for (const { ResourcePath, HttpMethod } of MethodSettings as Record<string, string>[]) {
      if (ResourcePath === '/*') continue;
      expect(routes).toContain(`${HttpMethod} ${ResourcePath?.slice(1).replaceAll('~1', '/')}`);
    }
  });

  it('its access log is one JSON object per request without any header, agent or key value', () => {
    const { AccessLogSetting } = synthesized.gateway.only('AWS::ApiGateway::Stage').Properties as {
      AccessLogSetting: { Format: string; DestinationArn: unknown };
    };
    expect(JSON.parse(AccessLogSetting.Format)).toEqual({
      type: 'access',
      env,
      requestId: '$context.requestId',
      time: '$context.requestTimeEpoch',
      ip: '$context.identity.sourceIp',
      method: '$context.httpMethod',
      route: '$context.resourcePath',
      status: '$context.status',
      tenant: '$context.authorizer.tenant',
      subject: '$context.authorizer.subject',
      plan: '$context.authorizer.plan',
      usageKeyId: '$context.identity.apiKeyId',
      refusal: '$context.error.responseType',
      authorizerStatus: '$context.authorizer.status',
      authorizerMs: '$context.authorizer.latency',
      integrationStatus: '$context.integration.status',
      integrationMs: '$context.integration.latency',
      ms: '$context.responseLatency',
      responseBytes: '$context.responseLength',
      wafStatus: '$context.waf.status',
      traceId: '$context.xrayTraceId',
    });
    expect(AccessLogSetting.Format).not.toMatch(
      /identity\.apiKey(?!Id)|userAgent|header|requestOverride|\$input|\n/i,
    );
    const [logGroup] = /McpAccessLogs\w+/.exec(readable(AccessLogSetting.DestinationArn)) ?? [];
    expect(synthesized.gateway.resources[logGroup ?? '']).toMatchObject({
      Type: 'AWS::Logs::LogGroup',
      Properties: { RetentionInDays: synthesized.config.logs.accessRetentionDays },
    });
  });
});

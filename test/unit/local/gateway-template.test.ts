import { afterEach, describe, expect, test } from 'vitest';
import type { DeployedResource } from '../../../local/template/deployment.ts';
import {
  authorizer,
  buffered,
  CUSTOM,
  FUNCTION,
  method,
  path,
  resource,
  restApi,
  stage,
  start,
  stopGateways,
  streaming,
} from './gateway-fixture.ts';

afterEach(stopGateways);

const base = (method: DeployedResource): DeployedResource[] => [
  restApi(),
  stage(),
  path('mcp', 'mcp'),
  authorizer(),
  method,
];

describe('what the twin does not implement it refuses by name at start', () => {
  test.each<[string, DeployedResource[], string]>([
    ['no API', [stage()], 'AWS::ApiGateway::RestApi'],
    ['a second API', [restApi(), restApi(), stage()], 'a second AWS::ApiGateway::RestApi'],
    ['an edge API', [restApi({ EndpointConfiguration: undefined }), stage()], 'EDGE'],
    [
      'a private API',
      [restApi({ EndpointConfiguration: { Types: ['PRIVATE'] } }), stage()],
      'PRIVATE',
    ],
    ['a resource policy', [restApi({ Policy: {} }), stage()], 'resource policies'],
    ['an OpenAPI body', [restApi({ Body: {} }), stage()], 'OpenAPI'],
    ['a canary', [restApi(), stage({ CanarySetting: {} })], 'canary'],
    ['a cache', [restApi(), stage({ CacheClusterEnabled: true })], 'response cache'],
    [
      'a Firehose access log',
      [
        restApi(),
        stage({ AccessLogSetting: { DestinationArn: 'arn:aws:firehose:x:y:z', Format: 'x' } }),
      ],
      'firehose',
    ],
    ['an HTTP integration', base(method('GET', 'mcp', { Integration: { Type: 'HTTP' } })), 'HTTP'],
    [
      'an AWS integration with a proxy type',
      base(
        method('GET', 'mcp', {
          Integration: { Type: 'AWS_PROXY', Uri: 'arn:aws:apigateway:us-east-1:sqs:path/q' },
        }),
      ),
      'sqs',
    ],
    [
      'a stream without its URI',
      base(
        method('GET', 'mcp', {
          Integration: {
            Type: 'AWS_PROXY',
            Uri: buffered(FUNCTION),
            ResponseTransferMode: 'STREAM',
          },
        }),
      ),
      'STREAM',
    ],
    [
      'the URI of a stream without STREAM',
      base(method('GET', 'mcp', { Integration: { Type: 'AWS_PROXY', Uri: streaming(FUNCTION) } })),
      'BUFFERED',
    ],
    [
      'Cognito authorization',
      base(method('GET', 'mcp', { AuthorizationType: 'COGNITO_USER_POOLS' })),
      'COGNITO_USER_POOLS',
    ],
    [
      'a TOKEN authorizer',
      [restApi(), stage(), authorizer({ Type: 'TOKEN' })],
      'TOKEN authorizers',
    ],
    [
      'an unknown identity source',
      [restApi(), stage(), authorizer({ IdentitySource: 'method.request.body.x' })],
      'method.request.body.x',
    ],
    [
      'an authorizer that is not there',
      base(method('GET', 'mcp', { ...CUSTOM, AuthorizerId: 'other' })),
      'AuthorizerId',
    ],
    [
      'IAM without a verifier',
      base(method('GET', 'mcp', { AuthorizationType: 'AWS_IAM' })),
      'AWS_IAM',
    ],
    [
      'a request validator',
      base(method('GET', 'mcp', { RequestValidatorId: 'v1' })),
      'request validators',
    ],
    [
      'a path that API Gateway keeps to itself',
      [restApi(), stage(), path('ping', 'ping'), method('GET', 'ping')],
      '/ping',
    ],
    [
      'a WAF statement',
      [
        restApi(),
        stage(),
        resource('WAFv2::WebACLAssociation', 'assoc', {
          ResourceArn: 'arn:aws:apigateway:us-east-1::/restapis/api1/stages/prod',
          WebACLArn: 'arn:acl',
        }),
        resource(
          'WAFv2::WebACL',
          'acl',
          {
            DefaultAction: { Allow: {} },
            Rules: [
              {
                Name: 'geo',
                Priority: 1,
                Statement: { GeoMatchStatement: {} },
                Action: { Block: {} },
              },
            ],
          },
          'arn:acl',
        ),
      ],
      'rule geo: the twin does not implement GeoMatchStatement',
    ],
  ])('%s', async (_, resources, named) => {
    await expect(start(resources)).rejects.toThrow(named);
  });
});

test('AWS_IAM asks the verifier and hands its identity to the function', async () => {
  const identity = {
    accessKey: 'ASIA1',
    accountId: '111122223333',
    caller: 'AROA1:session',
    user: 'AROA1:session',
    userArn: 'arn:aws:sts::111122223333:assumed-role/ci/session',
  };
  const seen: unknown[] = [];
  const gateway = await start(
    base(method('POST', 'mcp', { AuthorizationType: 'AWS_IAM' })),
    undefined,
    {
      verifyIam: (request) => {
        seen.push({ ...request, body: request.body.toString(), rawHeaders: undefined });
        return request.body.length > 0
          ? { kind: 'allowed', identity }
          : { kind: 'refused', type: 'INVALID_SIGNATURE' };
      },
    },
  );
  const send = (body: string) =>
    fetch(`${gateway.url}/mcp?a=1`, {
      method: 'POST',
      body,
      headers: { Authorization: 'AWS4-HMAC-SHA256 Credential=x' },
    });
  const refused = await send('');
  expect(refused.status).toBe(403);
  expect(refused.headers.get('x-amzn-errortype')).toBe('InvalidSignatureException');
  expect((await send('{}')).status).toBe(200);
  expect(seen[1]).toEqual({
    method: 'POST',
    path: '/mcp',
    queryString: 'a=1',
    body: '{}',
    rawHeaders: undefined,
    methodArn: 'arn:aws:execute-api:us-east-1:111122223333:api1/prod/POST/mcp',
  });
  const [{ event } = { event: undefined }] = gateway.functions.calls;
  expect(event?.requestContext['identity']).toMatchObject({
    ...identity,
    principalOrgId: null,
  });
  expect(event?.requestContext).not.toHaveProperty('authorizer');
  expect(Object.keys(event?.headers ?? {}).map((name) => name.toLowerCase())).not.toContain(
    'authorization',
  );
});

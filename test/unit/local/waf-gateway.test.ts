import { afterEach, expect, test } from 'vitest';
import {
  authorizer,
  CUSTOM,
  FUNCTION,
  eventually,
  method,
  path,
  resource,
  restApi,
  stage,
  start,
  stopGateways,
  gatewayResponse,
  type Running,
} from './gateway-fixture.ts';

afterEach(stopGateways);

const begin = (rules: readonly unknown[]): Promise<Running> =>
  start([
    restApi(),
    stage({
      AccessLogSetting: {
        DestinationArn: 'arn:aws:logs:us-east-1:111122223333:log-group:access',
        Format:
          '$context.status $context.wafResponseCode $context.waf.status $context.webaclArn $context.error.responseType',
      },
    }),
    path('mcp', 'mcp'),
    path('open', 'open'),
    authorizer(),
    method('POST', 'mcp', CUSTOM),
    method('POST', 'open'),
    gatewayResponse('WAF_FILTERED', {
      ResponseTemplates: { 'application/json': '{"code":"WAF"}' },
    }),
    resource('WAFv2::WebACLAssociation', 'association', {
      ResourceArn: 'arn:aws:apigateway:us-east-1::/restapis/api1/stages/prod',
      WebACLArn: 'arn:acl',
    }),
    resource(
      'WAFv2::WebACL',
      'acl',
      {
        DefaultAction: { Allow: {} },
        Rules: rules,
        CustomResponseBodies: {
          large: { ContentType: 'APPLICATION_JSON', Content: '{"code":"REQUEST_TOO_LARGE"}' },
        },
      },
      'arn:acl',
    ),
  ]);

const sizeRule = (action: unknown) => ({
  Name: 'size',
  Priority: 0,
  Statement: {
    SizeConstraintStatement: {
      FieldToMatch: { Body: { OversizeHandling: 'MATCH' } },
      ComparisonOperator: 'GT',
      Size: 1000,
      TextTransformations: [{ Priority: 0, Type: 'NONE' }],
    },
  },
  Action: action,
});

const post = (url: string, body: string) => fetch(url, { method: 'POST', body });

test('a custom response comes before routing and authorization, and stops the body', async () => {
  const gateway = await begin([
    sizeRule({ Block: { CustomResponse: { ResponseCode: 413, CustomResponseBodyKey: 'large' } } }),
  ]);
  for (const [target, length] of [
    ['/mcp', 1001],
    ['/nowhere', 3_000_000],
  ] as const) {
    const answer = await post(gateway.url + target, 'x'.repeat(length));
    expect(answer.status).toBe(413);
    expect(await answer.text()).toBe('{"code":"REQUEST_TOO_LARGE"}');
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  }
  expect((await post(`${gateway.url}/mcp`, 'x'.repeat(1000))).status).toBe(401);
  expect(await eventually(() => gateway.lines[2])).toBe('401 WAF_ALLOW 200 arn:acl UNAUTHORIZED');
  expect(gateway.lines[0]).toBe('413 WAF_BLOCK 403 arn:acl -');
});

test('a plain block is the WAF_FILTERED gateway response', async () => {
  const gateway = await begin([sizeRule({ Block: {} })]);
  const answer = await post(`${gateway.url}/mcp`, 'x'.repeat(1001));
  expect(answer.status).toBe(403);
  expect(answer.headers.get('x-amzn-errortype')).toBe('ForbiddenException');
  expect(await answer.text()).toBe('{"code":"WAF"}');
  expect(await eventually(() => gateway.lines[0])).toBe('403 WAF_BLOCK 403 arn:acl WAF_FILTERED');
});

test('what passes reaches the function with its whole body', async () => {
  const gateway = await begin([sizeRule({ Count: {} })]);
  const body = 'x'.repeat(100_000);
  expect((await post(`${gateway.url}/open`, body)).status).toBe(200);
  expect(gateway.functions.callsOf(FUNCTION)[0]?.['body']).toBe(body);
});

test('what nobody but AWS can evaluate is named', async () => {
  const gateway = await begin([
    {
      Name: 'managed',
      Priority: 0,
      Statement: { ManagedRuleGroupStatement: { VendorName: 'AWS', Name: 'Known' } },
      OverrideAction: { None: {} },
    },
  ]);
  expect(gateway.notEvaluated).toEqual(['AWS/Known']);
});

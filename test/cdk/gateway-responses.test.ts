import { beforeAll, describe, expect, it } from 'vitest';
import { synthesizedEnv, type SynthesizedStack } from './support/synth.ts';

interface GatewayResponse {
  readonly ResponseType: string;
  readonly StatusCode?: string;
  readonly ResponseParameters: Readonly<Record<string, string>>;
  readonly ResponseTemplates: Readonly<Record<string, string>>;
}

let stack: SynthesizedStack;
let responses: readonly GatewayResponse[];
beforeAll(async () => {
  stack = (await synthesizedEnv('dev')).gateway;
  responses = stack
    .ofType('AWS::ApiGateway::GatewayResponse')
    .map(({ Properties }) => Properties as unknown as GatewayResponse);
});

const noStore = { 'gatewayresponse.header.Cache-Control': "'no-store'" };
const challenge = {
  ...noStore,
  'gatewayresponse.header.WWW-Authenticate': '\'Bearer realm="drawbridge"\'',
};
const retryAfter = (seconds: number) => ({
  ...noStore,
  'gatewayresponse.header.Retry-After': `'${seconds}'`,
});

describe('what API Gateway answers by itself', () => {
  it('has by kind this status, code and these headers, and nothing is left to its defaults', () => {
    const table = Object.fromEntries(
      responses.map(({ ResponseType, StatusCode, ResponseParameters, ResponseTemplates }) => [
        ResponseType,
        [
          StatusCode,
          (JSON.parse(ResponseTemplates['application/json'] ?? '') as { code: string }).code,
          ResponseParameters,
        ],
      ]),
    );
    expect(table).toEqual({
      UNAUTHORIZED: ['401', 'UNAUTHENTICATED', challenge],
      EXPIRED_TOKEN: ['401', 'UNAUTHENTICATED', challenge],
      INVALID_SIGNATURE: ['401', 'UNAUTHENTICATED', challenge],
      ACCESS_DENIED: ['403', 'FORBIDDEN', noStore],
      INVALID_API_KEY: ['403', 'FORBIDDEN', noStore],
      WAF_FILTERED: ['403', 'FORBIDDEN', noStore],
      MISSING_AUTHENTICATION_TOKEN: ['404', 'NOT_FOUND', noStore],
      RESOURCE_NOT_FOUND: ['404', 'NOT_FOUND', noStore],
      REQUEST_TOO_LARGE: ['413', 'REQUEST_TOO_LARGE', noStore],
      UNSUPPORTED_MEDIA_TYPE: ['415', 'UNSUPPORTED_MEDIA_TYPE', noStore],
      BAD_REQUEST_BODY: ['400', 'INVALID_REQUEST', noStore],
      BAD_REQUEST_PARAMETERS: ['400', 'INVALID_REQUEST', noStore],
      THROTTLED: ['429', 'THROTTLED', retryAfter(1)],
      QUOTA_EXCEEDED: ['429', 'THROTTLED', retryAfter(3600)],
      AUTHORIZER_FAILURE: ['503', 'UNAVAILABLE', retryAfter(5)],
      AUTHORIZER_CONFIGURATION_ERROR: ['503', 'UNAVAILABLE', retryAfter(5)],
      INTEGRATION_FAILURE: ['503', 'UNAVAILABLE', retryAfter(5)],
      INTEGRATION_TIMEOUT: ['504', 'DEADLINE_EXCEEDED', noStore],
      API_CONFIGURATION_ERROR: ['500', 'INTERNAL', noStore],
      DEFAULT_4XX: [undefined, 'INVALID_REQUEST', noStore],
      DEFAULT_5XX: [undefined, 'INTERNAL', noStore],
    });
  });

  it('a missing credential gets this body', () => {
    const { ResponseTemplates } = responses.find((one) => one.ResponseType === 'UNAUTHORIZED')!;
    expect(ResponseTemplates).toEqual({
      'application/json':
        '{"jsonrpc":"2.0","id":null,"error":{"code":-31401,' +
        '"message":"Unauthorized: send a valid API key or access token as Authorization: Bearer",' +
        '"data":{"code":"UNAUTHENTICATED","requestId":"$context.requestId"}},' +
        '"code":"UNAUTHENTICATED",' +
        '"message":"Unauthorized: send a valid API key or access token as Authorization: Bearer",' +
        '"requestId":"$context.requestId"}',
    });
  });

  it('every body is JSON once its variables are filled in, the same error twice, and only the request id is one', () => {
    for (const { ResponseType, ResponseTemplates } of responses) {
      expect(Object.keys(ResponseTemplates)).toEqual(['application/json']);
      const template = ResponseTemplates['application/json'] ?? '';
      expect([...new Set(template.match(/\$[\w.]+/g))], ResponseType).toEqual([
        '$context.requestId',
      ]);
      const body = JSON.parse(template.replaceAll('$context.requestId', 'req-1')) as {
        error: { code: number; message: string; data: { code: string } };
        code: string;
        message: string;
      };
      expect(body).toEqual({
        jsonrpc: '2.0',
        id: null,
        error: {
          code: expect.any(Number) as number,
          message: body.message,
          data: { code: body.code, requestId: 'req-1' },
        },
        code: body.code,
        message: body.message,
        requestId: 'req-1',
      });
    }
  });

  it('no code of ours is one that JSON-RPC or MCP keeps, but for theirs with their meaning', () => {
    const codes = responses.map(
      ({ ResponseTemplates }) =>
        (JSON.parse(ResponseTemplates['application/json'] ?? '') as { error: { code: number } })
          .error.code,
    );
    for (const code of codes) {
      expect(code >= -32768 && code <= -32000 ? [-32600, -32603] : [code]).toContain(code);
    }
  });

  it('every header is a literal: there is no caller’s text in any', () => {
    for (const { ResponseParameters } of responses) {
      for (const value of Object.values(ResponseParameters)) expect(value).toMatch(/^'[^']*'$/);
    }
  });

  it('is the same in every environment that has keys only', async () => {
    for (const env of ['prod'] as const) {
      const other = (await synthesizedEnv(env)).gateway.ofType('AWS::ApiGateway::GatewayResponse');
      expect(other.map(({ Properties }) => Properties)).toEqual(
        stack.ofType('AWS::ApiGateway::GatewayResponse').map(({ Properties }) => Properties),
      );
    }
  });

  it('points at the resource metadata where people can sign in', async () => {
    const { gateway } = await synthesizedEnv('local');
    const unauthorized = gateway
      .ofType('AWS::ApiGateway::GatewayResponse')
      .find(({ Properties }) => Properties['ResponseType'] === 'UNAUTHORIZED');
    const text = JSON.stringify(unauthorized?.Properties['ResponseParameters']);
    expect(text).toContain("'Bearer resource_metadata=");
    expect(text).toContain('/live/.well-known/oauth-protected-resource/mcp');
    expect(text).toContain('drawbridge/mcp');
  });
});

import { afterEach, describe, expect, test } from 'vitest';
import {
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
  integration: Readonly<Record<string, unknown>>,
  MethodResponses: readonly unknown[],
): Promise<Running> =>
  start([
    restApi(),
    stage(),
    path('mock', 'mock'),
    method('ANY', 'mock', { Integration: { Type: 'MOCK', ...integration }, MethodResponses }),
  ]);

const NOT_ALLOWED = {
  RequestTemplates: { 'application/json': '{"statusCode": 405, "id": "$context.requestId"}' },
  IntegrationResponses: [
    { StatusCode: '200' },
    {
      StatusCode: '405',
      SelectionPattern: '405',
      ResponseParameters: {
        'method.response.header.Allow': "'POST'",
        'method.response.header.X-Request': 'context.requestId',
      },
      ResponseTemplates: {
        'application/json': '{"code":"METHOD_NOT_ALLOWED","requestId":"$context.requestId"}',
      },
    },
  ],
};
const RESPONSES = [
  { StatusCode: '200' },
  {
    StatusCode: '405',
    ResponseParameters: {
      'method.response.header.Allow': true,
      'method.response.header.X-Request': true,
    },
  },
];

describe('a mock integration', () => {
  test('answers with the response that its status selects', async () => {
    const { url } = await begin(NOT_ALLOWED, RESPONSES);
    const answer = await fetch(`${url}/mock`);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
    expect(answer.headers.get('content-type')).toBe('application/json');
    const requestId = answer.headers.get('x-amzn-requestid');
    expect(answer.headers.get('x-request')).toBe(requestId);
    expect(await answer.json()).toEqual({ code: 'METHOD_NOT_ALLOWED', requestId });
  });

  test('a status that no pattern selects takes the default response', async () => {
    const { url } = await begin(
      { ...NOT_ALLOWED, RequestTemplates: { 'application/json': '{"statusCode": 4050}' } },
      RESPONSES,
    );
    expect((await fetch(`${url}/mock`)).status).toBe(200);
  });

  test('another content type passes through, and without a status in the body that is 500', async () => {
    const { url } = await begin(NOT_ALLOWED, RESPONSES);
    const send = (body: string, type = 'text/plain') =>
      fetch(`${url}/mock`, { method: 'POST', headers: { 'Content-Type': type }, body });
    expect((await send('{"statusCode": 405}')).status).toBe(405);
    expect((await send('hello')).status).toBe(500);
    expect((await send('hello', 'application/json; charset=utf-8')).status).toBe(405);
  });

  test.each(['NEVER', 'WHEN_NO_TEMPLATES'])('%s refuses another content type', async (behavior) => {
    const { url } = await begin({ ...NOT_ALLOWED, PassthroughBehavior: behavior }, RESPONSES);
    const answer = await fetch(`${url}/mock`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: 'hello',
    });
    expect(answer.status).toBe(415);
    expect(await answer.text()).toBe('{"message":"Unsupported Media Type"}');
  });

  test.each<[string, Readonly<Record<string, unknown>>, readonly unknown[]]>([
    ['velocity in a request template', { RequestTemplates: { 'a/b': '#if(1)#end' } }, []],
    ['a request template without a status', { RequestTemplates: { 'a/b': '{}' } }, []],
    ['a response that is not declared', { IntegrationResponses: [{ StatusCode: '200' }] }, []],
    ['a header that is not declared', NOT_ALLOWED, [{ StatusCode: '200' }, { StatusCode: '405' }]],
    [
      '$input in a response template',
      {
        IntegrationResponses: [
          { StatusCode: '200', ResponseTemplates: { 'a/b': "$input.json('$')" } },
        ],
      },
      [{ StatusCode: '200' }],
    ],
  ])('%s is refused at start', async (_, integration, responses) => {
    await expect(begin(integration, responses)).rejects.toThrow(/\w/);
  });
});

import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { compileProtections } from '../../../local/waf/data-protection.ts';
import { dataProtection } from '../../../local/waf/web-acl-schema.ts';
import {
  method,
  path,
  resource,
  restApi,
  stage,
  start,
  stopGateways,
  type Running,
} from './gateway-fixture.ts';

afterEach(stopGateways);

type Properties = Readonly<Record<string, unknown>>;

const GROUP = 'aws-waf-logs-test';
const groupArn = (name: string) => `arn:aws:logs:us-east-1:111122223333:log-group:${name}`;
const keep = (...Actions: string[]) => ({
  DefaultBehavior: 'DROP',
  Filters: [
    {
      Behavior: 'KEEP',
      Requirement: 'MEETS_ANY',
      Conditions: Actions.map((Action) => ({ ActionCondition: { Action } })),
    },
  ],
});

const begin = (rules: readonly unknown[], logging: Properties = {}, acl: Properties = {}) =>
  start([
    restApi(),
    stage(),
    path('open', 'open'),
    method('POST', 'open'),
    resource('Logs::LogGroup', GROUP, {}),
    resource('WAFv2::WebACLAssociation', 'association', {
      ResourceArn: 'arn:aws:apigateway:us-east-1::/restapis/api1/stages/prod',
      WebACLArn: 'arn:acl',
    }),
    resource(
      'WAFv2::WebACL',
      'acl',
      { Name: 'edge', DefaultAction: { Allow: {} }, Rules: rules, ...acl },
      'arn:acl',
    ),
    resource('WAFv2::LoggingConfiguration', 'logging', {
      ResourceArn: 'arn:acl',
      LogDestinationConfigs: [groupArn(GROUP)],
      LoggingFilter: keep('BLOCK', 'COUNT'),
      ...logging,
    }),
  ]);

const NONE = [{ Priority: 0, Type: 'NONE' }];
const ruleOn = (Name: string, word: string, Action: Properties, more: Properties = {}) => ({
  Name,
  Priority: 1,
  Statement: {
    ByteMatchStatement: {
      SearchString: word,
      PositionalConstraint: 'CONTAINS',
      FieldToMatch: { QueryString: {} },
      TextTransformations: NONE,
    },
  },
  Action,
  ...more,
});
const rate = (Action: Properties, more: Properties) => ({
  Name: 'Rate',
  Priority: 5,
  Statement: { RateBasedStatement: { Limit: 1, EvaluationWindowSec: 60, ...more } },
  Action,
});

interface Sent {
  readonly query?: string;
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
/** The status of a request that comes from an address of this machine. */
const send = (gateway: Running, { query = '', from, headers = {} }: Sent = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const url = new URL(`${gateway.url}/open${query === '' ? '' : `?${query}`}`);
    const options = {
      method: 'POST',
      headers,
      ...(from === undefined ? {} : { localAddress: from }),
    };
    const sent = httpRequest(url, options, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end('{}');
  });

const linesOf = ({ wafLines }: Running): readonly Properties[] =>
  wafLines.map(([, line]) => JSON.parse(line) as Properties);

describe('a line', () => {
  test('of a refused request is AWS’s shape', async () => {
    const custom = { CustomResponse: { ResponseCode: 418 } };
    const gateway = await begin([ruleOn('No', 'bad', { Block: custom })]);
    expect(await send(gateway, { query: 'a=bad', headers: { 'user-agent': 'test/1' } })).toBe(418);
    expect(gateway.wafLines.map(([group]) => group)).toEqual([GROUP]);
    const [line] = linesOf(gateway);
    const { timestamp, httpRequest: logged, ...rest } = line ?? {};
    expect(rest).toEqual({
      formatVersion: 1,
      webaclId: 'arn:acl',
      terminatingRuleId: 'No',
      terminatingRuleType: 'REGULAR',
      action: 'BLOCK',
      terminatingRuleMatchDetails: [],
      httpSourceName: 'APIGW',
      httpSourceId: '111122223333:api1:prod',
      ruleGroupList: [],
      rateBasedRuleList: [],
      nonTerminatingMatchingRules: [],
      requestHeadersInserted: null,
      responseCodeSent: 418,
    });
    expect(timestamp).toBeTypeOf('number');
    const { requestId, headers, ...request } = logged as Properties;
    expect(request).toEqual({
      clientIp: '127.0.0.1',
      country: '-',
      uri: '/open',
      args: 'a=bad',
      httpVersion: 'HTTP/1.1',
      httpMethod: 'POST',
    });
    expect(requestId).toMatch(/^[\w+/]{15}=$/);
    expect(headers).toContainEqual({ name: 'user-agent', value: 'test/1' });
  });

  test('of a plain block has no code, as the API has its own answer', async () => {
    const gateway = await begin([ruleOn('No', 'bad', { Block: {} })]);
    expect(await send(gateway, { query: 'bad' })).toBe(403);
    expect(linesOf(gateway)).toMatchObject([{ action: 'BLOCK', responseCodeSent: null }]);
  });

  test('of a counted request names the rules that counted, and their labels', async () => {
    const gateway = await begin([
      ruleOn('One', 'odd', { Count: {} }, { RuleLabels: [{ Name: 'seen:odd' }] }),
      ruleOn('Two', 'odd', { Count: {} }, { Priority: 2 }),
    ]);
    expect(await send(gateway, { query: 'odd' })).toBe(200);
    expect(await send(gateway, { query: 'even' })).toBe(200);
    expect(linesOf(gateway)).toMatchObject([
      {
        action: 'ALLOW',
        terminatingRuleId: 'Default_Action',
        nonTerminatingMatchingRules: [
          { ruleId: 'One', action: 'COUNT', ruleMatchDetails: [] },
          { ruleId: 'Two', action: 'COUNT', ruleMatchDetails: [] },
        ],
        labels: [{ name: 'awswaf:111122223333:webacl:edge:seen:odd' }],
      },
    ]);
  });

  test('of a rate tells the limit and the address, and another address has no line', async () => {
    const gateway = await begin([rate({ Block: {} }, { AggregateKeyType: 'IP' })]);
    expect(await send(gateway, { from: '127.0.0.2' })).toBe(200);
    expect(await send(gateway, { from: '127.0.0.2' })).toBe(403);
    expect(await send(gateway, { from: '127.0.0.3' })).toBe(200);
    expect(linesOf(gateway)).toMatchObject([
      {
        terminatingRuleId: 'Rate',
        terminatingRuleType: 'RATE_BASED',
        rateBasedRuleList: [
          {
            rateBasedRuleId: 'arn:acl/Rate',
            rateBasedRuleName: 'Rate',
            limitKey: 'IP',
            maxRateAllowed: 1,
            evaluationWindowSec: '60',
            limitValue: '127.0.0.2',
          },
        ],
        httpRequest: { clientIp: '127.0.0.2' },
      },
    ]);
  });

  test('of a rate with keys of its own tells their values, protected', async () => {
    const protect = (FieldType: string, Action: string) => ({ Field: { FieldType }, Action });
    const keys = [
      { Header: { Name: 'Authorization', TextTransformations: NONE } },
      { QueryArgument: { Name: 'who', TextTransformations: NONE } },
      { UriPath: { TextTransformations: NONE } },
    ];
    const gateway = await begin(
      [rate({ Count: {} }, { AggregateKeyType: 'CUSTOM_KEYS', CustomKeys: keys })],
      {},
      {
        DataProtectionConfig: {
          DataProtections: [
            protect('SINGLE_HEADER', 'SUBSTITUTION'),
            protect('SINGLE_QUERY_ARGUMENT', 'SUBSTITUTION'),
          ],
        },
      },
    );
    const sent = { query: 'who=canary-1', headers: { authorization: 'Bearer canary-2' } };
    await send(gateway, sent);
    await send(gateway, sent);
    expect(JSON.stringify(gateway.wafLines)).not.toContain('canary');
    expect(linesOf(gateway)).toMatchObject([
      {
        rateBasedRuleList: [
          {
            limitKey: 'CUSTOMKEYS',
            customValues: [
              { key: 'HEADER', name: 'authorization', value: 'REDACTED' },
              { key: 'QUERY_ARGUMENT', name: 'who', value: 'who=REDACTED' },
              { key: 'URI_PATH', value: '/open' },
            ],
          },
        ],
      },
    ]);
  });
});

describe('the filter', () => {
  test('without one everything is written', async () => {
    const gateway = await begin([], { LoggingFilter: undefined });
    await send(gateway);
    expect(linesOf(gateway)).toMatchObject([{ action: 'ALLOW' }]);
  });

  test('the first that is met decides, and all conditions are wanted where it says so', async () => {
    const gateway = await begin(
      [
        ruleOn('Odd', 'odd', { Count: {} }, { RuleLabels: [{ Name: 'odd' }] }),
        ruleOn('Bad', 'bad', { Block: {} }, { Priority: 2 }),
      ],
      {
        LoggingFilter: {
          DefaultBehavior: 'KEEP',
          Filters: [
            {
              Behavior: 'DROP',
              Requirement: 'MEETS_ALL',
              Conditions: [
                { ActionCondition: { Action: 'ALLOW' } },
                { LabelNameCondition: { LabelName: 'awswaf:111122223333:webacl:edge:odd' } },
              ],
            },
          ],
        },
      },
    );
    await send(gateway, { query: 'odd' });
    await send(gateway, { query: 'odd-and-bad' });
    await send(gateway, { query: 'plain' });
    expect(
      linesOf(gateway).map(({ httpRequest: logged }) => (logged as Properties)['args']),
    ).toEqual(['odd-and-bad', 'plain']);
  });
});

describe('what AWS would not log is refused', () => {
  test.each<[string, Properties, string]>([
    ['a group of another name', { LogDestinationConfigs: [groupArn('waf')] }, 'aws-waf-logs-'],
    [
      'an ARN with :* at its end',
      { LogDestinationConfigs: [`${groupArn(GROUP)}:*`] },
      'without :*',
    ],
    [
      'a group that the template does not have',
      { LogDestinationConfigs: [groupArn('aws-waf-logs-other')] },
      'aws-waf-logs-other',
    ],
    ['redaction, which the twin does not do', { RedactedFields: [] }, 'RedactedFields'],
    ['an action that there is not', { LoggingFilter: keep('STOP') }, 'BLOCK'],
  ])('%s', async (_, logging, named) => {
    await expect(begin([], logging)).rejects.toThrow(named);
  });
});

describe('data protection', () => {
  const protections = (...list: readonly Properties[]) =>
    compileProtections(list.map((item) => dataProtection.parse(item)));
  const of = (Action: string, FieldType: string, ...FieldKeys: string[]) => ({
    Action,
    Field: { FieldType, ...(FieldKeys.length === 0 ? {} : { FieldKeys }) },
  });

  test('without keys it holds for all of its kind, with keys for those, in any case', () => {
    const all = protections(of('SUBSTITUTION', 'SINGLE_HEADER'));
    expect(all.header('X-Anything', 'secret')).toBe('REDACTED');
    expect(all.header('Cookie', 'a=1; b=2')).toBe('a=REDACTED; b=REDACTED');
    const one = protections(of('SUBSTITUTION', 'SINGLE_HEADER', 'authorization'));
    expect(one.header('AUTHORIZATION', 'secret')).toBe('REDACTED');
    expect(one.header('user-agent', 'curl/8')).toBe('curl/8');
  });

  test('a hash is the same for the same value, and substitution goes before it', () => {
    const hashed = protections(of('HASH', 'SINGLE_HEADER', 'authorization'));
    expect(hashed.header('authorization', 'Bearer a')).toBe(
      'EixONx05NJDleJxBivPThU7QfyuLCH+KxLQY26Ac8Zc=',
    );
    const both = protections(
      of('HASH', 'SINGLE_HEADER', 'authorization'),
      of('SUBSTITUTION', 'SINGLE_HEADER'),
    );
    expect(both.header('authorization', 'Bearer a')).toBe('REDACTED');
  });

  test('a cookie by its name leaves the others', () => {
    const cookie = protections(of('SUBSTITUTION', 'SINGLE_COOKIE', 'SESSION'));
    expect(cookie.header('cookie', 'session=a;theme=dark')).toBe('session=REDACTED;theme=dark');
    expect(cookie.header('x-session', 'a')).toBe('a');
  });

  test('a query as a whole, or one argument of it', () => {
    const whole = protections(of('SUBSTITUTION', 'QUERY_STRING'));
    expect(whole.queryString('code=a&state=b')).toBe('REDACTED');
    expect(whole.queryString('')).toBe('');
    const code = protections(of('SUBSTITUTION', 'SINGLE_QUERY_ARGUMENT', 'code'));
    expect(code.queryString('Code=a&state=b&flag')).toBe('Code=REDACTED&state=b&flag');
  });

  test('exceptions and other kinds are refused', () => {
    for (const item of [
      of('SUBSTITUTION', 'URI_PATH'),
      { ...of('HASH', 'SINGLE_HEADER'), ExcludeRateBasedDetails: true },
      { ...of('HASH', 'SINGLE_HEADER'), ExcludeRuleMatchDetails: true },
    ]) {
      expect(dataProtection.safeParse(item).success).toBe(false);
    }
  });
});

import { describe, expect, test } from 'vitest';
import { SlidingWindow } from '../../../local/waf/sliding-window.ts';
import type { WafRequest } from '../../../local/waf/waf-request.ts';
import { loadWebAcl, type WafVerdict, type WebAcl } from '../../../local/waf/web-acl.ts';
import { deploymentOf, resource } from './gateway-fixture.ts';

const STAGE = 'arn:aws:apigateway:us-east-1::/restapis/api1/stages/prod';
const IP_SET = 'arn:aws:wafv2:us-east-1:111122223333:regional/ipset/office/1';

type Rule = Readonly<Record<string, unknown>>;

const load = (rules: readonly Rule[], acl: Rule = {}, clock: () => number = () => 0): WebAcl => {
  const loaded = loadWebAcl({
    deployment: deploymentOf([
      resource('WAFv2::WebACLAssociation', 'a', { ResourceArn: STAGE, WebACLArn: 'arn:acl' }),
      resource(
        'WAFv2::IPSet',
        'office',
        { Addresses: ['203.0.113.0/24', '2001:db8::/32'] },
        IP_SET,
      ),
      resource(
        'WAFv2::WebACL',
        'acl',
        { Name: 'edge', DefaultAction: { Allow: {} }, Rules: rules, ...acl },
        'arn:acl',
      ),
    ]),
    stageArn: STAGE,
    log: () => expect.fail('nothing is logged without a LoggingConfiguration'),
    clock,
  });
  if (!loaded) throw new Error('no web ACL');
  return loaded;
};

const rule = (Statement: Rule, more: Rule = {}): Rule => ({
  Name: 'rule',
  Priority: 1,
  Statement,
  Action: { Block: {} },
  ...more,
});

const request = (overrides: Partial<WafRequest> = {}): WafRequest => ({
  requestId: 'request-1',
  httpVersion: 'HTTP/1.1',
  sourceIp: '198.51.100.7',
  method: 'POST',
  uriPath: '/mcp',
  queryString: '',
  rawHeaders: [],
  body: Buffer.alloc(0),
  bodyIsCut: false,
  ...overrides,
});

const NONE = [{ Priority: 0, Type: 'NONE' }];
const blocks = (statement: Rule, overrides: Partial<WafRequest> = {}): boolean =>
  load([rule(statement)]).evaluate(request(overrides)).kind === 'block';

const bytes = (search: string, position: string, field: Rule, transformations = NONE): Rule => ({
  ByteMatchStatement: {
    SearchString: search,
    PositionalConstraint: position,
    FieldToMatch: field,
    TextTransformations: transformations,
  },
});
const size = (operator: string, limit: number, field: Rule): Rule => ({
  SizeConstraintStatement: {
    ComparisonOperator: operator,
    Size: limit,
    FieldToMatch: field,
    TextTransformations: NONE,
  },
});
const URI = { UriPath: {} };

describe('statements', () => {
  test.each<[string, Rule, Partial<WafRequest>, boolean]>([
    ['EXACTLY', bytes('/mcp', 'EXACTLY', URI), {}, true],
    ['EXACTLY not', bytes('/mc', 'EXACTLY', URI), {}, false],
    ['STARTS_WITH', bytes('/m', 'STARTS_WITH', URI), {}, true],
    ['ENDS_WITH', bytes('cp', 'ENDS_WITH', URI), {}, true],
    ['CONTAINS', bytes('c', 'CONTAINS', URI), {}, true],
    ['CONTAINS_WORD', bytes('mcp', 'CONTAINS_WORD', URI), { uriPath: '/a/mcp/b' }, true],
    ['CONTAINS_WORD not', bytes('mcp', 'CONTAINS_WORD', URI), { uriPath: '/mcpx' }, false],
    [
      'a header in any case',
      bytes('curl', 'CONTAINS', { SingleHeader: { Name: 'user-agent' } }),
      { rawHeaders: ['User-Agent', 'curl/8'] },
      true,
    ],
    [
      'a header that is absent',
      bytes('', 'CONTAINS', { SingleHeader: { Name: 'user-agent' } }),
      {},
      false,
    ],
    ['the method', bytes('POST', 'EXACTLY', { Method: {} }), {}, true],
    ['the query', bytes('=1', 'CONTAINS', { QueryString: {} }), { queryString: 'a=1' }, true],
    [
      'one query argument',
      bytes('2', 'EXACTLY', { SingleQueryArgument: { Name: 'B' } }),
      { queryString: 'a=1&b=2' },
      true,
    ],
    [
      'all query arguments',
      bytes('2', 'EXACTLY', { AllQueryArguments: {} }),
      { queryString: 'a=1&b=2' },
      true,
    ],
    [
      'text transformations in order',
      bytes('<script', 'CONTAINS', URI, [
        { Priority: 1, Type: 'LOWERCASE' },
        { Priority: 0, Type: 'URL_DECODE' },
      ]),
      { uriPath: '/%3CSCRIPT' },
      true,
    ],
    [
      'bytes beyond ASCII',
      bytes('é', 'CONTAINS', { Body: {} }),
      { body: Buffer.from('café') },
      true,
    ],
    ['a size', size('GT', 3, { Body: {} }), { body: Buffer.from('four') }, true],
    ['a size not', size('GT', 4, { Body: {} }), { body: Buffer.from('four') }, false],
    ['LE', size('LE', 4, URI), {}, true],
    [
      'oversize MATCH',
      size('GT', 99, { Body: { OversizeHandling: 'MATCH' } }),
      { bodyIsCut: true },
      true,
    ],
    [
      'oversize NO_MATCH',
      size('GE', 0, { Body: { OversizeHandling: 'NO_MATCH' } }),
      { bodyIsCut: true },
      false,
    ],
    [
      'oversize CONTINUE',
      size('GE', 0, { Body: { OversizeHandling: 'CONTINUE' } }),
      { bodyIsCut: true },
      true,
    ],
    [
      'an expression',
      {
        RegexMatchStatement: {
          RegexString: '(?i)^/MCP$',
          FieldToMatch: URI,
          TextTransformations: NONE,
        },
      },
      {},
      true,
    ],
    ['an IP set', { IPSetReferenceStatement: { Arn: IP_SET } }, { sourceIp: '203.0.113.9' }, true],
    [
      'an IP set, version 6',
      { IPSetReferenceStatement: { Arn: IP_SET } },
      { sourceIp: '2001:db8::1' },
      true,
    ],
    ['not in an IP set', { IPSetReferenceStatement: { Arn: IP_SET } }, {}, false],
    [
      'and',
      { AndStatement: { Statements: [bytes('/', 'CONTAINS', URI), size('GT', 9, URI)] } },
      {},
      false,
    ],
    [
      'or',
      { OrStatement: { Statements: [bytes('/', 'CONTAINS', URI), size('GT', 9, URI)] } },
      {},
      true,
    ],
    ['not', { NotStatement: { Statement: size('GT', 9, URI) } }, {}, true],
  ])('%s', (_, statement, overrides, expected) => {
    expect(blocks(statement, overrides)).toBe(expected);
  });

  test.each<[string, Rule, string]>([
    ['a statement', rule({ SqliMatchStatement: {} }), 'SqliMatchStatement'],
    [
      'a statement inside another',
      rule({ NotStatement: { Statement: { XssMatchStatement: {} } } }),
      'XssMatchStatement',
    ],
    ['a component', rule(bytes('x', 'EXACTLY', { JsonBody: {} })), 'JsonBody'],
    [
      'a transformation',
      rule(bytes('x', 'EXACTLY', URI, [{ Priority: 0, Type: 'JS_DECODE' }])),
      'JS_DECODE',
    ],
    [
      'an aggregation',
      rule({ RateBasedStatement: { Limit: 10, AggregateKeyType: 'FORWARDED_IP' } }),
      'FORWARDED_IP',
    ],
    [
      'an aggregation key',
      rule({
        RateBasedStatement: {
          Limit: 10,
          AggregateKeyType: 'CUSTOM_KEYS',
          CustomKeys: [{ ASN: {} }],
        },
      }),
      'ASN',
    ],
    ['an action', rule(size('GT', 1, URI), { Action: { Captcha: {} } }), 'Captcha'],
    [
      'an action with request handling',
      rule(size('GT', 1, URI), { Action: { Allow: { CustomRequestHandling: {} } } }),
      'CustomRequestHandling',
    ],
    ['an unknown IP set', rule({ IPSetReferenceStatement: { Arn: 'arn:x' } }), 'arn:x'],
  ])('%s is refused with the name of its rule', (_, refused, named) => {
    expect(() => load([refused])).toThrow(named);
    expect(() => load([refused])).toThrow('Gateway/acl, rule rule: the twin');
  });
});

describe('rules', () => {
  test('the lowest priority number decides first', () => {
    const acl = load([
      rule(bytes('/', 'CONTAINS', URI), { Name: 'late', Priority: 9 }),
      rule(bytes('/mcp', 'EXACTLY', URI), { Name: 'early', Priority: 0, Action: { Allow: {} } }),
    ]);
    expect(acl.evaluate(request()).kind).toBe('allow');
    expect(acl.evaluate(request({ uriPath: '/x' }))).toEqual({ kind: 'block', rule: 'late' });
  });

  test('a counted rule goes on, and its labels serve later rules', () => {
    const acl = load([
      rule(bytes('/mcp', 'EXACTLY', URI), {
        Priority: 0,
        Action: { Count: {} },
        RuleLabels: [{ Name: 'lane:mcp' }],
      }),
      rule({ LabelMatchStatement: { Scope: 'LABEL', Key: 'lane:mcp' } }),
    ]);
    expect(acl.evaluate(request()).kind).toBe('block');
    expect(acl.evaluate(request({ uriPath: '/' })).kind).toBe('allow');
    const qualified = load([
      rule(bytes('/', 'CONTAINS', URI), {
        Priority: 0,
        Action: { Count: {} },
        RuleLabels: [{ Name: 'lane:mcp' }],
      }),
      rule({
        LabelMatchStatement: { Scope: 'NAMESPACE', Key: 'awswaf:111122223333:webacl:edge:lane:' },
      }),
    ]);
    expect(qualified.evaluate(request()).kind).toBe('block');
  });

  test('a custom response has its status, headers and body', () => {
    const acl = load(
      [
        rule(bytes('/', 'CONTAINS', URI), {
          Action: {
            Block: {
              CustomResponse: {
                ResponseCode: 429,
                CustomResponseBodyKey: 'slow',
                ResponseHeaders: [{ Name: 'Retry-After', Value: '60' }],
              },
            },
          },
        }),
      ],
      { CustomResponseBodies: { slow: { ContentType: 'APPLICATION_JSON', Content: '{"a":1}' } } },
    );
    expect(acl.evaluate(request())).toEqual({
      kind: 'block',
      rule: 'rule',
      response: {
        status: 429,
        headers: [
          ['Content-Type', 'application/json'],
          ['Retry-After', '60'],
        ],
        body: '{"a":1}',
      },
    });
  });

  test('the default action holds when no rule does', () => {
    expect(load([], { DefaultAction: { Block: {} } }).evaluate(request()).kind).toBe('block');
  });

  test('managed rule groups match nothing and are named', () => {
    const group = { VendorName: 'AWS', Name: 'AWSManagedRulesCommonRuleSet' };
    const acl = load([
      rule(
        { ManagedRuleGroupStatement: group },
        { Action: undefined, OverrideAction: { None: {} } },
      ),
    ]);
    expect(acl.notEvaluated).toEqual(['AWS/AWSManagedRulesCommonRuleSet']);
    expect(acl.evaluate(request()).kind).toBe('allow');
  });

  test('the body is asked for only when a rule looks at it', () => {
    expect(load([rule(size('GT', 1, URI))]).bodyInspectionBytes).toBe(0);
    expect(load([rule(size('GT', 1, { Body: {} }))]).bodyInspectionBytes).toBe(16_384);
    const association = {
      AssociationConfig: {
        RequestBody: { API_GATEWAY: { DefaultSizeInspectionLimit: 'KB_64' } },
      },
    };
    const acl = load([rule(size('GT', 1, { Body: {} }))], association);
    expect(acl.bodyInspectionBytes).toBe(65_536);
  });

  test('a stage without an association has no web ACL', () => {
    const deployment = deploymentOf([]);
    expect(loadWebAcl({ deployment, stageArn: STAGE, log: () => undefined })).toBeUndefined();
  });
});

describe('rate-based rules', () => {
  let now = 0;
  const rate = (more: Rule): WebAcl => {
    now = 1_000_000_000;
    const RateBasedStatement = {
      Limit: 10,
      EvaluationWindowSec: 60,
      AggregateKeyType: 'IP',
      ...more,
    };
    return load([rule({ RateBasedStatement })], {}, () => now);
  };
  const send = (acl: WebAcl, times: number, overrides: Partial<WafRequest> = {}): WafVerdict[] =>
    Array.from({ length: times }, () => acl.evaluate(request(overrides)));
  const blocked = (verdicts: readonly WafVerdict[]): number =>
    verdicts.filter((verdict) => verdict.kind === 'block').length;

  test('let the limit pass in a window and block what is over it, per address', () => {
    const acl = rate({});
    expect(blocked(send(acl, 12))).toBe(2);
    expect(blocked(send(acl, 1, { sourceIp: '198.51.100.8' }))).toBe(0);
    now += 62_000;
    expect(blocked(send(acl, 10))).toBe(0);
  });

  test('the window slides', () => {
    const acl = rate({});
    send(acl, 6);
    now += 40_000;
    expect(blocked(send(acl, 6))).toBe(2);
    now += 22_000;
    expect(blocked(send(acl, 4))).toBe(0);
    expect(blocked(send(acl, 1))).toBe(1);
  });

  test('custom keys: a request that lacks one is not counted', () => {
    const acl = rate({
      AggregateKeyType: 'CUSTOM_KEYS',
      CustomKeys: [{ Header: { Name: 'Authorization', TextTransformations: NONE } }, { IP: {} }],
    });
    expect(blocked(send(acl, 20))).toBe(0);
    expect(blocked(send(acl, 11, { rawHeaders: ['authorization', 'Bearer a'] }))).toBe(1);
    expect(blocked(send(acl, 10, { rawHeaders: ['authorization', 'Bearer b'] }))).toBe(0);
  });

  test('only what is in scope is counted', () => {
    const acl = rate({ ScopeDownStatement: bytes('/register', 'STARTS_WITH', URI) });
    expect(blocked(send(acl, 20))).toBe(0);
    expect(blocked(send(acl, 11, { uriPath: '/register' }))).toBe(1);
  });

  test('the keys that are remembered are bounded; a busy one stays', () => {
    const window = new SlidingWindow(60_000, 3);
    window.hit('busy', 0);
    for (let index = 1; index < 20; index += 1) {
      window.hit(`other-${index}`, index * 2000);
      expect(window.hit('busy', index * 2000)).toBe(index + 1);
    }
    expect(window.hit('other-1', 40_000)).toBe(1);
  });
});

import { describe, expect, test } from 'vitest';
import type { WafRequest } from '../../../local/waf/waf-request.ts';
import { loadWebAcl } from '../../../local/waf/web-acl.ts';
import { deploymentOf } from './gateway-fixture.ts';
import {
  bytes,
  IP_SET,
  load,
  NONE,
  request,
  rule,
  size,
  STAGE,
  URI,
  type Rule,
} from './waf-fixture.ts';

const blocks = (statement: Rule, overrides: Partial<WafRequest> = {}): boolean =>
  load([rule(statement)]).evaluate(request(overrides)).kind === 'block';

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
    [
      'a rate inside another statement',
      rule({ NotStatement: { Statement: { RateBasedStatement: { Limit: 10 } } } }),
      'RateBasedStatement',
    ],
    [
      'a managed group that is narrowed',
      rule(
        {
          ManagedRuleGroupStatement: {
            VendorName: 'AWS',
            Name: 'Known',
            ScopeDownStatement: size('GT', 1, URI),
          },
        },
        { Action: undefined, OverrideAction: { None: {} } },
      ),
      'ScopeDownStatement',
    ],
    [
      'a managed rule with an action of another kind',
      rule(
        {
          ManagedRuleGroupStatement: {
            VendorName: 'AWS',
            Name: 'Known',
            RuleActionOverrides: [{ Name: 'Bad_BODY', ActionToUse: { Captcha: {} } }],
          },
        },
        { Action: undefined, OverrideAction: { None: {} } },
      ),
      'Bad_BODY',
    ],
    ['an unknown IP set', rule({ IPSetReferenceStatement: { Arn: 'arn:x' } }), 'arn:x'],
  ])('%s is refused with the name of its rule', (_, refused, named) => {
    expect(() => load([refused])).toThrow(named);
    expect(() => load([refused])).toThrow('Gateway/acl, rule rule: the twin');
  });
});

describe('NORMALIZE_PATH', () => {
  const isPath = (sent: string, path: string): boolean =>
    blocks(bytes(path, 'EXACTLY', URI, [{ Priority: 0, Type: 'NORMALIZE_PATH' }]), {
      uriPath: sent,
    });

  test.each([
    ['/ci/mcp', '/ci/mcp'],
    ['//ci///mcp', '/ci/mcp'],
    ['/./ci/./mcp', '/ci/mcp'],
    ['/a/../ci/mcp', '/ci/mcp'],
    ['/a/b/../../ci/mcp', '/ci/mcp'],
    ['/ci/mcp/', '/ci/mcp/'],
    ['/ci/mcp/.', '/ci/mcp/'],
    ['/ci/mcp/x/..', '/ci/mcp/'],
    ['/..ci/mcp', '/..ci/mcp'],
    ['/', '/'],
    ['//', '/'],
  ])('%s is %s', (sent, path) => {
    expect(isPath(sent, path)).toBe(true);
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

  test('a rule that reads labels of managed groups is named behind them', () => {
    const group = { VendorName: 'AWS', Name: 'AWSManagedRulesCommonRuleSet' };
    const Key = 'awswaf:managed:aws:core-rule-set:GenericLFI_Body';
    const acl = load([
      rule(
        { ManagedRuleGroupStatement: group },
        { Name: 'group', Priority: 0, Action: undefined, OverrideAction: { Count: {} } },
      ),
      rule({ LabelMatchStatement: { Scope: 'LABEL', Key } }, { Name: 'reader' }),
    ]);
    expect(acl.notEvaluated).toEqual([
      'AWS/AWSManagedRulesCommonRuleSet',
      'reader (labels of those)',
    ]);
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

import { expect } from 'vitest';
import type { WafRequest } from '../../../local/waf/waf-request.ts';
import { loadWebAcl, type WebAcl } from '../../../local/waf/web-acl.ts';
import { deploymentOf, resource } from './gateway-fixture.ts';

export const STAGE = 'arn:aws:apigateway:us-east-1::/restapis/api1/stages/prod';
export const IP_SET = 'arn:aws:wafv2:us-east-1:111122223333:regional/ipset/office/1';

export type Rule = Readonly<Record<string, unknown>>;

export const load = (
  rules: readonly Rule[],
  acl: Rule = {},
  clock: () => number = () => 0,
): WebAcl => {
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

export const rule = (Statement: Rule, more: Rule = {}): Rule => ({
  Name: 'rule',
  Priority: 1,
  Statement,
  Action: { Block: {} },
  ...more,
});

export const request = (overrides: Partial<WafRequest> = {}): WafRequest => ({
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

export const NONE = [{ Priority: 0, Type: 'NONE' }];
export const bytes = (
  search: string,
  position: string,
  field: Rule,
  transformations = NONE,
): Rule => ({
  ByteMatchStatement: {
    SearchString: search,
    PositionalConstraint: position,
    FieldToMatch: field,
    TextTransformations: transformations,
  },
});
export const size = (operator: string, limit: number, field: Rule): Rule => ({
  SizeConstraintStatement: {
    ComparisonOperator: operator,
    Size: limit,
    FieldToMatch: field,
    TextTransformations: NONE,
  },
});
export const URI = { UriPath: {} };

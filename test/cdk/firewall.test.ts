import { beforeAll, describe, expect, it } from 'vitest';
import { readable } from './support/cloudformation.ts';
import type { Rule, WebAclProperties } from './support/firewall.ts';
import { synthesizedEnv, type Synthesized } from './support/synth.ts';
import { capacityOf } from './support/web-acl-capacity.ts';

const NONE = [{ Priority: 0, Type: 'NONE' }];

const tooMany = (CustomResponseBodyKey: string) => ({
  Block: {
    CustomResponse: {
      ResponseCode: 429,
      CustomResponseBodyKey,
      ResponseHeaders: [{ Name: 'Retry-After', Value: '300' }],
    },
  },
});

describe.each(['dev', 'local', 'prod'] as const)('the firewall of %s', (env) => {
  let synthesized: Synthesized;
  let acl: WebAclProperties;
  beforeAll(async () => {
    synthesized = await synthesizedEnv(env);
    acl = synthesized.gateway.only('AWS::WAFv2::WebACL').Properties as unknown as WebAclProperties;
  });
  const rule = (name: string): Rule =>
    acl.Rules.find(({ Name }) => Name === name) ?? expect.fail(`there is no rule ${name}`);

  it('is regional, lets through what no rule stops, and stands before the stage', () => {
    expect(acl).toMatchObject({ Scope: 'REGIONAL', DefaultAction: { Allow: {} } });
    const { gateway } = synthesized;
    const { Properties } = gateway.only('AWS::WAFv2::WebACLAssociation');
    expect(readable(Properties['WebACLArn'])).toBe(
      `{${gateway.only('AWS::WAFv2::WebACL').id}.Arn}`,
    );
    const [api, stage] = [
      gateway.only('AWS::ApiGateway::RestApi').id,
      gateway.only('AWS::ApiGateway::Stage').id,
    ];
    expect(readable(Properties['ResourceArn'])).toMatch(
      new RegExp(`:apigateway:[^/]+::/restapis/\\{${api}\\}/stages/\\{${stage}\\}$`),
    );
  });

  it('has these rules in this order, with these actions', () => {
    expect(
      acl.Rules.map(({ Name, Priority, Action, OverrideAction }) => ({
        Name,
        Priority,
        ...(Action === undefined ? { OverrideAction } : { Action }),
      })),
    ).toEqual([
      {
        Name: 'BodySize',
        Priority: 0,
        Action: {
          Block: { CustomResponse: { ResponseCode: 413, CustomResponseBodyKey: 'tooLarge' } },
        },
      },
      { Name: 'RequestsPerIp', Priority: 1, Action: tooMany('tooMany') },
      { Name: 'OpenRequestsPerIp', Priority: 2, Action: tooMany('tooManyOpen') },
      { Name: 'RequestsPerCredential', Priority: 3, Action: tooMany('tooManyOfCredential') },
      {
        Name: 'AWSManagedRulesAmazonIpReputationList',
        Priority: 4,
        OverrideAction: { None: {} },
      },
      {
        Name: 'AWSManagedRulesKnownBadInputsRuleSet',
        Priority: 5,
        OverrideAction: { None: {} },
      },
      { Name: 'AWSManagedRulesCommonRuleSet', Priority: 6, OverrideAction: { None: {} } },
      { Name: 'AttackElsewhere', Priority: 7, Action: { Block: {} } },
    ]);
  });

  it('counts requests by address, as many as configured', () => {
    expect(rule('RequestsPerIp').Statement).toEqual({
      RateBasedStatement: {
        AggregateKeyType: 'IP',
        EvaluationWindowSec: synthesized.config.waf.windowSeconds,
        Limit: synthesized.config.waf.requestsPerIp,
      },
    });
  });

  it('counts requests without a credential by themselves', () => {
    expect(rule('OpenRequestsPerIp').Statement).toEqual({
      RateBasedStatement: {
        AggregateKeyType: 'IP',
        EvaluationWindowSec: synthesized.config.waf.windowSeconds,
        Limit: synthesized.config.waf.openRequestsPerIp,
        ScopeDownStatement: {
          NotStatement: {
            Statement: {
              SizeConstraintStatement: {
                FieldToMatch: { SingleHeader: { Name: 'authorization' } },
                ComparisonOperator: 'GE',
                Size: 1,
                TextTransformations: NONE,
              },
            },
          },
        },
      },
    });
  });

  it('counts requests of one credential, except signatures', () => {
    expect(rule('RequestsPerCredential').Statement).toEqual({
      RateBasedStatement: {
        AggregateKeyType: 'CUSTOM_KEYS',
        CustomKeys: [
          {
            Header: {
              Name: 'authorization',
              TextTransformations: [
                { Priority: 0, Type: 'COMPRESS_WHITE_SPACE' },
                { Priority: 1, Type: 'LOWERCASE' },
              ],
            },
          },
        ],
        EvaluationWindowSec: synthesized.config.waf.windowSeconds,
        Limit: synthesized.config.waf.requestsPerCredential,
        ScopeDownStatement: {
          NotStatement: {
            Statement: {
              ByteMatchStatement: {
                FieldToMatch: { SingleHeader: { Name: 'authorization' } },
                PositionalConstraint: 'STARTS_WITH',
                SearchString: 'AWS4-HMAC-SHA256',
                TextTransformations: NONE,
              },
            },
          },
        },
      },
    });
  });

  it('lets a credential have what the fastest plan gives', () => {
    const { plans, waf } = synthesized.config;
    const fastest = Math.max(...Object.values(plans).map(({ rateLimit }) => rateLimit));
    expect(waf.requestsPerCredential).toBeGreaterThan(fastest * waf.windowSeconds);
  });

  it('measures a body by its Content-Length, or without one as far as WAF sees', () => {
    const FieldToMatch = { SingleHeader: { Name: 'content-length' } };
    expect(rule('BodySize').Statement).toEqual({
      OrStatement: {
        Statements: [
          {
            RegexMatchStatement: {
              FieldToMatch,
              TextTransformations: NONE,
              RegexString:
                '^0*([2-9][0-9]{6}|1[1-9][0-9]{5}|10[1-9][0-9]{4}|100[1-9][0-9]{3}|1000[1-9][0-9]{2}|' +
                '10000[1-9][0-9]{1}|100000[1-9]|[1-9][0-9]{7,})$',
            },
          },
          {
            AndStatement: {
              Statements: [
                {
                  NotStatement: {
                    Statement: {
                      SizeConstraintStatement: {
                        FieldToMatch,
                        TextTransformations: NONE,
                        ComparisonOperator: 'GE',
                        Size: 1,
                      },
                    },
                  },
                },
                {
                  SizeConstraintStatement: {
                    FieldToMatch: { Body: { OversizeHandling: 'MATCH' } },
                    TextTransformations: NONE,
                    ComparisonOperator: 'GT',
                    Size: 16_383,
                  },
                },
              ],
            },
          },
        ],
      },
    });
  });

  it('has the managed rules that hit code, paths and addresses count, and no others', () => {
    const overridden = (name: string) => {
      const { ManagedRuleGroupStatement } = rule(name).Statement;
      const { VendorName, Name, RuleActionOverrides, ...rest } =
        ManagedRuleGroupStatement as Record<string, unknown>;
      expect({ VendorName, Name, rest }).toEqual({ VendorName: 'AWS', Name: name, rest: {} });
      const overrides = (RuleActionOverrides ?? []) as { Name: string; ActionToUse: unknown }[];
      for (const { ActionToUse } of overrides) expect(ActionToUse).toEqual({ Count: {} });
      return overrides.map((override) => override.Name).sort();
    };
    expect(overridden('AWSManagedRulesAmazonIpReputationList')).toEqual([]);
    expect(overridden('AWSManagedRulesKnownBadInputsRuleSet')).toEqual([
      'JavaDeserializationRCE_BODY',
      'Log4JRCE_BODY',
      'ReactJSRCE_BODY',
    ]);
    expect(overridden('AWSManagedRulesCommonRuleSet')).toEqual([
      'CrossSiteScripting_BODY',
      'EC2MetaDataSSRF_BODY',
      'GenericLFI_BODY',
      'GenericRFI_BODY',
      'GenericRFI_QUERYARGUMENTS',
      'NoUserAgent_HEADER',
      'SizeRestrictions_BODY',
      'SizeRestrictions_QUERYSTRING',
    ]);
  });

  it('refuses what those found where it has no place', () => {
    const label = (Key: string) => ({ LabelMatchStatement: { Scope: 'LABEL', Key } });
    const notOn = (RegexString: string) => ({
      NotStatement: {
        Statement: {
          RegexMatchStatement: {
            FieldToMatch: { UriPath: {} },
            TextTransformations: NONE,
            RegexString,
          },
        },
      },
    });
    const content = 'mcp|ci/mcp|tools/[^/]+|admin/.+';
    const elsewhere = (Keys: readonly string[], path: string) => ({
      AndStatement: {
        Statements: [{ OrStatement: { Statements: Keys.map(label) } }, notOn(path)],
      },
    });
    expect(rule('AttackElsewhere').Statement).toEqual({
      OrStatement: {
        Statements: [
          elsewhere(
            [
              'awswaf:managed:aws:known-bad-inputs:JavaDeserializationRCE_Body',
              'awswaf:managed:aws:known-bad-inputs:Log4JRCE_Body',
              'awswaf:managed:aws:known-bad-inputs:ReactJSRCE_Body',
              'awswaf:managed:aws:core-rule-set:CrossSiteScripting_Body',
              'awswaf:managed:aws:core-rule-set:EC2MetaDataSSRF_Body',
              'awswaf:managed:aws:core-rule-set:GenericLFI_Body',
              'awswaf:managed:aws:core-rule-set:SizeRestrictions_Body',
            ],
            `^(/live)?/(${content})$`,
          ),
          elsewhere(
            [
              'awswaf:managed:aws:core-rule-set:GenericRFI_Body',
              'awswaf:managed:aws:core-rule-set:GenericRFI_QueryArguments',
              'awswaf:managed:aws:core-rule-set:SizeRestrictions_QueryString',
            ],
            `^(/live)?/(${content}|oauth/(register|authorize|callback|token))$`,
          ),
        ],
      },
    });
  });

  it('needs less capacity than the base price covers', () => {
    const capacity = acl.Rules.map(({ Statement }) => capacityOf(Statement)).reduce(
      (sum, cost) => sum + cost,
    );
    expect(capacity).toBeGreaterThan(925);
    expect(capacity).toBeLessThanOrEqual(1_500);
  });

  it('its own answers are JSON that says the same twice', () => {
    const answer = (code: number, name: string, message: string) => ({
      jsonrpc: '2.0',
      id: null,
      error: { code, message, data: { code: name } },
      code: name,
      message,
    });
    const bodies = Object.entries(acl.CustomResponseBodies);
    expect(
      Object.fromEntries(bodies.map(([name, { Content }]) => [name, JSON.parse(Content)])),
    ).toEqual({
      tooLarge: answer(
        -31413,
        'REQUEST_TOO_LARGE',
        'The body is larger than 1000000 bytes, or is long and has no Content-Length',
      ),
      tooMany: answer(-31429, 'THROTTLED', 'Too many requests from this address'),
      tooManyOpen: answer(
        -31429,
        'THROTTLED',
        'Too many requests without a credential from this address',
      ),
      tooManyOfCredential: answer(-31429, 'THROTTLED', 'Too many requests with this credential'),
    });
    for (const [, { ContentType, Content }] of bodies) {
      expect(ContentType).toBe('APPLICATION_JSON');
      expect(Content.length).toBeLessThan(4_096);
    }
  });

  it('keeps no samples: they would hold whole requests', () => {
    const visibility = [acl, ...acl.Rules].map(({ VisibilityConfig }) => VisibilityConfig);
    expect(visibility).toHaveLength(9);
    for (const config of visibility) {
      expect(config).toMatchObject({
        SampledRequestsEnabled: false,
        CloudWatchMetricsEnabled: true,
      });
    }
    expect(acl.VisibilityConfig['MetricName']).toBe(`drawbridge-${env}`);
    expect(acl.Rules.map(({ VisibilityConfig }) => VisibilityConfig['MetricName'])).toEqual(
      acl.Rules.map(({ Name }) => Name),
    );
    expect(synthesized.gateway.text).not.toMatch(/"SampledRequestsEnabled": true/);
  });

  it('writes what it refused or counted to a log of its own, and nothing else', () => {
    const { gateway, config } = synthesized;
    const { Properties } = gateway.only('AWS::WAFv2::LoggingConfiguration');
    const group = gateway
      .ofType('AWS::Logs::LogGroup')
      .find(({ id }) => id.startsWith('FirewallLog'));
    expect(group?.Properties).toMatchObject({ RetentionInDays: config.logs.accessRetentionDays });
    expect(group?.DeletionPolicy).toBe(config.protectData ? 'Retain' : 'Delete');
    expect(group?.Properties['LogGroupName']).toEqual({
      'Fn::Join': [
        '',
        [
          `aws-waf-logs-drawbridge-${env}-`,
          { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] },
        ],
      ],
    });
    const [destination, ...others] = Properties['LogDestinationConfigs'] as unknown[];
    expect(others).toEqual([]);
    expect(readable(destination)).toMatch(new RegExp(`:log-group:\\{${group?.id}\\}$`));
    expect(readable(Properties['ResourceArn'])).toBe(
      `{${gateway.only('AWS::WAFv2::WebACL').id}.Arn}`,
    );
    expect(Properties['LoggingFilter']).toEqual({
      DefaultBehavior: 'DROP',
      Filters: [
        {
          Behavior: 'KEEP',
          Requirement: 'MEETS_ANY',
          Conditions: [
            { ActionCondition: { Action: 'BLOCK' } },
            { ActionCondition: { Action: 'COUNT' } },
            { ActionCondition: { Action: 'EXCLUDED_AS_COUNT' } },
          ],
        },
      ],
    });
  });

  it('writes no header, cookie, query or part of a body, in details of rules neither', () => {
    const substituted = (FieldType: string) => ({
      Field: { FieldType },
      Action: 'SUBSTITUTION',
      ExcludeRuleMatchDetails: false,
      ExcludeRateBasedDetails: false,
    });
    expect(acl.DataProtectionConfig).toEqual({
      DataProtections: ['SINGLE_HEADER', 'SINGLE_COOKIE', 'QUERY_STRING', 'BODY'].map(substituted),
    });
  });
});

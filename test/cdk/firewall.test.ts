import { beforeAll, describe, expect, it } from 'vitest';
import { readable } from './support/cloudformation.ts';
import { synthesizedEnv, type Synthesized } from './support/synth.ts';

interface Rule {
  readonly Name: string;
  readonly Priority: number;
  readonly Action?: unknown;
  readonly OverrideAction?: unknown;
  readonly Statement: Record<string, unknown>;
  readonly VisibilityConfig: Record<string, unknown>;
}

interface WebAcl {
  readonly Scope: string;
  readonly DefaultAction: unknown;
  readonly Rules: readonly Rule[];
  readonly CustomResponseBodies: Record<string, { Content: string; ContentType: string }>;
  readonly VisibilityConfig: Record<string, unknown>;
}

describe.each(['dev', 'local', 'prod'] as const)('the firewall of %s', (env) => {
  let synthesized: Synthesized;
  let acl: WebAcl;
  beforeAll(async () => {
    synthesized = await synthesizedEnv(env);
    acl = synthesized.gateway.only('AWS::WAFv2::WebACL').Properties as unknown as WebAcl;
  });

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
        Name: 'RequestsPerIp',
        Priority: 0,
        Action: {
          Block: {
            CustomResponse: {
              ResponseCode: 429,
              CustomResponseBodyKey: 'tooMany',
              ResponseHeaders: [{ Name: 'Retry-After', Value: '300' }],
            },
          },
        },
      },
      {
        Name: 'BodySize',
        Priority: 1,
        Action: {
          Block: { CustomResponse: { ResponseCode: 413, CustomResponseBodyKey: 'tooLarge' } },
        },
      },
      {
        Name: 'AWSManagedRulesAmazonIpReputationList',
        Priority: 2,
        OverrideAction: { None: {} },
      },
      {
        Name: 'AWSManagedRulesKnownBadInputsRuleSet',
        Priority: 3,
        OverrideAction: { None: {} },
      },
    ]);
  });

  it('counts requests by address, as many as configured', () => {
    expect(acl.Rules[0]?.Statement).toEqual({
      RateBasedStatement: {
        AggregateKeyType: 'IP',
        EvaluationWindowSec: synthesized.config.waf.windowSeconds,
        Limit: synthesized.config.waf.requestsPerIp,
      },
    });
  });

  it('measures a body by its Content-Length, or without one as far as WAF sees', () => {
    const TextTransformations = [{ Priority: 0, Type: 'NONE' }];
    const FieldToMatch = { SingleHeader: { Name: 'content-length' } };
    expect(acl.Rules[1]?.Statement).toEqual({
      OrStatement: {
        Statements: [
          {
            RegexMatchStatement: {
              FieldToMatch,
              TextTransformations,
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
                        TextTransformations,
                        ComparisonOperator: 'GE',
                        Size: 1,
                      },
                    },
                  },
                },
                {
                  SizeConstraintStatement: {
                    FieldToMatch: { Body: { OversizeHandling: 'MATCH' } },
                    TextTransformations,
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

  it('the managed groups are AWS’s, whole', () => {
    for (const { Name, Statement } of acl.Rules.slice(2)) {
      expect(Statement).toEqual({ ManagedRuleGroupStatement: { VendorName: 'AWS', Name } });
    }
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
    });
    for (const [, { ContentType, Content }] of bodies) {
      expect(ContentType).toBe('APPLICATION_JSON');
      expect(Content.length).toBeLessThan(4_096);
    }
  });

  it('keeps no samples: they would hold whole requests, credentials included', () => {
    const visibility = [acl, ...acl.Rules].map(({ VisibilityConfig }) => VisibilityConfig);
    expect(visibility).toHaveLength(5);
    for (const config of visibility) {
      expect(config).toMatchObject({
        SampledRequestsEnabled: false,
        CloudWatchMetricsEnabled: true,
      });
    }
    expect(new Set(visibility.map(({ MetricName }) => MetricName)).size).toBe(5);
  });
});

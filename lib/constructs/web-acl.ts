import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { gatewayErrors, type GatewayErrorCode } from '../../src/errors/gateway-error.ts';
import type { DrawbridgeConfig } from '../config.ts';
import { decimalGreaterThan } from '../decimal-greater-than.ts';
import type { EdgeMark } from './edge-distribution.ts';

export interface WebAclProps {
  readonly waf: DrawbridgeConfig['waf'];
  /** The ARN of an API Gateway stage. */
  readonly stageArn: string;
  /** Where requests may come by CloudFront: else an edge location would be taken for one caller. @default none */
  readonly edgeMark?: EdgeMark | undefined;
}

/** Rules stand in the order in which WAF evaluates them. */
type Rule = Omit<CfnWebACL.RuleProperty, 'priority' | 'visibilityConfig'>;

/** What WAF sees of a body on API Gateway without an extra fee. */
const inspectedBytes = 16_384;

const body = (code: GatewayErrorCode, message: string) => ({
  contentType: 'APPLICATION_JSON',
  content: JSON.stringify({
    jsonrpc: '2.0',
    id: null,
    error: { code: gatewayErrors[code].rpcCode, message, data: { code } },
    code,
    message,
  }),
});

const visibility = (metricName: string) => ({
  cloudWatchMetricsEnabled: true,
  metricName,
  // Samples would keep whole requests, credentials included.
  sampledRequestsEnabled: false,
});

const none = [{ priority: 0, type: 'NONE' }];
// The L1 passes this object on as it is, so it is spelled as CloudFormation spells it.
const contentLength = { singleHeader: { Name: 'content-length' } };

/**
 * A body is as long as its Content-Length says (API Gateway holds a client to it). One without is measured, as far as
 * WAF sees it; what goes beyond counts as too long.
 */
const bodyLongerThan = (bytes: number): CfnWebACL.StatementProperty => ({
  orStatement: {
    statements: [
      {
        regexMatchStatement: {
          regexString: decimalGreaterThan(bytes),
          fieldToMatch: contentLength,
          textTransformations: none,
        },
      },
      {
        andStatement: {
          statements: [
            {
              notStatement: {
                statement: {
                  sizeConstraintStatement: {
                    comparisonOperator: 'GE',
                    size: 1,
                    fieldToMatch: contentLength,
                    textTransformations: none,
                  },
                },
              },
            },
            {
              sizeConstraintStatement: {
                comparisonOperator: 'GT',
                size: Math.min(bytes, inspectedBytes - 1),
                fieldToMatch: { body: { oversizeHandling: 'MATCH' } },
                textTransformations: none,
              },
            },
          ],
        },
      },
    ],
  },
});

const managedGroup = (name: string): Rule => ({
  name,
  overrideAction: { none: {} },
  statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
});

/** Requests that come by CloudFront: nobody else knows the secret. */
const byEdge = ({ secretHeader, secret }: EdgeMark): CfnWebACL.StatementProperty => ({
  byteMatchStatement: {
    fieldToMatch: { singleHeader: { Name: secretHeader } },
    positionalConstraint: 'EXACTLY',
    searchString: secret,
    textTransformations: none,
  },
});

/**
 * The limit per address. A request that comes by CloudFront is counted by the viewer's address, which CloudFront puts
 * into a header; the same header of anybody else counts for nothing.
 */
const rateRules = (waf: WebAclProps['waf'], edgeMark: EdgeMark | undefined): readonly Rule[] => {
  const rule = (name: string, counted: Partial<CfnWebACL.RateBasedStatementProperty>): Rule => ({
    name,
    action: {
      block: {
        customResponse: {
          responseCode: 429,
          customResponseBodyKey: 'tooMany',
          responseHeaders: [{ name: 'Retry-After', value: String(waf.windowSeconds) }],
        },
      },
    },
    statement: {
      rateBasedStatement: {
        aggregateKeyType: 'IP',
        limit: waf.requestsPerIp,
        evaluationWindowSec: waf.windowSeconds,
        ...counted,
      },
    },
  });
  if (edgeMark === undefined) return [rule('RequestsPerIp', {})];
  return [
    rule('RequestsPerIp', {
      scopeDownStatement: { notStatement: { statement: byEdge(edgeMark) } },
    }),
    rule('RequestsPerViewer', {
      aggregateKeyType: 'FORWARDED_IP',
      // An address that WAF cannot read is refused.
      forwardedIpConfig: { headerName: edgeMark.viewerHeader, fallbackBehavior: 'MATCH' },
      scopeDownStatement: byEdge(edgeMark),
    }),
  ];
};

/** Refuses floods, oversized bodies and known-bad input before anything else is paid for. */
export class WebAcl extends Construct {
  constructor(scope: Construct, id: string, { waf, stageArn, edgeMark }: WebAclProps) {
    super(scope, id);
    const rules: readonly Rule[] = [
      ...rateRules(waf, edgeMark),
      {
        name: 'BodySize',
        action: {
          block: { customResponse: { responseCode: 413, customResponseBodyKey: 'tooLarge' } },
        },
        statement: bodyLongerThan(waf.maxBodyBytes),
      },
      managedGroup('AWSManagedRulesAmazonIpReputationList'),
      managedGroup('AWSManagedRulesKnownBadInputsRuleSet'),
    ];
    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('WebAcl'),
      customResponseBodies: {
        tooLarge: body(
          'REQUEST_TOO_LARGE',
          `The body is larger than ${waf.maxBodyBytes} bytes, or is long and has no Content-Length`,
        ),
        tooMany: body('THROTTLED', 'Too many requests from this address'),
      },
      rules: rules.map((rule, priority) => ({
        ...rule,
        priority,
        visibilityConfig: visibility(rule.name),
      })),
    });
    new CfnWebACLAssociation(this, 'Association', {
      webAclArn: acl.attrArn,
      resourceArn: stageArn,
    });
  }
}

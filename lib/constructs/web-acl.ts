import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { gatewayErrors, type GatewayErrorCode } from '../../src/errors/gateway-error.ts';
import type { DrawbridgeConfig } from '../config.ts';
import { decimalGreaterThan } from '../decimal-greater-than.ts';

export interface WebAclProps {
  readonly waf: DrawbridgeConfig['waf'];
  /** The ARN of an API Gateway stage. */
  readonly stageArn: string;
}

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

const managedGroup = (name: string, priority: number): CfnWebACL.RuleProperty => ({
  name,
  priority,
  overrideAction: { none: {} },
  statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
  visibilityConfig: visibility(name),
});

/** Refuses floods, oversized bodies and known-bad input before anything else is paid for. */
export class WebAcl extends Construct {
  constructor(scope: Construct, id: string, { waf, stageArn }: WebAclProps) {
    super(scope, id);
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
      rules: [
        {
          name: 'RequestsPerIp',
          priority: 0,
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
            },
          },
          visibilityConfig: visibility('RequestsPerIp'),
        },
        {
          name: 'BodySize',
          priority: 1,
          action: {
            block: { customResponse: { responseCode: 413, customResponseBodyKey: 'tooLarge' } },
          },
          statement: bodyLongerThan(waf.maxBodyBytes),
          visibilityConfig: visibility('BodySize'),
        },
        managedGroup('AWSManagedRulesAmazonIpReputationList', 2),
        managedGroup('AWSManagedRulesKnownBadInputsRuleSet', 3),
      ],
    });
    new CfnWebACLAssociation(this, 'Association', {
      webAclArn: acl.attrArn,
      resourceArn: stageArn,
    });
  }
}

import type { RemovalPolicy } from 'aws-cdk-lib';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnIPSet, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { WafConfig } from '../waf-config.ts';
import type { EdgeMark } from './edge-distribution.ts';
import { dataProtection, WebAclLog } from './web-acl-log.ts';
import { managedRules } from './web-acl-managed.ts';
import { responseBodies } from './web-acl-responses.ts';
import {
  bodySize,
  ciAddresses,
  credentialRate,
  deniedAddresses,
  openRequestRate,
  requestRate,
  type RuleContext,
} from './web-acl-rules.ts';
import type { Rule } from './web-acl-statements.ts';

export interface WebAclProps {
  readonly envName: string;
  readonly waf: WafConfig;
  /** The ARN of an API Gateway stage. */
  readonly stageArn: string;
  /** Where requests may come by CloudFront: else an edge location would be taken for one caller. @default none */
  readonly edgeMark?: EdgeMark | undefined;
  readonly logRetentionDays: number;
  readonly logRemovalPolicy: RemovalPolicy;
}

/** The metrics' dimension `WebACL` (`AWS/WAFV2`). The dimension `Rule` is the rule's name. */
export const webAclMetricName = (envName: string): string => `drawbridge-${envName}`;

const visibility = (metricName: string) => ({
  cloudWatchMetricsEnabled: true,
  metricName,
  // Samples would keep whole requests.
  sampledRequestsEnabled: false,
});

/** The order in which WAF evaluates them, and the first that refuses decides: what costs least and is surest first. */
const rulesOf = (context: RuleContext): readonly Rule[] => [
  ...deniedAddresses(context),
  bodySize(context),
  ...ciAddresses(context),
  ...requestRate(context),
  ...openRequestRate(context),
  credentialRate(context),
  ...managedRules(context.waf),
];

/** Refuses floods, oversized bodies and known attacks before anything else is paid for (docs/adr/0022-waf.md). */
export class WebAcl extends Construct {
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    const { envName, waf, stageArn, edgeMark } = props;
    const rules = rulesOf({
      waf,
      edgeMark,
      ipSets: {
        deny: this.#ipSets('Deny', waf.ipSets.deny),
        allow: this.#ipSets('Allow', waf.ipSets.allow),
        ci: this.#ipSets('Ci', waf.ipSets.ci),
      },
    });
    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility(webAclMetricName(envName)),
      customResponseBodies: responseBodies(waf),
      dataProtectionConfig: dataProtection,
      ...(waf.bodyInspectionKb === 16
        ? {}
        : {
            associationConfig: {
              requestBody: {
                API_GATEWAY: { defaultSizeInspectionLimit: `KB_${waf.bodyInspectionKb}` },
              },
            },
          }),
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
    const { logGroup } = new WebAclLog(this, 'Log', {
      envName,
      webAclArn: acl.attrArn,
      retentionDays: props.logRetentionDays,
      removalPolicy: props.logRemovalPolicy,
    });
    this.logGroup = logGroup;
  }

  /** A set is of one version of IP, so there are up to two of them. */
  #ipSets(name: string, ranges: readonly string[]): readonly string[] {
    const versions = [
      ['IPV4', ranges.filter((range) => !range.includes(':'))],
      ['IPV6', ranges.filter((range) => range.includes(':'))],
    ] as const;
    return versions
      .filter(([, addresses]) => addresses.length > 0)
      .map(
        ([ipAddressVersion, addresses]) =>
          new CfnIPSet(this, `${name}${ipAddressVersion}`, {
            scope: 'REGIONAL',
            ipAddressVersion,
            addresses: [...addresses],
          }).attrArn,
      );
  }
}

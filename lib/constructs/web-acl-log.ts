import { ArnFormat, Aws, Fn, Stack, type RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, type CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';

export interface WebAclLogProps {
  readonly envName: string;
  readonly webAclArn: string;
  readonly retentionDays: number;
  readonly removalPolicy: RemovalPolicy;
}

const substituted = (fieldType: string): CfnWebACL.DataProtectProperty => ({
  field: { fieldType },
  action: 'SUBSTITUTION',
  excludeRuleMatchDetails: false,
  excludeRateBasedDetails: false,
});

/**
 * What WAF writes `REDACTED` for wherever it writes, keys of rate rules included: every header and cookie, as
 * credentials come in several and `Mcp-Param-*` are arguments of tools; the query, where sign-in has its codes; and
 * what a rule found in a body. A field type without keys means all of its kind.
 */
export const dataProtection: CfnWebACL.DataProtectionConfigProperty = {
  dataProtections: ['SINGLE_HEADER', 'SINGLE_COOKIE', 'QUERY_STRING', 'BODY'].map(substituted),
};

/** Of what passed untouched the access log knows more. `EXCLUDED_AS_COUNT` are rules of managed groups that only count. */
const keptActions = ['BLOCK', 'COUNT', 'EXCLUDED_AS_COUNT'];

/** The log of the requests that a rule matched (content/firewall.md). */
export class WebAclLog extends Construct {
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: WebAclLogProps) {
    super(scope, id);
    // WAF writes to groups that are named so, and to no others. The stack's own id behind it: a group that outlives
    // its stack must not stand in the way of the next.
    const stackId = Fn.select(2, Fn.split('/', Aws.STACK_ID));
    this.logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `aws-waf-logs-drawbridge-${props.envName}-${stackId}`,
      retention: props.retentionDays as RetentionDays,
      removalPolicy: props.removalPolicy,
    });
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: props.webAclArn,
      logDestinationConfigs: [
        // WAF takes the ARN without the `:*` that the group's own attribute has.
        Stack.of(this).formatArn({
          service: 'logs',
          resource: 'log-group',
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          resourceName: this.logGroup.logGroupName,
        }),
      ],
      // Spelled as CloudFormation spells it: the L1 passes it on as it is.
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: keptActions.map((Action) => ({ ActionCondition: { Action } })),
          },
        ],
      },
    });
  }
}

import { Duration, Stack, type RemovalPolicy } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import {
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
  type ILambdaDeploymentConfig,
} from 'aws-cdk-lib/aws-codedeploy';
import { Alias, type CfnFunction, type IFunction, type IVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { DrawbridgeConfig } from '../config.ts';
import type { DeploymentsConfig } from '../deployments-config.ts';
import { acknowledge } from '../security-checks.ts';
import { BundledFunction } from './bundled-function.ts';
import { apiNameOf, stageName } from './mcp-api.ts';

/** What API Gateway invokes: a name for a version, which deployments move to the next. */
export const aliasName = 'live';

export interface LiveAliasProps {
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  readonly mcp: BundledFunction;
  readonly handshakeAsset: string;
  readonly logRemovalPolicy: RemovalPolicy;
}

const deploymentConfigs: Readonly<Record<DeploymentsConfig['canary'], ILambdaDeploymentConfig>> = {
  allAtOnce: LambdaDeploymentConfig.ALL_AT_ONCE,
  canary10Percent5Minutes: LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  linear10PercentEvery1Minute: LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_1MINUTE,
};

const logicalIdOf = ({ function: of }: BundledFunction): string =>
  Stack.of(of).getLogicalId(of.node.defaultChild as CfnFunction);

/** A canary stands for minutes: what is bad has to show in one. */
const period = Duration.minutes(1);

/** Requests of a minute below which a share of them says nothing. */
const fewRequests = 10;

const serverErrorPercent = (envName: string): MathExpression => {
  const metric = (metricName: string) =>
    new Metric({
      namespace: 'AWS/ApiGateway',
      metricName,
      dimensionsMap: { ApiName: apiNameOf(envName), Stage: stageName },
      statistic: 'Sum',
      period,
    });
  return new MathExpression({
    expression: `IF(requests >= ${fewRequests}, 100 * errors / requests, 0)`,
    usingMetrics: { errors: metric('5XXError'), requests: metric('Count') },
    label: 'answers with status 5xx, %',
    period,
  });
};

/**
 * The alias `live` of the MCP function. CodeDeploy moves it to a new version: after a handshake with that version, step
 * by step, and back when an alarm rings (docs/adr/0025-canary.md).
 */
export class LiveAlias extends Construct {
  readonly alias: IFunction;
  readonly handshake: BundledFunction;

  constructor(scope: Construct, id: string, props: LiveAliasProps) {
    super(scope, id);
    const { config, mcp, logRemovalPolicy } = props;
    const { deployments } = config;
    const version = mcp.function.currentVersion;
    // Where data is kept old versions are, too: an operator can point the alias back without a deployment.
    version.applyRemovalPolicy(logRemovalPolicy);
    const alias = new Alias(this, 'Alias', {
      aliasName,
      version: version as IVersion,
      ...(deployments.provisionedConcurrency === undefined
        ? {}
        : { provisionedConcurrentExecutions: deployments.provisionedConcurrency }),
    });
    const group = new LambdaDeploymentGroup(this, 'Deployments', {
      alias,
      deploymentConfig: deploymentConfigs[deployments.canary],
      alarms: this.#alarms(props, alias),
      ignoreAlarmConfiguration: !deployments.rollbackAlarms,
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
    });
    acknowledge(
      group,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]',
      'The policy that AWS documents for CodeDeploy with Lambda: it moves aliases and reads alarms, and publishes nothing of ours.',
    );
    this.handshake = this.#handshake(props, version.functionArn);
    // CodeDeploy gives a hook an hour; ours gives itself minutes.
    this.handshake.allow(
      group.deploymentGroupArn,
      'codedeploy:PutLifecycleEventHookExecutionStatus',
    );
    group.addPreHook(this.handshake.function);
    acknowledge(
      group,
      `AwsSolutions-IAM5[Resource::<${logicalIdOf(this.handshake)}.Arn>:*]`,
      'CodeDeploy may invoke the hook, by its name or by any version of it: there is nothing else to invoke.',
    );
    // The hook has to know the new version before the alias is moved to it.
    alias.node.addDependency(this.handshake, group);
    this.alias = alias as IFunction;
  }

  #handshake(
    { config, mcp, handshakeAsset, logRemovalPolicy }: LiveAliasProps,
    versionArn: string,
  ): BundledFunction {
    const [plan = ''] = Object.keys(config.plans);
    const handshake = new BundledFunction(this, 'Handshake', {
      description: 'Drawbridge handshake with a new version, before it serves',
      assetDirectory: handshakeAsset,
      memoryMb: 256,
      timeout: Duration.minutes(3),
      logRetention: config.logs.auditRetentionDays,
      logRemovalPolicy,
      environment: {
        NEW_VERSION_ARN: versionArn,
        HANDSHAKE_PLAN: plan,
        PER_TENANT: String(config.mcp.isolation === 'perTenant'),
      },
    });
    // Not the new version alone: IAM takes seconds to learn of a grant, and the hook runs at once.
    handshake.allow(`${mcp.function.functionArn}:*`, 'lambda:InvokeFunction');
    acknowledge(
      handshake,
      `AwsSolutions-IAM5[Resource::<${logicalIdOf(mcp)}.Arn>:*]`,
      'Versions of one function, whose numbers Lambda gives when they are made.',
    );
    return handshake;
  }

  #alarms({ envName, config }: LiveAliasProps, alias: Alias): Alarm[] {
    const common = {
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    };
    return [
      new Alarm(this, 'AliasErrors', {
        ...common,
        alarmDescription:
          'Stops a deployment: the MCP function ends with errors (content/deploying.md).',
        metric: alias.metricErrors({ period, statistic: 'Sum' }),
        threshold: 1,
      }),
      new Alarm(this, 'ServerErrors', {
        ...common,
        alarmDescription:
          'Stops a deployment: the API answers with status 5xx (content/deploying.md).',
        metric: serverErrorPercent(envName),
        threshold: config.alarms.serverErrorPercent,
      }),
    ];
  }
}

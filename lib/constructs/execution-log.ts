import type { RemovalPolicy } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface ExecutionLogProps {
  readonly api: RestApi;
  readonly stageName: string;
  readonly retention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

/**
 * The group that API Gateway writes errors of a stage to. It would make the group itself, and keep it for ever (AWS: "Set up
 * CloudWatch logging for REST APIs"), so it is there before the stage is.
 */
export class ExecutionLog extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { api, stageName, retention, removalPolicy }: ExecutionLogProps,
  ) {
    super(scope, id);
    const group = new LogGroup(this, 'Group', {
      // The name is API Gateway's. It must not refer to the stage, which waits for the group.
      logGroupName: `API-Gateway-Execution-Logs_${api.restApiId}/${stageName}`,
      retention,
      removalPolicy,
    });
    api.deploymentStage.node.addDependency(group);
  }
}

import * as z from 'zod';
import type { DeployedResource, Deployment } from '../template/deployment.ts';

/** An alias that CodeDeploy moves, and how. */
export interface LiveDeployment {
  readonly alias: DeployedResource;
  readonly groupArn: string;
  /** As in `CodeDeployDefault.LambdaCanary10Percent5Minutes`. */
  readonly configName: string;
  /** Undefined where no hook runs before traffic is let to the new version. */
  readonly hookArn: string | undefined;
}

const updatePolicy = z.strictObject({
  CodeDeployLambdaAliasUpdate: z.strictObject({
    ApplicationName: z.string(),
    DeploymentGroupName: z.string(),
    BeforeAllowTrafficHook: z.string().optional(),
  }),
});

const groupProperties = z.looseObject({
  ApplicationName: z.string(),
  DeploymentConfigName: z.string(),
});

/**
 * What the template says of deployments (AWS CloudFormation: "UpdatePolicy attribute", CodeDeployLambdaAliasUpdate).
 * @throws Error that names what of it is not there, or what the twin does not run.
 */
export const liveDeployments = (deployment: Deployment): readonly LiveDeployment[] =>
  deployment
    .ofType('AWS::Lambda::Alias')
    .filter((alias) => alias.updatePolicy !== undefined)
    .map((alias) => {
      const parsed = updatePolicy.safeParse(alias.updatePolicy);
      if (!parsed.success) {
        throw new Error(`${alias.displayName}: ${z.prettifyError(parsed.error)}`);
      }
      const { ApplicationName, DeploymentGroupName, BeforeAllowTrafficHook } =
        parsed.data.CodeDeployLambdaAliasUpdate;
      deployment.byPhysicalId('AWS::CodeDeploy::Application', ApplicationName);
      const group = deployment.byPhysicalId(
        'AWS::CodeDeploy::DeploymentGroup',
        DeploymentGroupName,
      );
      const { DeploymentConfigName } = groupProperties.parse(group.properties);
      const { region, accountId } = deployment;
      return {
        alias,
        groupArn: `arn:aws:codedeploy:${region}:${accountId}:deploymentgroup:${ApplicationName}/${DeploymentGroupName}`,
        configName: DeploymentConfigName,
        hookArn:
          BeforeAllowTrafficHook === undefined
            ? undefined
            : deployment.byPhysicalId('AWS::Lambda::Function', BeforeAllowTrafficHook).arn,
      };
    });

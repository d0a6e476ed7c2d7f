import { BOOTSTRAP_QUALIFIER_CONTEXT, Stack, Tags, type App } from 'aws-cdk-lib';
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import type { UpstreamSpec } from '../src/upstreams/upstream-spec.ts';
import type { DrawbridgeConfig } from './config.ts';
import type { FunctionAssets } from './function-assets.ts';
import { ArchiveStack } from './stacks/archive-stack.ts';
import { DataStack } from './stacks/data-stack.ts';
import { GatewayStack } from './stacks/gateway-stack.ts';
import { IdentityStack } from './stacks/identity-stack.ts';
import { OperationsStack } from './stacks/operations-stack.ts';
import { traceRequests } from './constructs/request-tracing.ts';

export interface EnvironmentProps {
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  readonly bundles: FunctionAssets;
  /** What was read of `config/mcp.json`. */
  readonly upstreams: readonly UpstreamSpec[];
}

export interface EnvironmentStacks {
  readonly data: DataStack;
  readonly gateway: GatewayStack;
  /** Where the configuration asks for one. */
  readonly archive: ArchiveStack | undefined;
  readonly operations: OperationsStack;
}

/**
 * One environment: what must survive in one stack, what can be made anew from sources in another. They stand at the
 * top of the app, because `cdk deploy --all` finds none inside of a Stage (docs/adr/0009-no-cdk-stage.md).
 */
export const addEnvironment = (
  app: App,
  { envName, config, bundles, upstreams }: EnvironmentProps,
): EnvironmentStacks => {
  const env = {
    ...(config.account === undefined ? {} : { account: config.account }),
    ...(config.region === undefined ? {} : { region: config.region }),
  };
  const name = `drawbridge-${envName}`;
  const { qualifier, permissionsBoundary } = config.deployment;
  if (qualifier !== undefined) app.node.setContext(BOOTSTRAP_QUALIFIER_CONTEXT, qualifier);
  const data = new DataStack(app, `${name}-Data`, { env, envName, config });
  const identity =
    config.identity.provider === 'cognito'
      ? new IdentityStack(app, `${name}-Identity`, {
          env,
          envName,
          config,
          cognito: config.identity,
          preTokenAsset: bundles.preToken,
        })
      : undefined;
  const gateway = new GatewayStack(app, `${name}-Gateway`, {
    env,
    envName,
    config,
    bundles,
    upstreams,
    data,
    identity,
  });
  if (config.tracing.enabled) traceRequests(gateway);
  for (const stack of [gateway, ...(identity === undefined ? [] : [identity])]) {
    data.encryption?.encryptLogs(stack);
  }
  const archive = config.archive.enabled
    ? new ArchiveStack(app, `${name}-Archive`, {
        env,
        envName,
        config,
        logGroups: gateway.auditLogGroups,
      })
    : undefined;
  const operations = new OperationsStack(app, `${name}-Operations`, {
    env,
    envName,
    config,
    stacks: [data, gateway, ...(identity === undefined ? [] : [identity])],
  });
  if (permissionsBoundary !== undefined) {
    for (const stack of app.node.children.filter((child) => Stack.isStack(child))) {
      const boundary = ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', permissionsBoundary);
      PermissionsBoundary.of(stack).apply(boundary);
    }
  }
  Tags.of(app).add('drawbridge:env', envName);
  return { data, gateway, archive, operations };
};

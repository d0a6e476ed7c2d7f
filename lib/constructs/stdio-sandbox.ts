import { Size, type Duration } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  DockerImageCode,
  DockerImageFunction,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  TenancyConfig,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { SandboxAsset } from '../function-assets.ts';
import type { UpstreamsConfig } from '../upstreams-config.ts';
import { addFunctionRole, type FunctionRoleProps } from './function-role.ts';

export interface StdioSandboxProps extends Omit<FunctionRoleProps, 'description'> {
  readonly asset: SandboxAsset;
  readonly sandbox: UpstreamsConfig['sandbox'];
  readonly timeout: Duration;
}

/**
 * A function in which a stdio server runs: somebody else's code. Its role may write its own log and nothing else, no
 * secret is in its environment, and an execution environment serves one tenant. Tenancy cannot be changed afterwards
 * (AWS: "Tenant isolation"): a function without it would have to be another resource.
 */
export class StdioSandbox extends Construct {
  readonly function: LambdaFunction;

  constructor(
    scope: Construct,
    id: string,
    { asset, sandbox, timeout, ...log }: StdioSandboxProps,
  ) {
    super(scope, id);
    const description = `Drawbridge sandbox of ${asset.name}`;
    const { role, logGroup } = addFunctionRole(this, { description, ...log });
    const common = {
      description,
      architecture: Architecture.ARM_64,
      role,
      memorySize: sandbox.memoryMb,
      timeout,
      ephemeralStorageSize: Size.mebibytes(sandbox.ephemeralMb),
      tenancyConfig: TenancyConfig.PER_TENANT,
      ...(sandbox.reservedConcurrency === null
        ? {}
        : { reservedConcurrentExecutions: sandbox.reservedConcurrency }),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
      environment: { SANDBOX_STDERR: sandbox.stderr },
    };
    this.function =
      asset.packaging === 'zip'
        ? new LambdaFunction(this, 'Function', {
            ...common,
            runtime: Runtime.NODEJS_24_X,
            code: Code.fromAsset(asset.directory),
            handler: 'index.handler',
          })
        : new DockerImageFunction(this, 'Function', {
            ...common,
            code: DockerImageCode.fromImageAsset(asset.directory, {
              platform: Platform.LINUX_ARM64,
            }),
          });
  }
}

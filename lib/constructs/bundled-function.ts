import type { Duration } from 'aws-cdk-lib';
import { Effect, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  TenancyConfig,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { addFunctionRole, type FunctionRoleProps } from './function-role.ts';

export interface BundledFunctionProps extends FunctionRoleProps {
  /** A directory that the build made; its handler is `index.handler`. */
  readonly assetDirectory: string;
  readonly memoryMb: number;
  readonly timeout: Duration;
  readonly environment?: Readonly<Record<string, string>>;
  /** Executions at a time. @default as many as the account has left */
  readonly reservedConcurrency?: number | undefined;
  /** Whether an execution environment serves one tenant only. @default false */
  readonly perTenant?: boolean;
}

/** A function with a role and a log group of its own. The role may write that log, and what `allow` adds. */
export class BundledFunction extends Construct {
  readonly function: LambdaFunction;
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id);
    const { role, logGroup } = addFunctionRole(this, props);
    this.#role = role;
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(props.assetDirectory),
      handler: 'index.handler',
      role,
      memorySize: props.memoryMb,
      timeout: props.timeout,
      ...(props.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrency }),
      ...(props.perTenant === true ? { tenancyConfig: TenancyConfig.PER_TENANT } : {}),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
      environment: { ...props.environment },
    });
  }

  /** Lets the function do exactly these actions on exactly this resource. */
  allow(resourceArn: string, ...actions: readonly string[]): void {
    this.#role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: [...actions],
        resources: [resourceArn],
      }),
    );
  }

  /** Sets environment variables: the shape is what the function's own schema parses. */
  addEnvironment(variables: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(variables)) {
      this.function.addEnvironment(name, value);
    }
  }
}

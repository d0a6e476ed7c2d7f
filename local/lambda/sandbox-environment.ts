import { dirname } from 'node:path';
import type { FunctionDefinition } from './function-service.ts';

const regionOf = (functionArn: string): string => functionArn.split(':')[3] ?? '';

/**
 * The environment that Lambda gives a nodejs24.x function
 * (docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html) and nothing of the twin's own.
 * `awsEnvironment` holds the role's credentials and the twin's endpoints; neither they nor Lambda's reserved names
 * can be overridden by the function's variables.
 */
export const sandboxEnvironment = (
  definition: FunctionDefinition,
  awsEnvironment: Readonly<Record<string, string>>,
  sandbox: {
    readonly runtimeApi: string;
    readonly logStreamName: string;
    readonly temporaryDirectory: string | undefined;
  },
): Record<string, string> => {
  const region = regionOf(definition.arn);
  return {
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    // Not of Lambda: there /tmp is the sandbox's own, here only this variable can keep tenants apart.
    ...(sandbox.temporaryDirectory === undefined ? {} : { TMPDIR: sandbox.temporaryDirectory }),
    ...definition.environment,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroupName,
    AWS_LAMBDA_LOG_STREAM_NAME: sandbox.logStreamName,
    AWS_LAMBDA_RUNTIME_API: sandbox.runtimeApi,
    LAMBDA_TASK_ROOT: definition.codeDirectory,
    _HANDLER: definition.handler,
    ...awsEnvironment,
  };
};

/** V8's limits as Lambda's bootstrap derives them from the memory size: a leak ends here as it does there. */
export const heapFlags = (memoryMb: number): readonly string[] => [
  `--max-semi-space-size=${Math.max(1, Math.floor(memoryMb * 0.05))}`,
  `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
];

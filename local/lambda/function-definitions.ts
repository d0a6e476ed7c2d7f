import * as z from 'zod';
import type { DeployedResource, Deployment } from '../template/deployment.ts';
import type { FunctionDefinition } from './function-service.ts';
import { qualifiedArns } from './qualified-arns.ts';

const functionProperties = z.object({
  Runtime: z.string().optional(),
  PackageType: z.string().optional(),
  Architectures: z.array(z.string()).optional(),
  Layers: z.array(z.unknown()).optional(),
  FileSystemConfigs: z.array(z.unknown()).optional(),
  Handler: z.string().optional(),
  Code: z.object({ S3Key: z.string().optional() }),
  Role: z.string().min(1),
  Timeout: z.coerce.number().int().min(1).max(900).default(3),
  MemorySize: z.coerce.number().int().min(128).max(10_240).default(128),
  LoggingConfig: z
    .object({
      LogGroup: z.string().optional(),
      LogFormat: z.enum(['JSON', 'Text']).optional(),
      ApplicationLogLevel: z.string().optional(),
      SystemLogLevel: z.enum(['DEBUG', 'INFO', 'WARN']).optional(),
    })
    .optional(),
  Environment: z
    .object({ Variables: z.record(z.string(), z.coerce.string()).optional() })
    .optional(),
  ReservedConcurrentExecutions: z.coerce.number().int().min(0).optional(),
  TenancyConfig: z.strictObject({ TenantIsolationMode: z.literal('PER_TENANT') }).optional(),
});

type FunctionProperties = z.infer<typeof functionProperties>;

/** What a template may ask of a function and the twin does not run. */
const unsupported = (properties: FunctionProperties): string | undefined => {
  if (properties.PackageType === 'Image') return 'PackageType Image';
  if (properties.Runtime !== 'nodejs24.x') return `Runtime ${properties.Runtime ?? '(none)'}`;
  if ((properties.Layers ?? []).length > 0) return 'Layers';
  if ((properties.FileSystemConfigs ?? []).length > 0) return 'FileSystemConfigs';
  if (properties.Code.S3Key === undefined) return 'Code other than an S3 asset';
  return undefined;
};

/** With AWS_LAMBDA_LOG_FORMAT the runtime itself writes JSON lines, as LoggingConfig asks. */
const loggingEnvironment = ({ LoggingConfig }: FunctionProperties): Record<string, string> => ({
  ...(LoggingConfig?.LogFormat === 'JSON' ? { AWS_LAMBDA_LOG_FORMAT: 'JSON' } : {}),
  ...(LoggingConfig?.ApplicationLogLevel === undefined
    ? {}
    : { AWS_LAMBDA_LOG_LEVEL: LoggingConfig.ApplicationLogLevel }),
});

const toDefinition = (
  deployment: Deployment,
  resource: DeployedResource,
  qualified: Readonly<Record<string, string>> = {},
): FunctionDefinition => {
  const parsed = functionProperties.safeParse(resource.properties);
  if (!parsed.success) {
    throw new Error(`${resource.displayName}: ${z.prettifyError(parsed.error)}`);
  }
  const properties = parsed.data;
  const gap = unsupported(properties);
  if (gap !== undefined) {
    throw new Error(`${resource.displayName}: the twin does not run functions with ${gap}.`);
  }
  if (properties.Handler === undefined) throw new Error(`${resource.displayName}: no Handler.`);
  const name = resource.physicalId;
  return {
    arn: resource.arn,
    name,
    displayName: resource.displayName,
    codeDirectory: deployment.assetDirectory(properties.Code.S3Key ?? ''),
    handler: properties.Handler,
    timeoutMs: properties.Timeout * 1000,
    memoryMb: properties.MemorySize,
    roleArn: properties.Role,
    logGroupName: properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
    // Reports are system logs of level INFO, and levels apply to JSON logs only (AWS: "Log-level filtering").
    writesReports: !(
      properties.LoggingConfig?.LogFormat === 'JSON' &&
      properties.LoggingConfig.SystemLogLevel === 'WARN'
    ),
    environment: { ...properties.Environment?.Variables, ...loggingEnvironment(properties) },
    ...(properties.ReservedConcurrentExecutions === undefined
      ? {}
      : { reservedConcurrency: properties.ReservedConcurrentExecutions }),
    ...(Object.keys(qualified).length === 0 ? {} : { qualified }),
    ...(properties.TenancyConfig === undefined ? {} : { isPerTenant: true }),
  };
};

/** Every AWS::Lambda::Function of the deployment. @throws Error naming a function and what of it the twin refuses. */
export const functionDefinitions = (deployment: Deployment): readonly FunctionDefinition[] => {
  const qualified = qualifiedArns(deployment);
  return deployment
    .ofType('AWS::Lambda::Function')
    .map((resource) => toDefinition(deployment, resource, qualified.get(resource.physicalId)));
};

import * as z from 'zod';
import { onlyVersion } from '../template/resource-types.ts';
import type { DeployedResource, Deployment } from '../template/deployment.ts';

/** Kept warm by Lambda: here everything starts with its first event. */
const provisioned = z.strictObject({ ProvisionedConcurrentExecutions: z.coerce.number().int() });

const version = z.strictObject({
  FunctionName: z.string(),
  Description: z.string().optional(),
  CodeSha256: z.string().optional(),
  ProvisionedConcurrencyConfig: provisioned.optional(),
});

const alias = z.strictObject({
  FunctionName: z.string(),
  FunctionVersion: z.literal(onlyVersion),
  Name: z.string(),
  Description: z.string().optional(),
  ProvisionedConcurrencyConfig: provisioned.optional(),
});

/** @throws Error that names the resource and what of it the twin does not run. */
const functionOf = (schema: typeof alias | typeof version, resource: DeployedResource): string => {
  const parsed = schema.safeParse(resource.properties);
  if (parsed.success) return parsed.data.FunctionName;
  throw new Error(
    `${resource.displayName}: the twin does not run it: ${z.prettifyError(parsed.error)}`,
  );
};

/**
 * By the names of functions: the ARNs of their versions and aliases, and the version that each stands for.
 * @throws Error that names a version or an alias and what of it the twin refuses.
 */
export const qualifiedArns = (
  deployment: Deployment,
): ReadonlyMap<string, Readonly<Record<string, string>>> => {
  const found = new Map<string, Record<string, string>>();
  for (const [type, schema] of [
    ['AWS::Lambda::Version', version],
    ['AWS::Lambda::Alias', alias],
  ] as const) {
    for (const resource of deployment.ofType(type)) {
      const name = functionOf(schema, resource);
      found.set(name, { ...found.get(name), [resource.arn]: onlyVersion });
    }
  }
  return found;
};

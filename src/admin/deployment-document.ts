import * as z from 'zod';
import { AdminError } from './admin-error.ts';

/** What operators need to know of a deployment: JSON in the SSM parameter `/drawbridge/<env>/deployment`. */
export const deploymentDocument = z.object({
  version: z.literal(1),
  registryTable: z.string().min(1),
  pepperSecretArn: z.string().min(1),
  restApiId: z.string().min(1),
  stage: z.string().min(1),
  /** Usage plan ids by plan name. */
  plans: z.record(z.string().min(1).max(64), z.string().min(1)),
});
export type DeploymentDocument = z.infer<typeof deploymentDocument>;

export const deploymentParameterName = (env: string): string => `/drawbridge/${env}/deployment`;

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** @throws AdminError DEPLOYMENT_INVALID that names the parameter and the wrong fields. */
export const parseDeploymentDocument = (parameter: string, text: string): DeploymentDocument => {
  const parsed = deploymentDocument.safeParse(json(text));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole document');
  throw new AdminError(
    'DEPLOYMENT_INVALID',
    `parameter ${parameter} does not describe a deployment (check ${fields.join(', ')}): deploy this version of ` +
      'Drawbridge, or use the version of the CLI that it was deployed with',
  );
};

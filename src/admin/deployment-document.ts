import * as z from 'zod';
import { planTable } from '../quota/plan-limits.ts';
import { upstreamName } from '../upstreams/upstream-spec.ts';
import { AdminError } from './admin-error.ts';

/** An entry of `config/mcp.json` as it was deployed. Short: the whole parameter has at most 4 KB. */
const deployedUpstream = z.object({
  name: upstreamName,
  kind: z.enum(['http', 'sse', 'openapi', 'stdio']),
  /** @default the name */
  prefix: z.string().optional(),
  /** @default everybody */
  tenants: z.array(z.string()).optional(),
  /** Its URL, or the base of its REST API, with what `${env:…}` stood for. */
  url: z.url().optional(),
  /** Name of its sandbox function. */
  function: z.string().optional(),
});
export type DeployedUpstream = z.infer<typeof deployedUpstream>;

/** What operators need to know of a deployment: JSON in the SSM parameter `/drawbridge/<env>/deployment`. */
export const deploymentDocument = z.object({
  version: z.literal(1),
  registryTable: z.string().min(1),
  usageTable: z.string().min(1).optional(),
  /** The most items that a tenant's usage has, over all plans. */
  maxShards: z.int().min(1).max(64).optional(),
  pepperSecretArn: z.string().min(1),
  restApiId: z.string().min(1),
  stage: z.string().min(1),
  /** Usage plan ids by plan name. */
  plans: z.record(z.string().min(1).max(64), z.string().min(1)),
  /** ARNs of the secrets that `${secret:NAME}` may name, by name. */
  secrets: z.record(z.string().min(1), z.string().min(1)).optional(),
  /** The entries of `config/mcp.json`. */
  upstreams: z.array(deployedUpstream).optional(),
  /** Whether upstreams may be on the machine itself: the twin's. */
  allowLoopback: z.boolean().optional(),
  /** Where clients reach the API, without a slash at its end. */
  publicUrl: z.string().min(1).optional(),
  /** API Gateway's own address, where it is switched off because there is a domain. */
  closedUrl: z.string().min(1).optional(),
  /** Hosts, with a port that is not the scheme's own, where this deployment answers beside its execute-api address. */
  hosts: z.array(z.string().min(1)).optional(),
  /** Limits of the plans in units, by plan name: what usage is compared with. */
  planUnits: planTable.optional(),
  /** The deployment's own tools by name, as `toolFlags` writes them. */
  ownTools: z.record(z.string().min(1), z.string()).optional(),
  /** `upstreams.newTools` of the configuration. */
  newTools: z.enum(['allow', 'hide']).optional(),
  /** What of the firewall does not depend on traffic. Absent lists are too long to stand here. */
  firewall: z
    .object({
      maxBodyBytes: z.int().positive(),
      deny: z.array(z.string()).optional(),
      ci: z.array(z.string()).optional(),
    })
    .optional(),
  /** Names of the log groups that hold the audit records and the access log. */
  logs: z
    .object({
      mcp: z.string().min(1),
      admin: z.string().min(1).optional(),
      access: z.string().min(1),
    })
    .optional(),
  /** What audit records are digested and chained with. */
  auditDigestSecretArn: z.string().min(1).optional(),
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

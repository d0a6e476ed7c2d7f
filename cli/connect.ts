import path from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { AdminError } from '../src/admin/admin-error.ts';
import {
  awsPorts,
  clientLimits,
  readDeployment,
  type AwsClientConfig,
  type ProbeParts,
} from '../src/admin/aws-ports.ts';
import { CloudWatchAuditSink } from '../src/admin/cloudwatch-audit-sink.ts';
import type { DeploymentDocument } from '../src/admin/deployment-document.ts';
import type { AdminAuditSink, UpstreamProbe } from '../src/admin/ports.ts';
import { SecretsManagerValues } from '../src/admin/secrets-manager-values.ts';
import { AuditKey } from '../src/audit/audit-key.ts';
import { awsAuditLog } from '../src/audit/aws-audit-log.ts';
import { LogUsageQueries } from '../src/audit/usage-queries.ts';
import { loadCedar } from '../src/policy/cedar.ts';
import { CedarPolicyCompiler } from '../src/policy/policy-compiler.ts';
import type { UpstreamOfKind } from '../src/upstreams/upstream-spec.ts';
import { createIdentify } from './identity.ts';
import type { Connection } from './operate.ts';
import { readBasePolicies } from './project/base-policies.ts';
import { twinNotRunning, type Target } from './target.ts';

const clientConfig = (target: Target): AwsClientConfig => {
  if (target.kind === 'twin') {
    const { endpoint, region, credentials } = target;
    return { ...clientLimits, endpoint, region, credentials };
  }
  const { region, profile } = target;
  return {
    ...clientLimits,
    credentials: fromNodeProviderChain(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
  };
};

const documentOf = async (target: Target, config: AwsClientConfig): Promise<DeploymentDocument> => {
  try {
    return await readDeployment(config, target.parameter, target.env);
  } catch (error) {
    if (
      target.kind === 'twin' &&
      error instanceof AdminError &&
      error.code === 'UPSTREAM_UNREACHABLE'
    ) {
      throw twinNotRunning(`nothing answers at ${target.endpoint}`, error);
    }
    throw error;
  }
};

/** @throws AdminError DEPLOYMENT_INVALID where there is no log to write to: nothing is done unrecorded. */
const auditSinkOf = (
  document: DeploymentDocument,
  parts: {
    readonly config: AwsClientConfig;
    readonly env: string;
    readonly identify: Connection['identify'];
    readonly secretsManager: SecretsManagerClient;
  },
): AdminAuditSink => {
  const { logs, auditDigestSecretArn: arn } = document;
  if (logs === undefined || arn === undefined) {
    throw new AdminError(
      'DEPLOYMENT_INVALID',
      'the deployment does not say where its audit is: deploy this version of Drawbridge',
    );
  }
  const secrets = new SecretsManagerValues({
    client: parts.secretsManager,
    arns: { 'audit-digest': arn },
  });
  return new CloudWatchAuditSink({
    client: new CloudWatchLogsClient(parts.config),
    // Without the admin API there is no log of its own.
    logGroup: logs.admin ?? logs.mcp,
    owner: async () => (await parts.identify()).subject,
    key: new AuditKey(() => secrets.read(arn)),
    env: parts.env,
    clock: Date.now,
  });
};

/** The use cases' ports on a deployment. @throws AdminError or CliError when it cannot be found. */
export const connectTo = async (target: Target): Promise<Connection> => {
  const config = clientConfig(target);
  const { env } = target;
  const document = await documentOf(target, config);
  const secretsManager = new SecretsManagerClient(config);
  const identify = createIdentify(config);
  const audit = awsAuditLog({ config, document, secretsManager });
  const ports = awsPorts({
    config,
    document,
    env,
    hosts: target.kind === 'twin' ? target.hosts : [],
    plans: document.planUnits ?? {},
    probe: (parts) => lazyProbe(parts, target, document),
    policies: new CedarPolicyCompiler({
      base: () => readBasePolicies(path.resolve(import.meta.dirname, '..')),
      loadCedar,
    }),
    usageQueries: new LogUsageQueries(audit.queries),
    auditSink: auditSinkOf(document, { config, env, identify, secretsManager }),
    clock: Date.now,
  });
  return { ...ports, identify };
};

/** The MCP client, and what calls functions, are loaded by the commands that need them. */
const lazyProbe = (
  { resolve, allowLoopback, secretsManager }: ProbeParts,
  target: Target,
  { upstreams = [] }: DeploymentDocument,
): UpstreamProbe => ({
  list: async (spec, tenant) => {
    const { createProbe } = await import('./probe.ts');
    const sandbox = async (sandboxed: UpstreamOfKind<'sandbox'>) => {
      const { createSandboxes } = await import('./sandbox.ts');
      const endpoint = target.kind === 'twin' ? target.endpoint : undefined;
      return createSandboxes({ client: secretsManager, endpoint, upstreams, resolve })(sandboxed);
    };
    return createProbe({ resolve, allowLoopback, sandbox }).list(spec, tenant);
  },
});

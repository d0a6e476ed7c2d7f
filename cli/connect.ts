import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { AdminError } from '../src/admin/admin-error.ts';
import { ApiGatewayUsagePlans } from '../src/admin/api-gateway-usage-plans.ts';
import { parseDeploymentDocument } from '../src/admin/deployment-document.ts';
import type { AdminPorts, UpstreamProbe } from '../src/admin/ports.ts';
import { SecretsManagerPepper } from '../src/admin/secrets-manager-pepper.ts';
import { SecretsManagerValues } from '../src/admin/secrets-manager-values.ts';
import { reporting } from '../src/admin/upstream-failure.ts';
import { DynamoDbRegistry } from '../src/registry/dynamodb-registry.ts';
import { DynamoDbUpstreamRegistry } from '../src/registry/dynamodb-upstream-registry.ts';
import { createSecretValues } from '../src/upstreams/secret-values.ts';
import type { UpstreamOfKind } from '../src/upstreams/upstream-spec.ts';
import type { SandboxDeps } from './sandbox.ts';
import { twinNotRunning, type Target } from './target.ts';

/** An operator waits: a call takes seconds at worst. Without `throw…`, the SDK only warns at the limit. */
const limits = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    throwOnRequestTimeout: true,
  },
};

const clientConfig = (target: Target) => {
  if (target.kind === 'twin') {
    const { endpoint, region, credentials } = target;
    return { ...limits, endpoint, region, credentials };
  }
  const { region, profile } = target;
  return {
    ...limits,
    credentials: fromNodeProviderChain(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
  };
};

const readParameter = async (target: Target, ssm: SSMClient): Promise<string> => {
  const what = `read parameter ${target.parameter} of ${target.env}`;
  try {
    const { Parameter } = await reporting(what, () =>
      ssm.send(new GetParameterCommand({ Name: target.parameter })),
    );
    return Parameter?.Value ?? '';
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

/** The use cases' ports on a deployment. @throws AdminError or CliError when it cannot be found. */
export const connectTo = async (target: Target): Promise<AdminPorts> => {
  const config = clientConfig(target);
  const document = parseDeploymentDocument(
    target.parameter,
    await readParameter(target, new SSMClient(config)),
  );
  const table = { client: new DynamoDBClient(config), tableName: document.registryTable };
  const secretsManager = new SecretsManagerClient(config);
  const { secrets: arns = {}, allowLoopback = false, hosts = [] } = document;
  const secrets = new SecretsManagerValues({ client: secretsManager, arns });
  const resolve = createSecretValues({ arns, read: (arn) => secrets.read(arn), now: Date.now });
  return {
    registry: new DynamoDbRegistry(table),
    upstreams: new DynamoDbUpstreamRegistry(table),
    usagePlans: new ApiGatewayUsagePlans({
      client: new APIGatewayClient(config),
      env: target.env,
      plans: document.plans,
    }),
    peppers: new SecretsManagerPepper({
      client: secretsManager,
      secretArn: document.pepperSecretArn,
    }),
    deployment: {
      secretNames: Object.keys(arns),
      upstreams: document.upstreams ?? [],
      allowLoopback,
      hosts: target.kind === 'twin' ? [...hosts, ...target.hosts] : hosts,
      restApiId: document.restApiId,
    },
    secrets,
    probe: lazyProbe({
      resolve,
      allowLoopback,
      client: secretsManager,
      endpoint: target.kind === 'twin' ? target.endpoint : undefined,
      upstreams: document.upstreams ?? [],
    }),
    clock: Date.now,
  };
};

/** The MCP client, and what calls functions, are loaded by the commands that need them. */
const lazyProbe = (deps: SandboxDeps & { readonly allowLoopback: boolean }): UpstreamProbe => ({
  list: async (spec, tenant) => {
    const { createProbe } = await import('./probe.ts');
    const sandbox = async (sandboxed: UpstreamOfKind<'sandbox'>) => {
      const { createSandboxes } = await import('./sandbox.ts');
      return createSandboxes(deps)(sandboxed);
    };
    return createProbe({ ...deps, sandbox }).list(spec, tenant);
  },
});

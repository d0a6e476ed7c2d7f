import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { AdminError } from '../src/admin/admin-error.ts';
import { ApiGatewayUsagePlans } from '../src/admin/api-gateway-usage-plans.ts';
import { parseDeploymentDocument } from '../src/admin/deployment-document.ts';
import type { AdminPorts } from '../src/admin/ports.ts';
import { SecretsManagerPepper } from '../src/admin/secrets-manager-pepper.ts';
import { reporting } from '../src/admin/upstream-failure.ts';
import { DynamoDbRegistry } from '../src/registry/dynamodb-registry.ts';
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
  return {
    registry: new DynamoDbRegistry({
      client: new DynamoDBClient(config),
      tableName: document.registryTable,
    }),
    usagePlans: new ApiGatewayUsagePlans({
      client: new APIGatewayClient(config),
      env: target.env,
      plans: document.plans,
    }),
    peppers: new SecretsManagerPepper({
      client: new SecretsManagerClient(config),
      secretArn: document.pepperSecretArn,
    }),
    clock: Date.now,
  };
};

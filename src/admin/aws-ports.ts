import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import {
  DynamoDBClient,
  GetItemCommand,
  type DynamoDBClientConfig,
} from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { awsAuditLog } from '../audit/aws-audit-log.ts';
import { DynamoDbStanding } from '../quota/dynamodb-standing.ts';
import { DynamoDbUsage } from '../quota/dynamodb-usage.ts';
import type { PlanTable } from '../quota/plan-limits.ts';
import { DynamoDbRegistry } from '../registry/dynamodb-registry.ts';
import { DynamoDbUpstreamRegistry } from '../registry/dynamodb-upstream-registry.ts';
import type { ResolveValues } from '../upstreams/http-upstream.ts';
import { createSecretValues } from '../upstreams/secret-values.ts';
import { AdminError } from './admin-error.ts';
import { ApiGatewayUsagePlans } from './api-gateway-usage-plans.ts';
import { parseDeploymentDocument, type DeploymentDocument } from './deployment-document.ts';
import { DynamoDbStandingReader } from './dynamodb-standing-reader.ts';
import type { AdminPorts, StandingReader, UpstreamProbe } from './ports.ts';
import { SecretsManagerPepper } from './secrets-manager-pepper.ts';
import { SecretsManagerValues } from './secrets-manager-values.ts';
import { reporting } from './upstream-failure.ts';
import type { StandingWriter } from '../quota/meter.ts';

/** What every client is made with: region, credentials and, of a twin, its endpoint. */
export type AwsClientConfig = Pick<
  DynamoDBClientConfig,
  'region' | 'credentials' | 'endpoint' | 'maxAttempts' | 'requestHandler'
>;

/** Without `throw…`, the SDK only warns at the limit. */
export const clientLimits = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    throwOnRequestTimeout: true,
  },
} as const satisfies AwsClientConfig;

/** @throws AdminError UPSTREAM_* or DEPLOYMENT_INVALID. */
export const readDeployment = async (
  config: AwsClientConfig,
  parameter: string,
  env: string,
): Promise<DeploymentDocument> => {
  const { Parameter } = await reporting(`read parameter ${parameter} of ${env}`, () =>
    new SSMClient(config).send(new GetParameterCommand({ Name: parameter })),
  );
  return parseDeploymentDocument(parameter, Parameter?.Value ?? '');
};

/** What a probe is made of. */
export interface ProbeParts {
  readonly resolve: ResolveValues;
  readonly allowLoopback: boolean;
  readonly secretsManager: SecretsManagerClient;
}

export interface AwsPortsOptions extends Pick<
  AdminPorts,
  'policies' | 'usageQueries' | 'auditSink' | 'clock' | 'env'
> {
  readonly config: AwsClientConfig;
  readonly document: DeploymentDocument;
  /** Where the deployment answers, beside what its document says. @default nowhere else */
  readonly hosts?: readonly string[];
  /** Limits of plans in units. Without them only days are told of a tenant's usage. */
  readonly plans: PlanTable;
  readonly probe: (parts: ProbeParts) => UpstreamProbe;
}

type Usage = Pick<AdminPorts, 'standing' | 'usage'>;

const usageOf = (
  client: DynamoDBClient,
  { document, plans, clock: now }: AwsPortsOptions,
): Usage => {
  const { usageTable: tableName, maxShards = 1 } = document;
  if (tableName === undefined) {
    throw new AdminError(
      'DEPLOYMENT_INVALID',
      'the deployment has no table of usage: deploy this version of Drawbridge',
    );
  }
  const table = { client, tableName, maxShards };
  const writer = new DynamoDbStanding({ ...table, now });
  const reader = new DynamoDbStandingReader(table);
  const standing: StandingWriter & StandingReader = {
    revoke: (tenant, subject, at) => writer.revoke(tenant, subject, at),
    readmit: (tenant, subject) => writer.readmit(tenant, subject),
    suspend: (tenant) => writer.suspend(tenant),
    resume: (tenant) => writer.resume(tenant),
    setPolicyVersion: (tenant, version) => writer.setPolicyVersion(tenant, version),
    standings: (tenant, subject) => reader.standings(tenant, subject),
  };
  const getItem = (input: ConstructorParameters<typeof GetItemCommand>[0]) =>
    client.send(new GetItemCommand(input));
  return { standing, usage: new DynamoDbUsage({ getItem, tableName, plans, maxShards, now }) };
};

/**
 * The use cases' ports on a deployment in AWS, for whoever holds credentials: an operator's CLI, or the admin function.
 * @throws AdminError DEPLOYMENT_INVALID when the deployment is older than this.
 */
export const awsPorts = (options: AwsPortsOptions): AdminPorts => {
  const { config, document, env, hosts: more = [], policies, usageQueries, auditSink } = options;
  const client = new DynamoDBClient(config);
  const table = { client, tableName: document.registryTable };
  const secretsManager = new SecretsManagerClient(config);
  const { secrets: arns = {}, allowLoopback = false, hosts = [] } = document;
  const secrets = new SecretsManagerValues({ client: secretsManager, arns });
  const resolve = createSecretValues({
    arns,
    read: (arn) => secrets.read(arn),
    now: options.clock,
  });
  return {
    registry: new DynamoDbRegistry(table),
    upstreams: new DynamoDbUpstreamRegistry(table),
    usagePlans: new ApiGatewayUsagePlans({
      client: new APIGatewayClient(config),
      env,
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
      hosts: [...hosts, ...more],
      restApiId: document.restApiId,
      publicUrl: document.publicUrl,
      closedUrl: document.closedUrl,
      ownTools: document.ownTools,
      newTools: document.newTools,
      firewall: document.firewall,
    },
    secrets,
    probe: options.probe({ resolve, allowLoopback, secretsManager }),
    ...usageOf(client, options),
    policies,
    usageQueries,
    auditSink,
    audit: awsAuditLog({ config, document, secretsManager }),
    env,
    clock: options.clock,
  };
};

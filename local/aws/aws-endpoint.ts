import { join } from 'node:path';
import type { FunctionService } from '../lambda/function-service.ts';
import type { Deployment } from '../template/deployment.ts';
import type { ApiKeyService } from '../usage/api-key-service.ts';
import { ApiGatewayService } from './apigateway/api-gateway-service.ts';
import { Authorizer, type AuthorizedCall, type CallCount } from './authorization.ts';
import type { LocalCredentials } from './credentials.ts';
import { createTables } from './dynamodb/create-tables.ts';
import { DynaliteProcess } from './dynamodb/dynalite-process.ts';
import { DynamoDbService } from './dynamodb/dynamodb-service.ts';
import { tableDefinitions } from './dynamodb/table-definitions.ts';
import { AwsHttpServer } from './http-server.ts';
import type { LogStore } from '../log/log-sink.ts';
import { CodeDeployService } from './codedeploy/codedeploy-service.ts';
import type { HookExecutions } from './codedeploy/hook-executions.ts';
import { LambdaApiService } from './lambda/lambda-api-service.ts';
import { invocableVersions } from './lambda/invocable-versions.ts';
import { LogGroups } from './logs/log-groups.ts';
import { LogsService } from './logs/logs-service.ts';
import { SecretStore } from './secretsmanager/secret-store.ts';
import { SecretsManagerService } from './secretsmanager/secrets-manager-service.ts';
import { SsmService } from './ssm/ssm-service.ts';
import { StsService } from './sts/sts-service.ts';
import { startTtlSweeper } from './dynamodb/ttl-sweeper.ts';

export interface AwsEndpointOptions {
  readonly deployment: Deployment;
  readonly stateDir: string;
  readonly apiKeys: ApiKeyService;
  readonly credentials: LocalCredentials;
  /** What CloudWatch Logs holds. Without it there is no such service. */
  readonly logs?: LogStore;
  /** The functions that may be invoked. They start after this, since they call it. */
  readonly functions?: () => FunctionService;
  /** Hooks that CodeDeploy waits for. Without it there is no such service. */
  readonly hooks?: HookExecutions;
  /** Errors of the twin itself, which callers see only as InternalFailure. */
  readonly onError: (error: unknown) => void;
  readonly onCall?: (call: AuthorizedCall) => void;
  readonly onRefusal?: (call: AuthorizedCall) => void;
  /** Unix milliseconds. @default Date.now */
  readonly now?: () => number;
  /** @default an ephemeral port each */
  readonly port?: number;
  readonly dynamodbPort?: number;
}

export interface AwsEndpoint {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** AWS_ENDPOINT_URL_… for every service, and AWS_ENDPOINT_URL so that no call of any other leaves the machine. */
  readonly environment: Readonly<Record<string, string>>;
  /** Calls by `service:Action` since the start. */
  counters(): Readonly<Record<string, Readonly<CallCount>>>;
  /** Takes DynamoDB down and up again. */
  readonly dynamodb: { start(): Promise<void>; stop(): Promise<void> };
  close(): Promise<void>;
}

const SERVICES = [
  'DYNAMODB',
  'SECRETS_MANAGER',
  'SSM',
  'API_GATEWAY',
  'STS',
  'LAMBDA',
  'CLOUDWATCH_LOGS',
  'CODEDEPLOY',
];

/**
 * Starts the AWS that functions and the CLI talk to: tables and secrets are there when it resolves.
 * @throws Error naming what of the template the twin does not implement.
 */
export const startAwsEndpoint = async (options: AwsEndpointOptions): Promise<AwsEndpoint> => {
  const { deployment, stateDir, apiKeys, credentials, onError, now = Date.now } = options;
  const nowSeconds = (): number => Math.floor(now() / 1000);
  const authorizer = new Authorizer({
    accountId: deployment.accountId,
    region: deployment.region,
    ...callbacks(options),
  });
  const tables = tableDefinitions(deployment);
  const secrets = new SecretStore(deployment, stateDir, nowSeconds);
  const dynalite = new DynaliteProcess({
    dataDirectory: join(stateDir, 'dynamodb'),
    region: deployment.region,
    accountId: deployment.accountId,
    onCrash: onError,
    ...(options.dynamodbPort === undefined ? {} : { port: options.dynamodbPort }),
  });
  const server = new AwsHttpServer({
    region: deployment.region,
    credentials,
    authorizer,
    now,
    onError,
    services: [
      new DynamoDbService(deployment, tables, dynalite),
      new SecretsManagerService(deployment, secrets),
      new SsmService(deployment, nowSeconds()),
      new ApiGatewayService(deployment.region, apiKeys),
      new StsService(deployment.accountId),
      ...lambdaApi(options),
      ...logsApi(options),
      ...(options.hooks === undefined ? [] : [new CodeDeployService(options.hooks)]),
    ],
  });
  let url: string;
  try {
    await dynalite.start();
    await createTables(dynalite, tables);
    url = await server.listen(options.port ?? 0);
  } catch (error) {
    await dynalite.stop();
    throw error;
  }
  const sweeper = startTtlSweeper(dynalite, tables, nowSeconds, onError);
  return {
    url,
    environment: Object.fromEntries([
      ['AWS_ENDPOINT_URL', url],
      ...SERVICES.map((service) => [`AWS_ENDPOINT_URL_${service}`, url]),
    ]) as Record<string, string>,
    counters: () => authorizer.counters(),
    dynamodb: { start: () => dynalite.start(), stop: () => dynalite.stop() },
    close: async () => {
      sweeper.stop();
      server.close();
      await dynalite.stop();
    },
  };
};

const logsApi = ({
  deployment,
  stateDir,
  logs,
  now = Date.now,
}: AwsEndpointOptions): readonly LogsService[] =>
  logs === undefined ? [] : [new LogsService(new LogGroups(deployment, logs, stateDir, now), now)];

const lambdaApi = ({ deployment, functions }: AwsEndpointOptions): readonly LambdaApiService[] =>
  functions === undefined
    ? []
    : [
        new LambdaApiService({
          region: deployment.region,
          accountId: deployment.accountId,
          versions: invocableVersions(deployment),
          functions,
        }),
      ];

const callbacks = ({
  onCall,
  onRefusal,
}: AwsEndpointOptions): Pick<AwsEndpointOptions, 'onCall' | 'onRefusal'> => ({
  ...(onCall === undefined ? {} : { onCall }),
  ...(onRefusal === undefined ? {} : { onRefusal }),
});

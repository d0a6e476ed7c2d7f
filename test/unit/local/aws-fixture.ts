import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthorizedCall } from '../../../local/aws/authorization.ts';
import { startAwsEndpoint, type AwsEndpoint } from '../../../local/aws/aws-endpoint.ts';
import { LocalCredentials, type AccessKey } from '../../../local/aws/credentials.ts';
import { rolePolicies } from '../../../local/aws/role-policies.ts';
import type { DeployedResource, Deployment } from '../../../local/template/deployment.ts';
import type { ApiKeyService } from '../../../local/usage/api-key-service.ts';

export const accountId = '123456789012';
export const region = 'us-east-1';
export const tableArn = `arn:aws:dynamodb:${region}:${accountId}:table/Registry`;
export const secretArn = `arn:aws:secretsmanager:${region}:${accountId}:secret:pepper-AbCdEf`;
export const roleArn = `arn:aws:iam::${accountId}:role/FunctionRole`;

export const resource = (
  type: string,
  physicalId: string,
  arn: string,
  properties: Record<string, unknown>,
): DeployedResource => ({
  stack: 'Test',
  logicalId: physicalId,
  displayName: `Test/${physicalId}`,
  type,
  physicalId,
  arn,
  properties,
});

export const deploymentOf = (resources: readonly DeployedResource[]): Deployment => ({
  accountId,
  region,
  resources,
  ofType: (type) => resources.filter((candidate) => candidate.type === type),
  byPhysicalId: (type, id) => {
    const found = resources.find((one) => one.type === type && one.physicalId === id);
    if (found === undefined) throw new Error(`${type} ${id}`);
    return found;
  },
  assetDirectory: (key) => `/assets/${key}`,
});

const statement = (Action: string | string[], Resource: string | string[]) => ({
  Effect: 'Allow',
  Action,
  Resource,
});

export const registry = resource('AWS::DynamoDB::GlobalTable', 'Registry', tableArn, {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'tenant', AttributeType: 'S' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-tenant',
      KeySchema: [{ AttributeName: 'tenant', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
  Replicas: [{ Region: region }],
});

export const template: readonly DeployedResource[] = [
  registry,
  resource('AWS::SecretsManager::Secret', secretArn, secretArn, {
    GenerateSecretString: { PasswordLength: 40, ExcludePunctuation: true },
  }),
  resource('AWS::SSM::Parameter', '/drawbridge/plan', 'unused', {
    Type: 'String',
    Value: 'gold',
  }),
  resource('AWS::IAM::Role', 'FunctionRole', roleArn, {
    ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
  }),
  resource('AWS::IAM::Policy', 'FunctionPolicy', 'unused', {
    PolicyName: 'FunctionPolicy',
    Roles: ['FunctionRole'],
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        statement(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:BatchGetItem'], tableArn),
        statement('dynamodb:Query', `${tableArn}/index/by-tenant`),
        statement('secretsmanager:GetSecretValue', secretArn),
        statement('ssm:GetParameter', `arn:aws:ssm:${region}:${accountId}:parameter/drawbridge/*`),
        statement('apigateway:GET', `arn:aws:apigateway:${region}::/apikeys/*`),
      ],
    },
  }),
];

export class AwsFixture implements AsyncDisposable {
  readonly endpoint: AwsEndpoint;
  readonly calls: AuthorizedCall[] = [];
  readonly refusals: AuthorizedCall[] = [];
  readonly errors: unknown[] = [];
  readonly role: AccessKey;
  readonly operator: AccessKey;
  readonly #stateDir: string;
  readonly #keepState: boolean;

  private constructor(
    endpoint: AwsEndpoint,
    parts: Pick<AwsFixture, 'calls' | 'refusals' | 'errors' | 'role' | 'operator'>,
    stateDir: string,
    keepState: boolean,
  ) {
    this.endpoint = endpoint;
    this.calls = parts.calls;
    this.refusals = parts.refusals;
    this.errors = parts.errors;
    this.role = parts.role;
    this.operator = parts.operator;
    this.#stateDir = stateDir;
    this.#keepState = keepState;
  }

  static async start(
    options: {
      readonly resources?: readonly DeployedResource[];
      readonly apiKeys?: ApiKeyService;
      readonly stateDir?: string;
      readonly now?: () => number;
    } = {},
  ): Promise<AwsFixture> {
    const deployment = deploymentOf(options.resources ?? template);
    const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'twin-aws-'));
    const credentials = new LocalCredentials(accountId, (arn) => rolePolicies(deployment, arn));
    const calls: AuthorizedCall[] = [];
    const refusals: AuthorizedCall[] = [];
    const errors: unknown[] = [];
    const endpoint = await startAwsEndpoint({
      deployment,
      stateDir,
      credentials,
      apiKeys: options.apiKeys ?? ({} as ApiKeyService),
      onError: (error) => errors.push(error),
      onCall: (call) => calls.push(call),
      onRefusal: (call) => refusals.push(call),
      ...(options.now === undefined ? {} : { now: options.now }),
    });
    const role = credentials.forRole({ roleArn, sessionName: 'mcp', displayName: 'Test/Mcp' });
    const operator = credentials.forOperator();
    return new AwsFixture(
      endpoint,
      { calls, refusals, errors, role, operator },
      stateDir,
      options.stateDir !== undefined,
    );
  }

  /** What an SDK client takes to call as the role, or as the operator. */
  clientOptions(who: 'role' | 'operator' = 'role') {
    const { accessKeyId, secretAccessKey, sessionToken } = this[who];
    return {
      region,
      endpoint: this.endpoint.url,
      maxAttempts: 1,
      credentials: {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endpoint.close();
    if (!this.#keepState) rmSync(this.#stateDir, { recursive: true, force: true });
  }
}

import { describe, expect, it } from 'vitest';
import { Pepper } from '../../src/credentials/pepper.ts';
import { grantsOf } from './support/cloudformation.ts';
import { synthesizedEnv, type SynthesizedStack } from './support/synth.ts';

const envs = ['dev', 'local', 'prod'] as const;

/** One of the two tables, by the id of its construct. */
const tableOf = (data: SynthesizedStack, construct: 'Registry' | 'Usage') => {
  const tables = data.ofType('AWS::DynamoDB::GlobalTable');
  expect(tables).toHaveLength(2);
  return tables.find(({ id }) => id.startsWith(construct)) ?? expect.fail();
};

describe.each(envs)('the data of %s', (env) => {
  const isProtected = env === 'prod';
  const policy = isProtected ? 'Retain' : 'Delete';

  it('is a table by key with one index, paid by request', async () => {
    const { data } = await synthesizedEnv(env);
    const table = tableOf(data, 'Registry');
    expect(table.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'collection', AttributeType: 'S' },
        { AttributeName: 'position', AttributeType: 'S' },
      ],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byCollection',
          KeySchema: [
            { AttributeName: 'collection', KeyType: 'HASH' },
            { AttributeName: 'position', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    });
    expect(table.Properties).not.toHaveProperty('TableName');
  });

  it('can be restored to any second, and is deleted only where that is meant', async () => {
    const { data } = await synthesizedEnv(env);
    const table = tableOf(data, 'Registry');
    const replicas = table.Properties['Replicas'] as unknown[];
    expect(replicas).toHaveLength(1);
    expect(replicas[0]).toMatchObject({
      DeletionProtectionEnabled: isProtected,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    expect([table.DeletionPolicy, table.UpdateReplacePolicy]).toEqual([policy, policy]);
    expect(data.terminationProtection).toBe(isProtected);
  });

  it('usage is a table by key alone, paid by request, that deletes nothing by itself', async () => {
    const { data } = await synthesizedEnv(env);
    const { Properties } = tableOf(data, 'Usage');
    expect(Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    });
    for (const absent of [
      'TableName',
      'GlobalSecondaryIndexes',
      'TimeToLiveSpecification',
      'StreamSpecification',
    ]) {
      expect(Properties).not.toHaveProperty(absent);
    }
  });

  it('usage can be restored, and outlives its stack, where data is protected', async () => {
    const { data } = await synthesizedEnv(env);
    const table = tableOf(data, 'Usage');
    const replicas = table.Properties['Replicas'] as unknown[];
    expect(replicas).toHaveLength(1);
    expect(replicas[0]).toMatchObject({
      DeletionProtectionEnabled: isProtected,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: isProtected },
    });
    expect([table.DeletionPolicy, table.UpdateReplacePolicy]).toEqual([policy, policy]);
  });

  it('both tables are encrypted at rest with the key that DynamoDB owns', async () => {
    const { data } = await synthesizedEnv(env);
    for (const construct of ['Registry', 'Usage'] as const) {
      const { Properties } = tableOf(data, construct);
      // DynamoDB encrypts every table. A specification would name another key than its own (API: SSESpecification).
      expect(Properties).not.toHaveProperty('SSESpecification');
    }
  });

  it('usage is charged and read by the MCP function, which does nothing else to it', async () => {
    const { gateway } = await synthesizedEnv(env);
    const roles = gateway
      .ofType('AWS::IAM::Role')
      .flatMap(({ id }) =>
        grantsOf(gateway, id)
          .filter(({ resources }) => resources.some((one) => one.includes('UsageTable')))
          .map((grant) => ({ role: id.replace(/[0-9A-F]{8}$/, ''), ...grant })),
      )
      .filter(({ role }) => !role.startsWith('Admin'));
    expect(roles).toEqual([
      {
        role: 'McpFunctionRole',
        effect: 'Allow',
        actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
        resources: [expect.stringMatching(/Data:ExportsOutputFnGetAttUsageTable\w+Arn\w+\}$/)],
      },
    ]);
  });

  it('no role may scan a table but the doctor’s', async () => {
    const { gateway } = await synthesizedEnv(env);
    const actions = gateway
      .ofType('AWS::IAM::Role')
      .flatMap(({ id }) =>
        grantsOf(gateway, id).flatMap((grant) =>
          grant.actions.map((action) => [id, action] as const),
        ),
      );
    const wide = actions.filter(([, action]) => /dynamodb:(Scan|\*|PartiQL|Batch)/.test(action));
    // The doctor looks for principals of tenants that are not there, which no collection lists.
    expect(wide).toEqual([[expect.stringMatching(/^AdminFunctionRole/), 'dynamodb:Scan']]);
  });

  it('its secrets are generated by AWS: no value is in the template', async () => {
    const { data } = await synthesizedEnv(env);
    const secrets = data.ofType('AWS::SecretsManager::Secret');
    expect(
      secrets.map(({ Properties }) => [
        Properties['Description'],
        Properties['GenerateSecretString'],
      ]),
    ).toEqual([
      [
        'Drawbridge: pepper that API keys are hashed with',
        {
          SecretStringTemplate: '{"current":"1"}',
          GenerateStringKey: '1',
          PasswordLength: 64,
          ExcludePunctuation: true,
        },
      ],
      [
        'Drawbridge: key of the argument digests in the audit',
        { PasswordLength: 64, ExcludePunctuation: true },
      ],
      ...(env === 'local'
        ? [
            [
              'Drawbridge: items-api-key, for upstreams',
              { PasswordLength: 40, ExcludePunctuation: true },
            ],
          ]
        : []),
    ]);
    for (const { Properties, DeletionPolicy, UpdateReplacePolicy } of secrets) {
      expect(Properties).not.toHaveProperty('SecretString');
      expect(Properties).not.toHaveProperty('Name');
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual([policy, policy]);
    }
  });

  it('the generated pepper is one that the functions can read', async () => {
    const { data } = await synthesizedEnv(env);
    const { SecretStringTemplate, GenerateStringKey, PasswordLength } = data.ofType(
      'AWS::SecretsManager::Secret',
    )[0]?.Properties['GenerateSecretString'] as {
      SecretStringTemplate: string;
      GenerateStringKey: string;
      PasswordLength: number;
    };
    const generated = JSON.stringify({
      ...(JSON.parse(SecretStringTemplate) as object),
      [GenerateStringKey]: 'x'.repeat(PasswordLength),
    });
    expect(Pepper.parse(generated).currentVersion).toBe('1');
  });

  it('stands in a stack with nothing else', async () => {
    const { data } = await synthesizedEnv(env);
    expect(Object.values(data.resources).map(({ Type }) => Type)).toEqual([
      'AWS::DynamoDB::GlobalTable',
      'AWS::DynamoDB::GlobalTable',
      'AWS::SecretsManager::Secret',
      'AWS::SecretsManager::Secret',
      ...(env === 'local' ? ['AWS::SecretsManager::Secret'] : []),
    ]);
  });
});

describe.each(envs)('both stacks of %s', (env) => {
  it('have names that say what they are', async () => {
    const { data, gateway } = await synthesizedEnv(env);
    expect([data.name, gateway.name]).toEqual([
      `drawbridge-${env}-Data`,
      `drawbridge-${env}-Gateway`,
    ]);
  });

  it('every log group says how long it keeps what, and what becomes of it', async () => {
    const { gateway, config } = await synthesizedEnv(env);
    const groups = gateway.ofType('AWS::Logs::LogGroup');
    const { auditRetentionDays, accessRetentionDays } = config.logs;
    expect(
      groups
        .map(({ id, Properties }) => [
          id.replace(/[0-9A-F]{8}$/, ''),
          Properties['RetentionInDays'],
        ])
        .toSorted(),
    ).toEqual(
      [
        ['AdminFunctionLogs', auditRetentionDays],
        ['AuthorizerFunctionLogs', auditRetentionDays],
        ['LiveHandshakeLogs', auditRetentionDays],
        ...(env === 'local' ? [['UpstreamseverythingLogs', auditRetentionDays]] : []),
        ['McpFunctionLogs', auditRetentionDays],
        ['McpAccessLogs', accessRetentionDays],
        ['McpExecutionLogGroup', accessRetentionDays],
        ['FirewallLogLogs', accessRetentionDays],
        ...(env === 'local' ? [['OAuthFunctionLogs', auditRetentionDays]] : []),
      ].toSorted(),
    );
    for (const { id, Properties, DeletionPolicy } of groups) {
      // AWS takes the names of these two from what writes into them.
      const isNamed = /^(?:FirewallLog|McpExecutionLog)/u.test(id);
      expect('LogGroupName' in Properties, id).toBe(isNamed);
      expect(DeletionPolicy).toBe(env === 'prod' ? 'Retain' : 'Delete');
    }
  });

  it('hold no secret, no key and no dynamic reference to one', async () => {
    const { data, gateway } = await synthesizedEnv(env);
    for (const { text } of [data, gateway]) {
      expect(text).not.toMatch(
        /smcp_[a-z0-9]+_|AKIA|BEGIN [A-Z ]*PRIVATE KEY|resolve:secretsmanager|resolve:ssm-secure/,
      );
      expect(text).not.toContain('"SecretString"');
    }
  });

  it('the gateway stack can be made anew: it has these kinds of resources and no others', async () => {
    const { gateway } = await synthesizedEnv(env);
    const kinds = new Set(Object.values(gateway.resources).map(({ Type }) => Type));
    const signIn =
      env === 'local' ? ['AWS::Cognito::UserPoolClient', 'AWS::IAM::OIDCProvider'] : [];
    expect([...kinds].sort()).toEqual(
      [
        ...signIn,
        'AWS::ApiGateway::Account',
        'AWS::ApiGateway::Authorizer',
        'AWS::ApiGateway::Deployment',
        'AWS::ApiGateway::GatewayResponse',
        'AWS::ApiGateway::Method',
        'AWS::ApiGateway::Resource',
        'AWS::ApiGateway::RestApi',
        'AWS::ApiGateway::Stage',
        'AWS::ApiGateway::UsagePlan',
        'AWS::CloudWatch::Alarm',
        'AWS::CodeDeploy::Application',
        'AWS::CodeDeploy::DeploymentGroup',
        'AWS::IAM::Policy',
        'AWS::IAM::Role',
        'AWS::Lambda::Alias',
        'AWS::Lambda::Function',
        'AWS::Lambda::Permission',
        'AWS::Lambda::Version',
        'AWS::Logs::LogGroup',
        'AWS::SSM::Parameter',
        'AWS::WAFv2::LoggingConfiguration',
        'AWS::WAFv2::WebACL',
        'AWS::WAFv2::WebACLAssociation',
      ].sort(),
    );
    expect(gateway.terminationProtection).toBe(false);
  });
});

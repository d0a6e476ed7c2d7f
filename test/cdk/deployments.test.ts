import { beforeAll, describe, expect, it } from 'vitest';
import { configSchema, type DrawbridgeConfig } from '../../lib/config.ts';
import { grantsOf, readable, routesOf } from './support/cloudformation.ts';
import { configOf, synthesize, synthesizedEnv, type SynthesizedStack } from './support/synth.ts';

const withSettings = (settings: object): DrawbridgeConfig =>
  configSchema.parse({ ...configOf('dev'), ...settings });

const handshakeOf = (gateway: SynthesizedStack) =>
  gateway.ofType('AWS::Lambda::Function').find(({ id }) => id.startsWith('LiveHandshake'))!;

describe.each([
  ['dev', 'CodeDeployDefault.LambdaAllAtOnce'],
  ['prod', 'CodeDeployDefault.LambdaCanary10Percent5Minutes'],
] as const)('a deployment of %s', (env, configName) => {
  let gateway: SynthesizedStack;
  let aliasId: string;
  beforeAll(async () => {
    ({ gateway } = await synthesizedEnv(env));
    aliasId = gateway.only('AWS::Lambda::Alias').id;
  });

  it('moves the alias live of the MCP function, after the hook', () => {
    const alias = gateway.only('AWS::Lambda::Alias');
    expect(alias.Properties).toMatchObject({ Name: 'live' });
    expect(readable(alias.Properties['FunctionName'])).toMatch(/^\{McpFunction\w+\}$/u);
    expect(alias['UpdatePolicy']).toEqual({
      CodeDeployLambdaAliasUpdate: {
        ApplicationName: { Ref: gateway.only('AWS::CodeDeploy::Application').id },
        DeploymentGroupName: { Ref: gateway.only('AWS::CodeDeploy::DeploymentGroup').id },
        BeforeAllowTrafficHook: { Ref: handshakeOf(gateway).id },
      },
    });
    // Or the hook would shake hands with the version before.
    expect(alias['DependsOn']).toContain(handshakeOf(gateway).id);
  });

  it('goes as is configured, and back when it fails or an alarm rings', () => {
    const alarms = gateway.ofType('AWS::CloudWatch::Alarm');
    expect(alarms.map(({ id }) => id.replace(/[0-9A-F]{8}$/u, ''))).toEqual([
      'LiveAliasErrors',
      'LiveServerErrors',
    ]);
    expect(gateway.only('AWS::CodeDeploy::DeploymentGroup').Properties).toMatchObject({
      DeploymentConfigName: configName,
      AlarmConfiguration: {
        Enabled: true,
        Alarms: alarms.map(({ id }) => ({ Name: { Ref: id } })),
      },
      AutoRollbackConfiguration: {
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
      },
    });
  });

  it('the alarms look at the alias and at the API', () => {
    const [errors, server] = gateway.ofType('AWS::CloudWatch::Alarm');
    const dimensions = errors?.Properties['Dimensions'] as { Name: string; Value: unknown }[];
    expect(errors?.Properties).toMatchObject({ Namespace: 'AWS/Lambda', MetricName: 'Errors' });
    expect(dimensions.map(({ Name, Value }) => `${Name}=${readable(Value)}`).join(' ')).toMatch(
      /^FunctionName=\{(McpFunction\w+)\} Resource=\{\1\}:live$/u,
    );
    expect(JSON.stringify(server?.Properties)).toContain(
      `"Dimensions":[{"Name":"ApiName","Value":"drawbridge-${env}"},{"Name":"Stage","Value":"live"}],"MetricName":"5XXError","Namespace":"AWS/ApiGateway"`,
    );
  });

  it('the alias is what API Gateway invokes for MCP, and may invoke: never the function itself', () => {
    const mcp = gateway
      .ofType('AWS::Lambda::Function')
      .find(({ id }) => id.startsWith('McpFunction'))!;
    const uris = routesOf(gateway).flatMap(({ properties }) => {
      const { Uri } = properties['Integration'] as { Uri?: unknown };
      return Uri === undefined ? [] : [readable(Uri)];
    });
    expect(uris.filter((uri) => uri.includes(`{${aliasId}}`))).toHaveLength(7);
    expect(uris.filter((uri) => uri.includes(`{${mcp.id}`))).toEqual([]);
    const permitted = gateway
      .ofType('AWS::Lambda::Permission')
      .map(({ Properties }) => readable(Properties['FunctionName']));
    expect(permitted.filter((name) => name === `{${aliasId}}`)).toHaveLength(7);
    expect(permitted.filter((name) => name.startsWith(`{${mcp.id}`))).toEqual([]);
  });

  it('the hook may write its log, invoke versions of the MCP function, and tell its deployment group', () => {
    const role = readable(handshakeOf(gateway).Properties['Role']).slice(1, -'.Arn}'.length);
    const grants = grantsOf(gateway, role).filter(
      ({ actions }) => !actions.every((action) => action.startsWith('xray:')),
    );
    const app = gateway.only('AWS::CodeDeploy::Application').id;
    const group = gateway.only('AWS::CodeDeploy::DeploymentGroup').id;
    expect(grants).toEqual([
      {
        effect: 'Allow',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [expect.stringMatching(/^\{LiveHandshakeLogs\w+\.Arn\}$/u)],
      },
      {
        effect: 'Allow',
        actions: ['lambda:InvokeFunction'],
        resources: [expect.stringMatching(/^\{McpFunction\w+\.Arn\}:\*$/u)],
      },
      {
        effect: 'Allow',
        actions: ['codedeploy:PutLifecycleEventHookExecutionStatus'],
        resources: [expect.stringContaining(`:deploymentgroup:{${app}}/{${group}}`)],
      },
    ]);
  });

  it('keeps old versions where it keeps data', () => {
    const { DeletionPolicy } = gateway.only('AWS::Lambda::Version');
    expect(DeletionPolicy).toBe(env === 'prod' ? 'Retain' : 'Delete');
  });

  it('reserves nothing and keeps nothing warm, unless asked to', () => {
    expect(gateway.only('AWS::Lambda::Alias').Properties).not.toHaveProperty(
      'ProvisionedConcurrencyConfig',
    );
    for (const { Properties } of gateway.ofType('AWS::Lambda::Function')) {
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    }
  });
});

it('keeps environments warm and reserves executions as it is told to', async () => {
  const { gateway } = await synthesize(
    'dev',
    withSettings({
      deployments: {
        canary: 'linear10PercentEvery1Minute',
        rollbackAlarms: false,
        provisionedConcurrency: 3,
        reservedConcurrency: { mcp: 50, authorizer: 20, admin: 2 },
      },
    }),
  );
  expect(gateway.only('AWS::Lambda::Alias').Properties['ProvisionedConcurrencyConfig']).toEqual({
    ProvisionedConcurrentExecutions: 3,
  });
  const reserved = gateway
    .ofType('AWS::Lambda::Function')
    .map(({ Properties }) => [
      Properties['Description'],
      Properties['ReservedConcurrentExecutions'],
    ]);
  expect(Object.fromEntries(reserved)).toEqual({
    'Drawbridge authorizer': 20,
    'Drawbridge MCP server': 50,
    'Drawbridge handshake with a new version, before it serves': undefined,
    'Drawbridge admin API': 2,
  });
  expect(gateway.only('AWS::CodeDeploy::DeploymentGroup').Properties).toMatchObject({
    DeploymentConfigName: 'CodeDeployDefault.LambdaLinear10PercentEvery1Minute',
    AlarmConfiguration: { Enabled: false },
  });
});

it.each([
  [
    'deployments.provisionedConcurrency',
    { mcp: { isolation: 'perTenant' }, deployments: { provisionedConcurrency: 1 } },
  ],
  [
    'deployments.provisionedConcurrency',
    { deployments: { provisionedConcurrency: 2, reservedConcurrency: { mcp: 1 } } },
  ],
])('%s is refused with what does not go together', (path, settings) => {
  const { error } = configSchema.safeParse({ ...configOf('dev'), ...settings });
  expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
});

it('an environment for each tenant is served by the alias, too', async () => {
  const { gateway } = await synthesize('dev', withSettings({ mcp: { isolation: 'perTenant' } }));
  expect(readable(gateway.only('AWS::Lambda::Alias').Properties['FunctionName'])).toMatch(
    /^\{McpFunctionPerTenant/u,
  );
  const { Variables } = handshakeOf(gateway).Properties['Environment'] as {
    Variables: Record<string, unknown>;
  };
  expect(Variables).toMatchObject({ PER_TENANT: 'true', HANDSHAKE_PLAN: 'free' });
});

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { addEnvironment } from '../../lib/environment-stacks.ts';
import { configSchema, type DrawbridgeConfig } from '../../lib/config.ts';
import { addSecurityChecks } from '../../lib/security-checks.ts';
import { loadDeployment } from '../../local/template/load-deployment.ts';
import { deploymentDocument } from '../../src/admin/deployment-document.ts';
import { auditedRoutes } from '../../src/audit/access-check.ts';
import { grantsIn, grantsOf, readable, routesOf } from './support/cloudformation.ts';
import { anApp, builtOnce, configOf, synthesizedEnv, SynthesizedStack } from './support/synth.ts';

const archived = (env: 'dev' | 'local', archive: object): DrawbridgeConfig =>
  configSchema.parse({ ...configOf(env), archive: { enabled: true, ...archive } });

/** The archive's stack, synthesized with the rest of its environment and under the security checks. */
const synthArchive = async (archive: object): Promise<SynthesizedStack> => {
  const config = archived('dev', archive);
  const app = anApp();
  try {
    const stacks = addEnvironment(app, {
      envName: 'dev',
      config,
      ...(await builtOnce('dev', config)),
    });
    addSecurityChecks(app);
    app.synth();
    if (stacks.archive === undefined) throw new Error('there is no archive');
    const text = readFileSync(join(app.outdir, stacks.archive.templateFile), 'utf8');
    const { stackName, terminationProtection = false } = stacks.archive;
    return new SynthesizedStack(stackName, text, terminationProtection);
  } finally {
    rmSync(app.outdir, { recursive: true, force: true });
  }
};

describe('the archive of the audit', () => {
  let stack: SynthesizedStack;
  beforeAll(async () => {
    stack = await synthArchive({ retentionDays: 2_555, mode: 'COMPLIANCE' });
  });

  it('is a stack of its own that cannot be deleted by mistake', () => {
    expect(stack.name).toBe('drawbridge-dev-Archive');
    expect(stack.terminationProtection).toBe(true);
    const { DeletionPolicy, UpdateReplacePolicy } = stack.only('AWS::S3::Bucket');
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  });

  it('locks each object, keeps every version, and is nobody’s but the account’s', () => {
    expect(stack.only('AWS::S3::Bucket').Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 2_555 } },
      },
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
        ],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
  });

  it('is reached by TLS only', () => {
    const { Properties } = stack.only('AWS::S3::BucketPolicy');
    const { Statement } = Properties['PolicyDocument'] as {
      Statement: { Effect: string; Action: string; Condition: unknown }[];
    };
    expect(Statement.map(({ Effect, Action, Condition }) => [Effect, Action, Condition])).toEqual([
      ['Deny', 's3:*', { Bool: { 'aws:SecureTransport': 'false' } }],
      ['Deny', 's3:*', { NumericLessThan: { 's3:TlsVersion': 1.2 } }],
    ]);
  });

  it('takes records and checkpoints of every log group that has them, as CloudWatch Logs sends them', () => {
    const filters = stack
      .ofType('AWS::Logs::SubscriptionFilter')
      .map(({ Properties }) => Properties);
    expect(filters.length).toBeGreaterThanOrEqual(1);
    const groups = filters.map(({ LogGroupName }) => readable(LogGroupName));
    expect(groups.some((name) => /McpFunctionLogs/.test(name))).toBe(true);
    expect(new Set(groups).size).toBe(filters.length);
    for (const filter of filters) expect(filter['FilterPattern']).toBe('{ $.type = "audit*" }');
    const stream = stack.only('AWS::KinesisFirehose::DeliveryStream');
    expect(readable(filters[0]?.['DestinationArn'])).toBe(`{${stream.id}.Arn}`);
    expect(stream.Properties).toMatchObject({
      DeliveryStreamType: 'DirectPut',
      DeliveryStreamEncryptionConfigurationInput: { KeyType: 'AWS_OWNED_CMK' },
      ExtendedS3DestinationConfiguration: {
        CompressionFormat: 'UNCOMPRESSED',
        Prefix: 'audit/!{timestamp:yyyy/MM/dd}/',
        CloudWatchLoggingOptions: { Enabled: true },
      },
    });
    expect(stream.Properties['ExtendedS3DestinationConfiguration']).not.toHaveProperty(
      'ProcessingConfiguration',
    );
  });

  it('is written by roles that can do nothing else, and cannot read or delete', () => {
    const bucket = stack.only('AWS::S3::Bucket').id;
    const stream = stack.only('AWS::KinesisFirehose::DeliveryStream').id;
    const roles = stack.ofType('AWS::IAM::Role');
    expect(roles).toHaveLength(2);
    const grants = roles.flatMap(({ id }) => grantsOf(stack, id));
    expect(grants.map(({ actions, resources }) => [actions, resources])).toEqual([
      [['s3:AbortMultipartUpload', 's3:PutObject'], [`{${bucket}.Arn}/*`]],
      [
        ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
        [`{${bucket}.Arn}`],
      ],
      [['logs:PutLogEvents'], [expect.stringMatching(/^arn:.*:log-stream:\{\w+\}$/)]],
      [['firehose:PutRecord', 'firehose:PutRecordBatch'], [`{${stream}.Arn}`]],
    ]);
    const trust = (id: string) =>
      JSON.stringify(roles.find((role) => role.id === id)?.Properties['AssumeRolePolicyDocument']);
    const [delivery, subscription] = roles.map(({ id }) => trust(id));
    expect(delivery).toContain('"firehose.amazonaws.com"');
    expect(subscription).toContain('"logs.amazonaws.com"');
    expect(subscription).toContain('"aws:SourceArn"');
    expect(() => grantsIn(roles[0]?.Properties['AssumeRolePolicyDocument'])).toThrow();
  });

  it('is in governance mode, for a year, when nothing else is said', async () => {
    const { Properties } = (await synthArchive({})).only('AWS::S3::Bucket');
    expect(Properties['ObjectLockConfiguration']).toMatchObject({
      Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 365 } },
    });
  });

  it('is refused by the twin by name, in one line', async () => {
    const config = archived('local', {});
    const app = anApp();
    try {
      addEnvironment(app, { envName: 'local', config, ...(await builtOnce('local', config)) });
      app.synth();
      expect(() =>
        loadDeployment(app.outdir, { accountId: '000000000000', region: 'us-east-1' }),
      ).toThrow(
        /^The twin does not run these resources of the template: [^\n]*AWS::KinesisFirehose::DeliveryStream[^\n]*$/,
      );
    } finally {
      rmSync(app.outdir, { recursive: true, force: true });
    }
  });
});

describe('what operators are told of the audit', () => {
  it.each(['dev', 'local', 'prod'] as const)(
    '%s has no archive, and names its logs',
    async (env) => {
      expect(configOf(env).archive.enabled).toBe(false);
      const { gateway } = await synthesizedEnv(env);
      const { Properties } = gateway.only('AWS::SSM::Parameter');
      const { logs, auditDigestSecretArn } = deploymentDocument.parse(
        JSON.parse(readable(Properties['Value'])),
      );
      const groups = gateway.ofType('AWS::Logs::LogGroup').map(({ id }) => `{${id}}`);
      expect(logs?.mcp).toMatch(/^\{McpFunctionLogs\w+\}$/);
      expect(logs?.access).toMatch(/^\{McpAccessLogs\w+\}$/);
      expect(groups).toEqual(expect.arrayContaining(Object.values(logs ?? {})));
      expect(auditDigestSecretArn).toMatch(/AuditDigestKey/);
    },
  );

  it('the access log is asked for the routes that the MCP function serves', async () => {
    const { gateway } = await synthesizedEnv('local');
    const routes = routesOf(gateway).map(({ route, properties }) => {
      const { Uri } = properties['Integration'] as { Uri?: unknown };
      return { route, target: JSON.stringify(Uri) };
    });
    const mcp = routes.find(({ route }) => route === 'POST /mcp')?.target;
    expect(mcp).toBeDefined();
    const served = routes.filter(({ target }) => target === mcp);
    expect(new Set(served.map(({ route }) => route))).toEqual(auditedRoutes);
  });
});

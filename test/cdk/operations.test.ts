import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { grantsOf, readable } from './support/cloudformation.ts';
import {
  configOf,
  projectDirectory,
  synthesize,
  synthesizedEnv,
  type Resource,
  type Synthesized,
} from './support/synth.ts';

type Found = Resource & { readonly id: string };

const runbooks = join(projectDirectory, 'docs', 'runbooks');

const alarmsOf = ({ operations }: Synthesized): readonly Found[] =>
  operations.ofType('AWS::CloudWatch::Alarm');

const nameOf = ({ Properties }: Found): string => String(Properties['AlarmName']);

const dashboardText = ({ operations }: Synthesized): string =>
  readable(operations.only('AWS::CloudWatch::Dashboard').Properties['DashboardBody']);

const allStacks = ({ data, gateway, operations }: Synthesized) => [data, gateway, operations];

describe.each(['dev', 'local', 'prod'] as const)('the operations of %s', (env) => {
  let synthesized: Synthesized;
  beforeAll(async () => {
    synthesized = await synthesizedEnv(env);
  });

  it('have these alarms', () => {
    expect(alarmsOf(synthesized).map(nameOf).sort()).toEqual(
      [
        'ApiServerErrors',
        'ApiThrottles',
        'AuditGaps',
        'AuthorizerConfigurationErrors',
        'AuthorizerFailures',
        'DynamoDbThrottles',
        'LambdaConcurrency',
        'LambdaErrors',
        'LambdaThrottles',
        'LatencyP95',
        'PinDrift',
        'QuotaNearLimit',
        'RequestVolume',
        'UpstreamDown',
        'WafBlockedSpike',
      ].map((name) => `drawbridge-${env}-${name}`),
    );
  });

  it('every alarm tells the topic when it begins and when it ends, and is quiet without data', () => {
    const topic = `{${synthesized.operations.only('AWS::SNS::Topic').id}}`;
    for (const { Properties } of alarmsOf(synthesized)) {
      for (const actions of ['AlarmActions', 'OKActions']) {
        expect(z.array(z.unknown()).parse(Properties[actions]).map(readable)).toEqual([topic]);
      }
      expect(Properties['TreatMissingData']).toBe('notBreaching');
      expect(Properties['ActionsEnabled']).not.toBe(false);
    }
  });

  it('every alarm names its runbook, and every runbook is of an alarm', () => {
    const named = alarmsOf(synthesized).map((alarm) => {
      const name = nameOf(alarm).slice(`drawbridge-${env}-`.length);
      expect(alarm.Properties['AlarmDescription']).toMatch(
        new RegExp(String.raw`^[A-Z][^\n]+\. Runbook: docs/runbooks/${name}\.md$`, 'u'),
      );
      return `${name}.md`;
    });
    expect(readdirSync(runbooks).sort()).toEqual(named.sort());
  });

  it('an alarm of all functions counts each of ours', () => {
    const ours = synthesized.gateway
      .ofType('AWS::Lambda::Function')
      .filter(({ Properties }) => !String(Properties['Description']).includes('sandbox'));
    for (const name of ['LambdaErrors', 'LambdaThrottles', 'LambdaConcurrency']) {
      const alarm = alarmsOf(synthesized).find((one) => nameOf(one).endsWith(`-${name}`));
      const text = JSON.stringify(alarm?.Properties['Metrics']);
      for (const { id } of ours) expect(text, name).toContain(`PublishOutputRef${id}`);
    }
  });

  it('the topic is encrypted with a key that CloudWatch may use, and takes alarms over TLS only', () => {
    const { operations } = synthesized;
    const key = operations.only('AWS::KMS::Key');
    const topic = operations.only('AWS::SNS::Topic');
    expect(readable(topic.Properties['KmsMasterKeyId'])).toBe(`{${key.id}.Arn}`);
    expect(key.Properties['EnableKeyRotation']).toBe(true);
    const ofCloudWatch = {
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': expect.anything() as unknown } },
    };
    expect(key.Properties['KeyPolicy']).toMatchObject({
      Statement: [
        { Action: 'kms:*', Effect: 'Allow' },
        { ...ofCloudWatch, Action: ['kms:Decrypt', 'kms:GenerateDataKey'] },
      ],
    });
    expect(operations.only('AWS::SNS::TopicPolicy').Properties['PolicyDocument']).toMatchObject({
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 'sns:Publish',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
        { ...ofCloudWatch, Action: 'sns:Publish', Resource: { Ref: topic.id } },
      ],
    });
    expect(operations.ofType('AWS::SNS::Subscription')).toEqual([]);
  });

  it('the dashboard shows each of these', () => {
    const { widgets } = z
      .object({ widgets: z.array(z.looseObject({ type: z.string() })) })
      .parse(JSON.parse(dashboardText(synthesized)));
    const headings = widgets.flatMap((widget) => {
      const { properties } = z
        .looseObject({ properties: z.looseObject({ markdown: z.string().optional() }) })
        .parse(widget);
      return properties.markdown ?? [];
    });
    expect(headings).toEqual([
      '## Traffic',
      '## Latency',
      '## MCP messages',
      '## Upstreams',
      '## Quotas and pins',
      '## Authorizer',
      '## Firewall and throttles',
      '## What is paid by use',
    ]);
    expect(widgets.filter(({ type }) => type === 'alarm')).toHaveLength(1);
    // A dashboard has at most 500 metrics in all and 100,000 characters (AWS: "CloudWatch dashboards quotas").
    expect(dashboardText(synthesized).length).toBeLessThan(50_000);
  });

  it('every saved query reads log groups of the gateway, and never a sandbox’s', () => {
    const groups = new Set(
      synthesized.gateway.ofType('AWS::Logs::LogGroup').map(({ id }) => `PublishOutputRef${id}`),
    );
    const queries = synthesized.operations.ofType('AWS::Logs::QueryDefinition');
    expect(queries).toHaveLength(14);
    for (const { Properties } of queries) {
      const { Name, LogGroupNames } = z
        .looseObject({ Name: z.string(), LogGroupNames: z.array(z.unknown()).min(1) })
        .parse(Properties);
      expect(Name).toMatch(new RegExp(`^drawbridge/${env}/[a-z]+/[a-z-]+$`, 'u'));
      for (const group of LogGroupNames) {
        const { 'Fn::GetStackOutput': output } = z
          .object({ 'Fn::GetStackOutput': z.looseObject({ OutputName: z.string() }) })
          .parse(group);
        const known = [...groups].filter((each) => output.OutputName.startsWith(each));
        expect(known).toHaveLength(1);
        expect(output.OutputName).not.toContain('Upstreams');
      }
    }
  });

  it('refer to what they watch weakly: an export would hold it fast', () => {
    const { operations, gateway } = synthesized;
    expect(operations.text).not.toContain('Fn::ImportValue');
    expect(operations.text).toContain('Fn::GetStackOutput');
    expect(gateway.text).not.toContain('"Export"');
  });

  it('every log group has an end, and every function writes to one that has', () => {
    for (const stack of allStacks(synthesized)) {
      for (const { id, Properties } of stack.ofType('AWS::Logs::LogGroup')) {
        expect(Properties['RetentionInDays'], id).toBeGreaterThan(0);
      }
      // One that names none, as the function of a custom resource, has a group without end.
      for (const { id, Properties } of stack.ofType('AWS::Lambda::Function')) {
        const { LogGroup } = z
          .looseObject({ LogGroup: z.unknown() })
          .parse(Properties['LoggingConfig']);
        expect(stack.resources[readable(LogGroup).slice(1, -1)]?.Type, id).toBe(
          'AWS::Logs::LogGroup',
        );
      }
    }
  });

  it('what API Gateway writes of its own errors has a log group before there is a stage', () => {
    const { gateway } = synthesized;
    const api = gateway.only('AWS::ApiGateway::RestApi').id;
    const group = gateway
      .ofType('AWS::Logs::LogGroup')
      .find(({ Properties }) => readable(Properties['LogGroupName']).startsWith('API-Gateway'));
    expect(readable(group?.Properties['LogGroupName'])).toBe(
      `API-Gateway-Execution-Logs_{${api}}/live`,
    );
    const { DependsOn } = gateway.only('AWS::ApiGateway::Stage') as { DependsOn?: unknown };
    expect(DependsOn).toContain(group?.id);
  });

  it('the log of every function is indexed, and masks keys and tokens', () => {
    const functions = synthesized.gateway.ofType('AWS::Lambda::Function');
    for (const { Properties } of functions) {
      const { LogGroup } = z
        .looseObject({ LogGroup: z.unknown() })
        .parse(Properties['LoggingConfig']);
      const group = synthesized.gateway.resources[readable(LogGroup).slice(1, -1)];
      expect(group?.Properties['FieldIndexPolicies']).toEqual([
        { Fields: ['requestId', 'tenant', 'keyId', 'tool'] },
      ]);
      expect(group?.Properties['DataProtectionPolicy']).toMatchObject({
        Statement: [
          { Operation: { Audit: {} } },
          { DataIdentifier: ['DrawbridgeApiKey', 'Jwt'], Operation: { Deidentify: {} } },
        ],
      });
    }
  });

  it('traces the stage and each function of ours, and no sandbox', () => {
    const { gateway, operations } = synthesized;
    expect(gateway.only('AWS::ApiGateway::Stage').Properties['TracingEnabled']).toBe(true);
    for (const { Properties } of gateway.ofType('AWS::Lambda::Function')) {
      const isSandbox = String(Properties['Description']).includes('sandbox');
      const role = readable(Properties['Role']).slice(1, -'.Arn}'.length);
      const xray = grantsOf(gateway, role).filter(({ actions }) =>
        actions.some((action) => action.startsWith('xray:')),
      );
      expect(Properties['TracingConfig']).toEqual(isSandbox ? undefined : { Mode: 'Active' });
      expect(xray).toEqual(
        isSandbox
          ? []
          : [
              {
                effect: 'Allow',
                actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
                resources: ['*'],
              },
            ],
      );
    }
    expect(operations.only('AWS::XRay::SamplingRule').Properties['SamplingRule']).toMatchObject({
      FixedRate: 0.05,
      ReservoirSize: 0,
      ServiceName: `drawbridge-${env}/live`,
    });
  });

  it('need no role: they look, and change nothing', () => {
    const { operations } = synthesized;
    expect(operations.ofType('AWS::IAM::Role')).toEqual([]);
    expect(operations.ofType('AWS::IAM::Policy')).toEqual([]);
    expect(operations.ofType('AWS::Lambda::Function')).toEqual([]);
  });
});

describe('what the custom data identifiers find', () => {
  const identifiers = async (): Promise<readonly RegExp[]> => {
    const { gateway } = await synthesizedEnv('dev');
    const [group] = gateway
      .ofType('AWS::Logs::LogGroup')
      .filter(({ Properties }) => Properties['DataProtectionPolicy'] !== undefined);
    const { Configuration } = z
      .looseObject({
        Configuration: z.object({
          CustomDataIdentifier: z.array(z.object({ Name: z.string(), Regex: z.string() })),
        }),
      })
      .parse(group?.Properties['DataProtectionPolicy']);
    return Configuration.CustomDataIdentifier.map(({ Regex }) => {
      // As much of regular expressions as CloudWatch Logs takes, and as long.
      expect(Regex).toMatch(/^[\w#=@/;,\-\s^$?[\]{}|\\*+.]{1,200}$/u);
      return new RegExp(Regex, 'u');
    });
  };

  it('are keys and tokens, and nothing of an audit record', async () => {
    const found = async (text: string) => (await identifiers()).some((regex) => regex.test(text));
    const part = Buffer.from('{"alg":"RS256","kid":"one"}').toString('base64url');
    expect(await found(`"x":"smcp_acme-1_${'aB3'.repeat(15)}z"`)).toBe(true);
    expect(await found(`Bearer ${part}.${part}.${'s'.repeat(86)}`)).toBe(true);
    const record =
      '{"keyId":"EXJN2mxh","argsDigest":"mSIs6Q8gyZrRr8osWwQUz1UNwz35GwZjMleDN6T4aGw"}';
    expect(await found(record)).toBe(false);
  });
});

describe('the configuration', () => {
  const dev = configOf('dev');

  it('says who gets mail, where runbooks are, and when to worry', async () => {
    const synthesized = await synthesize('dev', {
      ...dev,
      alarms: {
        ...dev.alarms,
        emails: ['on-call@example.com'],
        runbooksUrl: 'https://example.com/runbooks',
        authorizerFailures: 77,
      },
      tracing: { enabled: true, sampledPercent: 100 },
    });
    const { operations } = synthesized;
    expect(operations.only('AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'on-call@example.com',
    });
    const alarm = alarmsOf(synthesized).find((one) => nameOf(one).endsWith('AuthorizerFailures'));
    expect(alarm?.Properties).toMatchObject({
      Threshold: 77,
      AlarmDescription: expect.stringMatching(
        /Runbook: https:\/\/example\.com\/runbooks\/AuthorizerFailures\.md$/u,
      ) as unknown,
    });
    expect(operations.only('AWS::XRay::SamplingRule').Properties['SamplingRule']).toMatchObject({
      FixedRate: 1,
    });
  });

  it('turns each part off', async () => {
    const synthesized = await synthesize('dev', {
      ...dev,
      metrics: { enabled: false, dashboard: false },
      alarms: { ...dev.alarms, enabled: false },
      tracing: { enabled: false, sampledPercent: 5 },
    });
    const { operations, gateway } = synthesized;
    for (const type of ['CloudWatch::Alarm', 'CloudWatch::Dashboard', 'SNS::Topic', 'KMS::Key']) {
      expect(operations.ofType(`AWS::${type}`), type).toEqual([]);
    }
    expect(gateway.text).not.toContain('METRICS_ENV');
    expect(gateway.text).not.toContain('xray:');
    expect(gateway.text).not.toContain('TracingConfig');
  });

  it('without metrics of our own there are only alarms of AWS’s', async () => {
    const synthesized = await synthesize('dev', {
      ...dev,
      metrics: { enabled: false, dashboard: true },
    });
    const names = alarmsOf(synthesized).map((alarm) => nameOf(alarm));
    expect(names).not.toContain('drawbridge-dev-UpstreamDown');
    expect(names).toContain('drawbridge-dev-ApiServerErrors');
    expect(dashboardText(synthesized)).not.toContain('UpstreamDown');
  });
});

describe('each runbook', () => {
  it.each(readdirSync(runbooks))(
    '%s says what it means, what to do and when to call for help',
    (file) => {
      const text = readFileSync(join(runbooks, file), 'utf8');
      expect(text).toMatch(new RegExp(`^# ${file.replace('.md', '')}\n`, 'u'));
      expect([...text.matchAll(/^## (.+)$/gmu)].map(([, heading]) => heading)).toEqual([
        'What users see',
        'First five minutes',
        'Causes and fixes',
        'Escalate',
      ]);
    },
  );

  it('names saved queries that there are', async () => {
    const { operations } = await synthesizedEnv('dev');
    const known = operations
      .ofType('AWS::Logs::QueryDefinition')
      .map(({ Properties }) => String(Properties['Name']).replace('drawbridge/dev/', ''));
    for (const file of readdirSync(runbooks)) {
      const text = readFileSync(join(runbooks, file), 'utf8');
      for (const [, name] of text.matchAll(/`drawbridge\/<env>\/([a-z/-]+)`/gu)) {
        expect(known, file).toContain(name);
      }
    }
    expect(existsSync(join(projectDirectory, 'content', 'monitoring.md'))).toBe(true);
  });
});

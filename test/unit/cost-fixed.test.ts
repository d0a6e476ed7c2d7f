import { describe, expect, it } from 'vitest';
import { UnpricedError } from '../../src/cost/charge.ts';
import { estimateCost, type CostEstimate } from '../../src/cost/estimate.ts';
import { trafficProfiles, type Traffic } from '../../src/cost/traffic.ts';
import { aStack, policy, road } from './cost-fixtures.ts';

const million = 1_048_576;

const estimate = (
  resources: Parameters<typeof aStack>[0],
  given: Partial<Traffic> = {},
): CostEstimate =>
  estimateCost({
    stacks: [aStack({ ...road, ...resources })],
    traffic: { ...trafficProfiles.typical, ...given },
    requests: million,
  });

const bare = new Set(estimate({}).lines.map(({ what }) => what));

/** The lines that the resources add: [when, service, what, USD]. */
const added = (resources: Parameters<typeof aStack>[0], given: Partial<Traffic> = {}) =>
  estimate(resources, given)
    .lines.filter(({ what, service }) => !bare.has(what) || service === 'WAF')
    .map(({ basis, service, what, usd }) => [basis, service, what, Number(usd.toFixed(6))]);

describe('WAF', () => {
  const managed = (Name: string, VendorName = 'AWS') => ({
    Statement: { ManagedRuleGroupStatement: { VendorName, Name } },
  });
  const acl = (Properties: object) => ({
    Acl: { Type: 'AWS::WAFv2::WebACL', Properties: { ...Properties } },
  });

  it('has a fee for the web ACL, for each rule and for each request', () => {
    const Rules = [
      { Statement: { RateBasedStatement: {} } },
      managed('AWSManagedRulesCommonRuleSet'),
    ];
    expect(added(acl({ Rules }))).toEqual([
      ['idle', 'WAF', 'web ACL', 5],
      ['idle', 'WAF', 'rules and managed groups', 2],
      ['requests', 'WAF', 'requests', 0.629146],
    ]);
  });

  it('has one for each further 16 KB that it looks at, and not beyond its limit', () => {
    const limit = (DefaultSizeInspectionLimit: string) => ({
      AssociationConfig: { RequestBody: { API_GATEWAY: { DefaultSizeInspectionLimit } } },
    });
    const bodies = (properties: object, requestKb: number) =>
      added(acl(properties), { requestKb }).find(([, , what]) => what === 'bodies beyond 16 KB');
    expect(bodies(limit('KB_64'), 40)?.at(-1)).toBe(0.629146);
    expect(bodies(limit('KB_32'), 400)?.at(-1)).toBe(0.314573);
    expect(bodies(limit('KB_64'), 16)).toBeUndefined();
    expect(bodies({}, 400)).toBeUndefined();
  });

  it('is not priced with a group that has a fee of its own', () => {
    const bots = { Rules: [managed('AWSManagedRulesBotControlRuleSet')] };
    expect(() => estimate(acl(bots))).toThrow(/AWS\/AWSManagedRulesBotControlRuleSet/);
    expect(() => estimate(acl({ Rules: [managed('Common', 'Other')] }))).toThrow(/Other\/Common/);
  });

  it('writes a log of every request where no filter says otherwise', () => {
    const log = (LoggingFilter?: object) => ({
      WafLog: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 1 } },
      Logging: {
        Type: 'AWS::WAFv2::LoggingConfiguration',
        Properties: {
          LogDestinationConfigs: [{ 'Fn::GetAtt': ['WafLog', 'Arn'] }],
          ...(LoggingFilter === undefined ? {} : { LoggingFilter }),
        },
      },
    });
    const given = { wafLogBytes: 1_024, wafLogShare: 0.25 };
    expect(added(log(), given)[0]).toEqual(['requests', 'CloudWatch', 'WAF log, ingested', 0.5]);
    expect(added(log({}), given)[0]?.at(-1)).toBe(0.125);
  });
});

describe('logs', () => {
  const given = { auditBytes: 512, metricBytes: 512, accessLogBytes: 1_024, logCompression: 0.5 };
  const logged = (properties: object) => ({
    Log: { Type: 'AWS::Logs::LogGroup', Properties: { ...properties } },
    Mcp: {
      ...road.Mcp,
      Properties: {
        ...road.Mcp.Properties,
        LoggingConfig: { LogGroup: { Ref: 'Log' } },
        Environment: { Variables: { METRICS_ENV: 'test' } },
      },
    },
  });
  const isLog = ([, service, what]: readonly unknown[]) =>
    service === 'CloudWatch' && String(what).startsWith('audit');

  it('are charged when they come and for as long as they are kept', () => {
    // One GB at 0.50. Half a GB at 0.03 for 365 days, which are twelve months.
    expect(added(logged({ RetentionInDays: 365 }), given).filter(isLog)).toEqual([
      ['requests', 'CloudWatch', 'audit and metrics, ingested', 0.5],
      ['requests', 'CloudWatch', 'audit and metrics, kept 365 days', 0.18],
    ]);
  });

  it('of the class for infrequent access cost half, and masked ones more', () => {
    const properties = {
      RetentionInDays: 1,
      LogGroupClass: 'INFREQUENT_ACCESS',
      DataProtectionPolicy: {},
    };
    const lines = added(logged(properties), given).filter(isLog);
    expect(lines.map((line) => line.slice(2))).toEqual([
      ['audit and metrics, ingested', 0.25],
      ['audit and metrics, masked', 0.12],
      ['audit and metrics, kept 1 days', 0.000493],
    ]);
  });

  it('of the API go where its stage says', () => {
    const Access = { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 1 } };
    const Stage = {
      ...road.Stage,
      Properties: { AccessLogSetting: { DestinationArn: { 'Fn::GetAtt': ['Access', 'Arn'] } } },
    };
    expect(added({ Access, Stage }, given)[0]).toEqual([
      'requests',
      'CloudWatch',
      'access log, ingested',
      0.5,
    ]);
  });

  it('that nothing on the road writes cost nothing', () => {
    expect(added({ Log: { Type: 'AWS::Logs::LogGroup' } })).toEqual([]);
  });

  it('are archived through Firehose, where a filter delivers them', () => {
    const archived = (FilterPattern: string) =>
      added(
        {
          ...logged({ RetentionInDays: 1 }),
          Bucket: { Type: 'AWS::S3::Bucket' },
          Hose: { Type: 'AWS::KinesisFirehose::DeliveryStream' },
          Filter: {
            Type: 'AWS::Logs::SubscriptionFilter',
            Properties: {
              DestinationArn: { 'Fn::GetAtt': ['Hose', 'Arn'] },
              LogGroupName: { Ref: 'Log' },
              FilterPattern,
            },
          },
        },
        { ...given, archiveMonths: 10 },
      );
    expect(archived('')).toContainEqual(['requests', 'Firehose', 'archived logs', 0.029]);
    expect(archived('')).toContainEqual(['requests', 'S3', 'archive, kept 10 months', 0.115]);
    // Half of the lines are metrics.
    const audit = archived('{ $.type = "audit*" }');
    expect(audit).toContainEqual(['requests', 'Firehose', 'archived logs', 0.0145]);
  });
});

describe('CloudWatch', () => {
  it('alarms are charged by the metrics that they read, and a band by three', () => {
    const alarm = (Properties: Readonly<Record<string, unknown>>) => ({
      Type: 'AWS::CloudWatch::Alarm',
      Properties,
    });
    const stat = (Period = 300) => ({ MetricStat: { Period } });
    expect(
      added({
        Plain: alarm({ MetricName: 'Errors', Period: 60 }),
        Rate: alarm({ Metrics: [{ Expression: 'a/b' }, stat(), stat()] }),
        Band: alarm({ ThresholdMetricId: 'band', Metrics: [{ Expression: 'BAND' }, stat()] }),
        Fast: alarm({ MetricName: 'Errors', Period: 10 }),
        Both: { Type: 'AWS::CloudWatch::CompositeAlarm' },
        Topic: { Type: 'AWS::SNS::Topic' },
      }),
    ).toEqual([
      ['idle', 'CloudWatch', 'composite alarms', 0.5],
      ['idle', 'CloudWatch', 'alarms', 0.3],
      ['idle', 'CloudWatch', 'alarms of less than a minute', 0.3],
      ['idle', 'CloudWatch', 'alarms on anomalies', 0.3],
    ]);
  });

  it('dashboards have a price each', () => {
    const Dashboard = { Type: 'AWS::CloudWatch::Dashboard' };
    expect(added({ Dashboard, Other: Dashboard })).toEqual([
      ['idle', 'CloudWatch', 'dashboards', 6],
    ]);
  });

  it('metrics of methods are five for each method that is used, and as many as there are', () => {
    const staged = (MethodSettings: readonly object[]) => ({
      Stage: { ...road.Stage, Properties: { MethodSettings } },
      Other: { Type: 'AWS::ApiGateway::Method', Properties: { HttpMethod: 'GET' } },
    });
    const all = { MetricsEnabled: true, HttpMethod: '*', ResourcePath: '/*' };
    const what = 'metrics of API methods that get requests';
    expect(added(staged([all]), { usedMethods: 9 })).toEqual([['inUse', 'CloudWatch', what, 3]]);
    expect(added(staged([all]), { usedMethods: 1 })).toEqual([['inUse', 'CloudWatch', what, 1.5]]);
    const one = { MetricsEnabled: true, HttpMethod: 'POST', ResourcePath: '/mcp' };
    expect(added(staged([one]), { usedMethods: 9 })).toEqual([['inUse', 'CloudWatch', what, 1.5]]);
    expect(added(staged([{ ...all, MetricsEnabled: false }]))).toEqual([]);
  });

  it('metrics that functions write are as many as the catalogue and the template say', () => {
    const variables = (Variables: object) => ({
      Mcp: { ...road.Mcp, Properties: { ...road.Mcp.Properties, Environment: { Variables } } },
    });
    const metered = variables({ METRICS_ENV: 'test', METRIC_SERVERS: 'drawbridge weather' });
    const metrics = (refusalReasons: number) => added(metered, { refusalReasons })[0]?.at(-1);
    // Eight of the environment, five for each of two servers, one of a function, two for each reason.
    expect(metrics(0)).toBeCloseTo(19 * 0.3, 9);
    expect(metrics(3)).toBeCloseTo(25 * 0.3, 9);
    expect(added(variables({}))).toEqual([]);
  });

  it('metrics of filters are one each', () => {
    expect(added({ Filter: { Type: 'AWS::Logs::MetricFilter' } })).toEqual([
      ['inUse', 'CloudWatch', 'metrics of log filters', 0.3],
    ]);
  });
});

describe('X-Ray', () => {
  const traced = { ...road.Stage, Properties: { TracingEnabled: true } };

  it('traces the first request of each second unless a rule says less', () => {
    const [line] = added({ Stage: traced });
    expect(line).toEqual(['requests', 'X-Ray', 'traces, 1 a second and 5 % of the rest', 5.24288]);
  });

  it('costs what the rule lets through', () => {
    const Rule = {
      Type: 'AWS::XRay::SamplingRule',
      Properties: { SamplingRule: { FixedRate: 0.05, ReservoirSize: 0 } },
    };
    expect(added({ Stage: traced, Rule })[0]?.at(-1)).toBe(0.262144);
  });

  it('costs nothing where nothing is traced', () => {
    expect(added({})).toEqual([]);
  });
});

describe('what is charged by the month', () => {
  it('is secrets, keys, zones, machine clients', () => {
    const client = (...AllowedOAuthFlows: string[]) => ({
      Type: 'AWS::Cognito::UserPoolClient',
      Properties: { AllowedOAuthFlows },
    });
    expect(
      added(
        {
          Pepper: { Type: 'AWS::SecretsManager::Secret' },
          Digest: { Type: 'AWS::SecretsManager::Secret' },
          Reads: policy('McpRole', 'secretsmanager:GetSecretValue', { Ref: 'Digest' }),
          Key: { Type: 'AWS::KMS::Key' },
          Zone: { Type: 'AWS::Route53::HostedZone' },
          Check: { Type: 'AWS::Route53::HealthCheck' },
          Pool: { Type: 'AWS::Cognito::UserPool' },
          People: client('code'),
          Machines: client('client_credentials'),
          Plain: { Type: 'AWS::SSM::Parameter', Properties: { Tier: 'Standard' } },
          Large: { Type: 'AWS::SSM::Parameter', Properties: { Tier: 'Advanced' } },
        },
        { users: 100, warmContainers: 2 },
      ),
    ).toEqual([
      ['idle', 'Cognito', 'machine clients', 6],
      ['idle', 'KMS', 'keys', 1],
      ['idle', 'Secrets Manager', 'secrets', 0.8],
      ['idle', 'Route 53', 'health check', 0.5],
      ['idle', 'Route 53', 'hosted zone', 0.5],
      ['idle', 'Parameter Store', 'advanced parameters', 0.05],
      // 730 tokens at 2.25 for a thousand.
      ['inUse', 'Cognito', 'their tokens, one an hour', 1.6425],
      // 100 people at 0.015.
      ['inUse', 'Cognito', 'people who sign in', 1.5],
      // Two containers, every five minutes: 17,520 reads at 0.05 for ten thousand.
      ['inUse', 'Secrets Manager', 'secrets read again by warm functions', 0.0876],
    ]);
  });
});

describe('what has no price', () => {
  it('is named with its resource, all of it at once, and nothing is reckoned', () => {
    const attempt = () =>
      estimate({
        Nat: { Type: 'AWS::EC2::NatGateway' },
        Nested: { Type: 'AWS::CloudFormation::Stack' },
      });
    expect(attempt).toThrow(UnpricedError);
    expect(attempt).toThrow(
      'no price known for AWS::EC2::NatGateway (test-Gateway/Nat)\n' +
        'no price known for AWS::CloudFormation::Stack (test-Gateway/Nested)',
    );
  });

  it.each([
    ['a cache cluster', { Stage: { ...road.Stage, Properties: { CacheClusterEnabled: true } } }],
    [
      'LoggingLevel INFO',
      { Stage: { ...road.Stage, Properties: { MethodSettings: [{ LoggingLevel: 'INFO' }] } } },
    ],
    ['provisioned capacity', { Table: { Type: 'AWS::DynamoDB::Table' } }],
    [
      'SnapStart',
      { F: { Type: 'AWS::Lambda::Function', Properties: { SnapStart: { ApplyOn: 'All' } } } },
    ],
  ])('is a setting, too: %s', (setting, resources) => {
    expect(() => estimate(resources)).toThrow(setting);
  });

  it('is an environment without the road of a request', () => {
    const stacks = [aStack({ Key: { Type: 'AWS::KMS::Key' } })];
    expect(() => estimateCost({ stacks, traffic: trafficProfiles.typical, requests: 1 })).toThrow(
      /no POST \/mcp/,
    );
  });

  it('and what is free says why', () => {
    expect(estimate({ C: { Type: 'Custom::Thing' } }).free).toMatchObject({
      'AWS::IAM::Role': 'permissions are free',
      'Custom::Thing': 'runs a function at deployments',
    });
  });
});

import { describe, expect, it } from 'vitest';
import { configSchema } from '../../lib/config.ts';
import { planTableOf } from '../../lib/plan-config.ts';
import { parseDeploymentDocument } from '../../src/admin/deployment-document.ts';
import { quotaEnv } from '../../src/quota/plan-limits.ts';
import { readable } from './support/cloudformation.ts';
import { configOf, synthesize, synthesizedEnv, type SynthesizedStack } from './support/synth.ts';

/** The variable `PLANS` of the one function that has it. */
const plansFor = (gateway: SynthesizedStack): string => {
  const found = gateway.ofType('AWS::Lambda::Function').flatMap(({ id, Properties }) => {
    const { Variables = {} } = (Properties['Environment'] ?? {}) as {
      Variables?: Record<string, unknown>;
    };
    return typeof Variables['PLANS'] === 'string' ? [[id, Variables['PLANS']] as const] : [];
  });
  const metering = found.filter(([id]) => id.startsWith('McpFunction'));
  expect(metering).toHaveLength(1);
  return metering[0]![1];
};

const expectedPlans = {
  dev: {
    free: { Throttle: { RateLimit: 5, BurstLimit: 10 }, Quota: { Limit: 1000, Period: 'DAY' } },
    standard: {
      Throttle: { RateLimit: 50, BurstLimit: 100 },
      Quota: { Limit: 1_000_000, Period: 'MONTH' },
    },
  },
  local: {
    free: { Throttle: { RateLimit: 5, BurstLimit: 5 }, Quota: { Limit: 10_000, Period: 'DAY' } },
    standard: {
      Throttle: { RateLimit: 50, BurstLimit: 100 },
      Quota: { Limit: 1_000_000, Period: 'MONTH' },
    },
    premium: { Throttle: { RateLimit: 10_000, BurstLimit: 5_000 } },
    trial: { Throttle: { RateLimit: 1_000, BurstLimit: 2_000 } },
  },
  prod: {
    free: { Throttle: { RateLimit: 5, BurstLimit: 10 }, Quota: { Limit: 1000, Period: 'DAY' } },
    standard: {
      Throttle: { RateLimit: 50, BurstLimit: 100 },
      Quota: { Limit: 1_000_000, Period: 'MONTH' },
    },
    premium: {
      Throttle: { RateLimit: 500, BurstLimit: 1_000 },
      Quota: { Limit: 50_000_000, Period: 'MONTH' },
    },
  },
} as const;

const expectedUnits = {
  dev: { free: { perDay: 1_000 }, standard: { perMonth: 1_000_000 } },
  local: {
    free: { perDay: 1_000, perMonth: 10_000 },
    standard: { perDay: 100_000, perMonth: 1_000_000 },
    premium: undefined,
    trial: { perMinute: 50 },
  },
  prod: {
    free: { perDay: 1_000 },
    standard: { perMonth: 1_000_000 },
    premium: { perMonth: 50_000_000 },
  },
} as const;

/** What operators are told of upstreams. Without any, nothing. */
const upstreamFacts = {
  secrets: {
    'items-api-key': expect.stringMatching(/ExportsOutputRefUpstreamSecretitemsapikey/) as string,
  },
  upstreams: [
    {
      name: 'everything',
      kind: 'stdio',
      function: expect.stringMatching(/^\{Upstreamseverything\w+\}$/) as string,
    },
    { name: 'items', kind: 'openapi', url: 'http://127.0.0.1:7500' },
  ],
  allowLoopback: true,
};

describe.each(['dev', 'local', 'prod'] as const)('the plans of %s', (env) => {
  it('are those of its configuration, each on the one stage', async () => {
    const { gateway } = await synthesizedEnv(env);
    const api = gateway.only('AWS::ApiGateway::RestApi').id;
    const stage = gateway.only('AWS::ApiGateway::Stage').id;
    const plans = gateway.ofType('AWS::ApiGateway::UsagePlan').map(({ Properties }) => {
      const { UsagePlanName, Throttle, Quota, ApiStages } = Properties;
      const [only, ...others] = ApiStages as Record<string, unknown>[];
      expect(others).toEqual([]);
      expect([readable(only?.['ApiId']), readable(only?.['Stage'])]).toEqual([
        `{${api}}`,
        `{${stage}}`,
      ]);
      const name = String(UsagePlanName).replace(`drawbridge-${env}-Gateway-`, '');
      return [name, { Throttle, ...(Quota === undefined ? {} : { Quota }) }];
    });
    expect(Object.fromEntries(plans)).toEqual(expectedPlans[env]);
  });

  it('reach the function that meters with their units, and without what API Gateway counts', async () => {
    const { gateway } = await synthesizedEnv(env);
    const plans = plansFor(gateway);
    expect(quotaEnv.parse({ USAGE_TABLE_NAME: 'Usage', PLANS: plans }).PLANS).toEqual(
      Object.fromEntries(
        Object.entries<object | undefined>(expectedUnits[env]).map(([name, units]) => [
          name,
          { ...(units === undefined ? {} : { units }), shards: 1, whenUnreachable: 'refuse' },
        ]),
      ),
    );
    expect(plans).not.toContain('Limit');
  });

  it('no key is made by the stack: tenants get theirs from the CLI', async () => {
    const { gateway } = await synthesizedEnv(env);
    expect(gateway.ofType('AWS::ApiGateway::ApiKey')).toEqual([]);
    expect(gateway.ofType('AWS::ApiGateway::UsagePlanKey')).toEqual([]);
  });

  it('the CLI finds everything in the deployment’s document', async () => {
    const { gateway } = await synthesizedEnv(env);
    const { Properties } = gateway.only('AWS::SSM::Parameter');
    expect(Properties).toMatchObject({ Name: `/drawbridge/${env}/deployment`, Type: 'String' });
    const document = parseDeploymentDocument('parameter', readable(Properties['Value']));
    const planIds = Object.fromEntries(
      gateway
        .ofType('AWS::ApiGateway::UsagePlan')
        .map(({ id, Properties: { UsagePlanName } }) => [
          String(UsagePlanName).replace(`drawbridge-${env}-Gateway-`, ''),
          `{${id}}`,
        ]),
    );
    expect(document).toEqual({
      version: 1,
      registryTable: expect.stringMatching(/ExportsOutputRefRegistryTable/) as string,
      usageTable: expect.stringMatching(/ExportsOutputRefUsageTable/) as string,
      maxShards: 1,
      pepperSecretArn: expect.stringMatching(/ExportsOutputRefPepper/) as string,
      restApiId: `{${gateway.only('AWS::ApiGateway::RestApi').id}}`,
      stage: `{${gateway.only('AWS::ApiGateway::Stage').id}}`,
      publicUrl: expect.stringMatching(
        /^https:\/\/\{McpApi\w+\}\.execute-api\..+\.amazonaws\.com\/live$/u,
      ) as string,
      plans: planIds,
      auditDigestSecretArn: expect.stringMatching(/ExportsOutputRefAuditDigestKey/) as string,
      firewall: { maxBodyBytes: 1_000_000, deny: [], ci: [] },
      logs: {
        mcp: expect.stringMatching(/^\{McpFunctionLogs/) as string,
        admin: expect.stringMatching(/^\{AdminFunctionLogs/) as string,
        access: expect.stringMatching(/^\{McpAccessLogs/) as string,
      },
      newTools: env === 'local' ? 'allow' : 'hide',
      ownTools: { fetch: 'ri', search: 'ri' },
      planUnits: planTableOf(configOf(env).plans),
      ...(env === 'local' ? upstreamFacts : {}),
    });
    expect(Object.keys(document.plans).sort()).toEqual(Object.keys(expectedPlans[env]).sort());
  });
});

it.each([
  ['publicUrl', { publicUrl: 'https://mcp.example.com/gateway' }, /^mcp\.example\.com$/],
  ['CloudFront', { cloudFront: { enabled: true } }, /^\{McpEdgeDistribution\w+\.DomainName\}$/],
])('an address by %s is a host that no upstream may be at', async (_, settings, host) => {
  const config = configSchema.parse({ ...configOf('dev'), ...settings });
  const { gateway } = await synthesize('dev', config);
  const { Value } = gateway.only('AWS::SSM::Parameter').Properties;
  const { hosts } = parseDeploymentDocument('parameter', readable(Value));
  expect(hosts).toEqual([expect.stringMatching(host)]);
});

it('every plan of the deployment fits into the most shards that operators are told', async () => {
  const dev = configOf('dev');
  const config = configSchema.parse({
    ...dev,
    plans: {
      ...dev.plans,
      busy: {
        rateLimit: 5_000,
        burstLimit: 5_000,
        units: { perDay: 1_000_000 },
        unitsPerCredential: { perMinute: 600 },
        shards: 8,
        whenUnreachable: 'allow',
      },
    },
  });
  const { gateway } = await synthesize('dev', config);
  const { Value } = gateway.only('AWS::SSM::Parameter').Properties;
  expect(parseDeploymentDocument('parameter', readable(Value)).maxShards).toBe(8);
  expect(JSON.parse(plansFor(gateway))).toMatchObject({
    busy: {
      units: { perDay: 1_000_000 },
      unitsPerCredential: { perMinute: 600 },
      shards: 8,
      whenUnreachable: 'allow',
    },
  });
});

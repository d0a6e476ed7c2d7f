import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateCost, type CostEstimate } from '../../src/cost/estimate.ts';
import { trafficProfiles, type Traffic } from '../../src/cost/traffic.ts';
import { aStack, policy, road } from './cost-fixtures.ts';

/** Round numbers, to be reckoned by hand. */
const traffic: Traffic = {
  requestKb: 1,
  responseKb: 1_024,
  toolCallShare: 0.5,
  upstreamShare: 0.5,
  sandboxShare: 0.5,
  ownMs: 100,
  upstreamMs: 400,
  authorizerMs: 20,
  authorizerHitRate: 0.9,
  auditBytes: 1_024,
  metricBytes: 1_024,
  accessLogBytes: 1_024,
  wafLogShare: 0.25,
  wafLogBytes: 1_024,
  logCompression: 0.5,
  usageItemKb: 1,
  tableGb: 1,
  archiveMonths: 10,
  warmContainers: 1,
  usedMethods: 2,
  refusalReasons: 0,
  users: 0,
};

const estimate = (
  resources: Parameters<typeof aStack>[0],
  requests = 1_048_576,
  given: Partial<Traffic> = {},
): CostEstimate =>
  estimateCost({
    stacks: [aStack({ ...road, ...resources })],
    traffic: { ...traffic, ...given },
    requests,
  });

/** What the lines of an estimate cost, by what they are for. */
const lines = ({ lines: all }: CostEstimate): Readonly<Record<string, number>> =>
  Object.fromEntries(
    all.map(({ service, what, usd }) => [`${service}: ${what}`, Number(usd.toFixed(6))]),
  );

describe('a request', () => {
  it('costs what API Gateway, both functions and the answer cost', () => {
    expect(lines(estimate({}, 1_000_000))).toEqual({
      // 3.50 for a million.
      'API Gateway: requests': 3.5,
      // 1 MB each: 1,000,000 / 1,024 GB at 0.09.
      'Data out: answers to the internet': 87.890625,
      'Lambda: MCP function, requests': 0.2,
      // 100 ms, and a quarter of the requests waits 400 ms: 200 ms in 1 GB are 200,000 GB-seconds at 0.0000133334.
      'Lambda: MCP function, time in 1024 MB': 2.66668,
      // A tenth of them, at 0.20.
      'Lambda: authorizer, requests': 0.02,
      // 100,000 × 20 ms in half a GB: 1,000 GB-seconds.
      'Lambda: authorizer, time in 512 MB': 0.013333,
    });
  });

  it('runs the authorizer each time where its answers are not cached', () => {
    const uncached = { ...road.Gate.Properties, AuthorizerResultTtlInSeconds: 0 };
    const costs = lines(estimate({ Gate: { ...road.Gate, Properties: uncached } }, 1_000_000));
    expect(costs['Lambda: authorizer, requests']).toBe(0.2);
    expect(costs['Lambda: authorizer, time in 512 MB']).toBe(0.133334);
  });

  it('counts twice at API Gateway when its answer is of more than 10 MB, and streams at a price', () => {
    const costs = lines(estimate({}, 1_000_000, { responseKb: 6_144 + 5_000 }));
    expect(costs['API Gateway: requests']).toBe(7);
    expect(costs['Lambda: MCP function, answers beyond 6 MB']).toBeCloseTo(
      ((1e6 * 5_000) / 1_048_576) * 0.008,
      6,
    );
  });

  it('costs more on x86, and with a larger /tmp', () => {
    const Properties = {
      ...road.Mcp.Properties,
      Architectures: ['x86_64'],
      EphemeralStorage: { Size: 1_536 },
    };
    const costs = lines(estimate({ Mcp: { ...road.Mcp, Properties } }, 1_000_000));
    expect(costs['Lambda: MCP function, time in 1024 MB']).toBe(3.33334);
    expect(costs['Lambda: MCP function, /tmp beyond 512 MB']).toBe(0.00618);
  });

  it('goes through CloudFront where there is a distribution, and is no data out of the API', () => {
    const Distribution = {
      Type: 'AWS::CloudFront::Distribution',
      Properties: { DistributionConfig: { DefaultCacheBehavior: { FunctionAssociations: [{}] } } },
    };
    const costs = lines(estimate({ Distribution }));
    expect(costs['Data out: answers to the internet']).toBeUndefined();
    expect(costs).toMatchObject({
      'CloudFront: requests': 1.048576,
      'CloudFront: function at the edge': 0.104858,
      // 1,024 GB at 0.085, and one GB at 0.02.
      'CloudFront: answers to the internet': 87.04,
      'CloudFront: requests to the API': 0.02,
    });
  });

  it('of a private API goes through endpoints, which are charged by the hour and subnet', () => {
    const costs = lines(
      estimate({
        Api: {
          Type: 'AWS::ApiGateway::RestApi',
          Properties: { EndpointConfiguration: { Types: ['PRIVATE'] } },
        },
        Endpoint: {
          Type: 'AWS::EC2::VPCEndpoint',
          Properties: { VpcEndpointType: 'Interface', SubnetIds: ['a', 'b'] },
        },
        Gateway: { Type: 'AWS::EC2::VPCEndpoint' },
      }),
    );
    expect(costs['Data out: answers to the internet']).toBeUndefined();
    // Two subnets, 730 hours at 0.01; 1,025 GB at 0.01.
    expect(costs['PrivateLink: interface endpoint, in each subnet']).toBe(14.6);
    expect(costs['PrivateLink: requests and answers']).toBe(10.25);
  });

  it('to a stdio server runs a sandbox; sandboxes share such calls', () => {
    const sandbox = {
      Type: 'AWS::Lambda::Function',
      Properties: {
        MemorySize: 512,
        Architectures: ['arm64'],
        TenancyConfig: { TenantIsolationMode: 'PER_TENANT' },
      },
    };
    const result = estimate({ One: sandbox, Two: sandbox }, 1_000_000);
    const costs = lines(result);
    // An eighth of the requests: 125,000 at 0.20; 400 ms in half a GB are 25,000 GB-seconds.
    expect(costs['Lambda: stdio sandboxes, requests']).toBe(0.025);
    expect(costs['Lambda: stdio sandboxes, time in 512 MB']).toBe(0.333335);
    expect(result.left.join()).toContain('tenant isolation');
  });

  it('runs no function that is there for something else', () => {
    const Hook = { Type: 'AWS::Lambda::Function', Properties: { MemorySize: 10_240 } };
    expect(lines(estimate({ Hook }))).toEqual(lines(estimate({})));
  });
});

describe('through an alias', () => {
  const live = (alias: object) => ({
    Live: {
      Type: 'AWS::Lambda::Alias',
      Properties: { FunctionName: { Ref: 'Mcp' }, FunctionVersion: '1', ...alias },
    },
    McpMethod: {
      ...road.McpMethod,
      Properties: {
        ...road.McpMethod.Properties,
        Integration: { Uri: { 'Fn::Join': ['', ['arn/', { Ref: 'Live' }]] } },
      },
    },
  });

  it('a request costs the same', () => {
    expect(lines(estimate(live({})))).toEqual(lines(estimate({})));
  });

  it('provisioned concurrency is charged always, and running costs less on it', () => {
    const concurrency = { ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 } };
    const result = estimate(live(concurrency), 1_000_000);
    // Two of 1 GB, 730 × 3,600 seconds each at 0.0000033334.
    expect(result.usd.idle).toBeCloseTo(2 * 2_628_000 * 0.0000033334, 9);
    expect(result.usd.idle).toBeCloseTo(17.52, 2);
    expect(lines(result)['Lambda: MCP function, time in 1024 MB']).toBe(1.55556);
  });
});

describe('data of a request', () => {
  const Table = {
    Type: 'AWS::DynamoDB::GlobalTable',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
    },
  };
  const arn = { 'Fn::GetAtt': ['Table', 'Arn'] };

  it('is read once for each run of the authorizer, by a role that may', () => {
    const costs = lines(
      estimate({ Table, Reads: policy('AuthorizerRole', 'dynamodb:GetItem', arn) }, 1_000_000),
    );
    expect(costs['DynamoDB: keys read by the authorizer']).toBe(0.0125);
    expect(costs['DynamoDB: stored data']).toBe(0.25);
    expect(costs['DynamoDB: point-in-time recovery']).toBe(0.2);
    expect(costs['DynamoDB: units counted, one write for a call']).toBeUndefined();
  });

  it('is written once for each call where calls are counted, and by the KB', () => {
    const resources = { Table, Counts: policy('McpRole', 'dynamodb:UpdateItem', arn) };
    const counted = 'DynamoDB: units counted, one write for a call';
    expect(lines(estimate(resources, 1_000_000))[counted]).toBe(0.3125);
    expect(lines(estimate(resources, 1_000_000, { usageItemKb: 1.5 }))[counted]).toBe(0.625);
  });

  it('is found in another stack by what that exports', () => {
    const data = aStack({ Table }, 'test-Data', {
      Arn: { Value: arn, Export: { Name: 'data:arn' } },
    });
    const gateway = aStack({
      ...road,
      Reads: policy('AuthorizerRole', 'dynamodb:GetItem', { 'Fn::ImportValue': 'data:arn' }),
    });
    const costs = estimateCost({ stacks: [data, gateway], traffic, requests: 1_000_000 });
    expect(lines(costs)['DynamoDB: keys read by the authorizer']).toBe(0.0125);
  });
});

describe('more requests', () => {
  const everything = {
    Acl: { Type: 'AWS::WAFv2::WebACL', Properties: { Rules: [{}] } },
    Log: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 30 } },
    Mcp: {
      ...road.Mcp,
      Properties: { ...road.Mcp.Properties, LoggingConfig: { LogGroup: { Ref: 'Log' } } },
    },
    Stage: { ...road.Stage, Properties: { TracingEnabled: true } },
  };

  it('never cost less, whatever the traffic', () => {
    const counts = fc.integer({ min: 0, max: 50_000_000_000 });
    const kinds = fc.constantFrom(...Object.values<Traffic>(trafficProfiles));
    fc.assert(
      fc.property(counts, counts, kinds, (one, other, kind) => {
        const [fewer, more] = [Math.min(one, other), Math.max(one, other)].map(
          (requests) => estimate(everything, requests, kind).usd,
        );
        expect(more!.total).toBeGreaterThanOrEqual(fewer!.total);
        expect(more!.requests).toBeGreaterThanOrEqual(fewer!.requests);
        expect(more!.idle).toBe(fewer!.idle);
      }),
      { numRuns: 60 },
    );
  });

  it('than none cost nothing but what is fixed', () => {
    const { usd, lines: idle } = estimate(everything, 0);
    expect(usd).toEqual({ idle: 6, inUse: 0, requests: 0, total: 6, perMillionRequests: 0 });
    expect(idle.every(({ basis }) => basis === 'idle')).toBe(true);
  });
});

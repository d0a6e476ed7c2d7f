import { rmSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readAssembly } from '../../cli/project/read-stacks.ts';
import { configSchema, environmentsIn, type DrawbridgeConfig } from '../../lib/config.ts';
import { addEnvironment } from '../../lib/environment-stacks.ts';
import {
  costTables,
  madeCosts,
  writtenCosts,
  type CostDocument,
} from '../../scripts/write-cost-tables.ts';
import { estimateCost, type CostEstimate } from '../../src/cost/estimate.ts';
import type { StackTemplate } from '../../src/cost/templates.ts';
import { trafficProfiles } from '../../src/cost/traffic.ts';
import { anApp, builtOnce, configOf, projectDirectory } from './support/synth.ts';

/** All stacks of an environment, as `drawbridge cost --cdk-out` reads them. */
const stacksOf = async (
  env: string,
  config: DrawbridgeConfig,
): Promise<readonly StackTemplate[]> => {
  const { bundles, upstreams } = await builtOnce(env, config);
  const app = anApp();
  try {
    addEnvironment(app, { envName: env, config, bundles, upstreams });
    app.synth();
    return await readAssembly(app.outdir);
  } finally {
    rmSync(app.outdir, { recursive: true, force: true });
  }
};

const estimate = (stacks: readonly StackTemplate[]): CostEstimate =>
  estimateCost({ stacks, traffic: trafficProfiles.typical, requests: 1_000_000 });

describe('every environment', () => {
  it.each(environmentsIn(`${projectDirectory}/config`))(
    '%s: all of it has a price',
    async (env) => {
      const { usd, lines } = estimate(await stacksOf(env, configOf(env)));
      expect(usd.idle).toBeGreaterThan(5);
      expect(usd.perMillionRequests).toBeGreaterThan(4.5);
      // Whoever takes the road away from the model would take these.
      for (const [service, what, quantity] of [
        ['API Gateway', 'requests', 1_000_000],
        ['WAF', 'requests', 1_000_000],
        ['Lambda', 'MCP function, requests', 1_000_000],
        ['Lambda', 'authorizer, requests', 100_000],
        ['DynamoDB', 'keys read by the authorizer', 100_000],
        ['DynamoDB', 'units counted, one write for a call', 800_000],
      ] as const) {
        const found = lines.find((each) => each.service === service && each.what === what);
        expect(found?.quantity, `${service}, ${what}`).toBeCloseTo(quantity);
      }
    },
  );

  const domain = {
    name: 'mcp.example.com',
    hostedZone: { id: 'Z0123456789ABC', name: 'example.com' },
  };
  const cognito = {
    identity: { provider: 'cognito', machineClients: { batch: { tenant: 'acme' } } },
  };

  it.each([
    [
      'cloudFront and sign-in',
      { cloudFront: { enabled: true }, ...cognito },
      ['CloudFront', 'Cognito'],
    ],
    [
      'a domain, a key, an archive, and an environment for each tenant',
      {
        domain,
        region: 'eu-central-1',
        encryption: 'cmk',
        archive: { enabled: true },
        mcp: { isolation: 'perTenant' },
        ci: { github: { repository: 'acme/shop', environment: 'production' } },
      },
      ['KMS', 'Firehose', 'S3', 'Data out'],
    ],
    [
      'a private API, kept warm',
      {
        private: { vpcEndpointIds: ['vpce-0123456789abcdef0'] },
        deployments: { provisionedConcurrency: 1 },
      },
      ['Lambda'],
    ],
  ] as const)('with %s: all of it has a price', async (_, settings, expected) => {
    const config = configSchema.parse({ ...configOf('dev'), ...settings });
    const { lines } = estimate(await stacksOf('dev', config));
    const services = new Set(lines.map(({ service }) => service));
    for (const service of expected) expect(services).toContain(service);
    expect(services.has('Data out')).toBe(!('cloudFront' in settings || 'private' in settings));
    const warm = lines.find(({ what }) => what.startsWith('provisioned concurrency'));
    expect(warm?.quantity).toBe('deployments' in settings ? 730 * 3_600 : undefined);
  });
});

describe('the documents', () => {
  let stacks: readonly StackTemplate[];
  beforeAll(async () => {
    stacks = await stacksOf('prod', configOf('prod'));
  });

  it.each(Object.keys(costTables) as CostDocument[])(
    '%s has the figures of scripts/write-cost-tables.ts',
    async (document) => {
      expect(writtenCosts(document)).toBe(await madeCosts(document, stacks));
    },
  );
});

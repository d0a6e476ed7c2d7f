import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configJsonSchema, environmentsIn, loadConfig } from '../../lib/config.ts';
import { tempFolder } from './support/temp-dir.ts';

const directory = join(import.meta.dirname, '..', '..', 'config');

/** The least that an environment says. */
const minimal = {
  protectData: false,
  plans: { free: { rateLimit: 5, burstLimit: 10 } },
  throttle: { rateLimit: 100, burstLimit: 200 },
  authorizer: { cacheSeconds: 60 },
  mcp: {},
  waf: { requestsPerIp: 2000 },
};

const load = (document: unknown) =>
  loadConfig(
    tempFolder({
      'test.json': typeof document === 'string' ? document : JSON.stringify(document),
    }),
    'test',
  );

/** What `loadConfig` says of a document. */
const refusal = (document: unknown): string => {
  try {
    load(document);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the document was taken');
};

describe('the files of this project', () => {
  it('are three environments', () => {
    expect(environmentsIn(directory)).toEqual(['dev', 'local', 'prod']);
    expect(() => loadConfig(directory, 'mcp')).toThrow(
      'There is no environment "mcp". config/ has: dev, local, prod. Choose one with -c env=NAME.',
    );
  });

  it.each(['dev', 'local', 'prod'])('%s is right', (env) => {
    const config = loadConfig(directory, env);
    expect(config.protectData).toBe(env === 'prod');
    expect(Object.keys(config.plans)).toContain('free');
    expect(config.waf.maxBodyBytes).toBe(1_000_000);
  });

  it('config/schema.json is what scripts/write-config-schema.ts writes today', () => {
    const written = readFileSync(join(directory, 'schema.json'), 'utf8');
    expect(written).toBe(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  });
});

describe('a minimal file', () => {
  it('gets every default', () => {
    expect(load(minimal)).toEqual({
      ...minimal,
      plans: { free: { ...minimal.plans.free, shards: 1, whenUnreachable: 'refuse' } },
      manageApiGatewayAccount: true,
      deployment: {},
      deployments: { canary: 'allAtOnce', reservedConcurrency: {}, rollbackAlarms: true },
      encryption: 'aws',
      throttle: {
        rateLimit: 100,
        burstLimit: 200,
        register: { rateLimit: 5, burstLimit: 10 },
        signIn: { rateLimit: 20, burstLimit: 40 },
        ci: { rateLimit: 50, burstLimit: 100 },
        admin: { rateLimit: 5, burstLimit: 10 },
      },
      cloudFront: { enabled: false, priceClass: '100' },
      authorizer: { cacheSeconds: 60, memoryMb: 512 },
      mcp: {
        memoryMb: 1024,
        isolation: 'shared',
        timeoutSeconds: 60,
        toolTimeoutSeconds: 30,
        maxResultBytes: 1_000_000,
        allowedOrigins: [],
      },
      content: { folder: 'content' },
      waf: {
        mode: 'block',
        requestsPerIp: 2000,
        openRequestsPerIp: 600,
        requestsPerCredential: 200_000,
        windowSeconds: 300,
        maxBodyBytes: 1_000_000,
        bodyInspectionKb: 16,
        ipSets: { deny: [], allow: [], ci: [] },
        managedGroups: {
          ipReputation: { enabled: true },
          knownBadInputs: { enabled: true },
          common: { enabled: true },
        },
      },
      identity: { provider: 'none' },
      ci: {},
      admin: { enabled: true, operators: [] },
      metrics: { enabled: true, dashboard: true },
      alarms: {
        enabled: true,
        emails: [],
        serverErrorPercent: 1,
        latencyP95Ms: 10_000,
        authorizerFailures: 5,
        apiThrottles: 1_000,
        concurrency: 800,
        wafBlocked: 1_000,
        quotaNearLimit: 1,
        upstreamFailures: 10,
      },
      tracing: { enabled: true, sampledPercent: 5 },
      archive: { enabled: false, mode: 'GOVERNANCE', retentionDays: 365 },
      secrets: [],
      upstreams: {
        allowLoopback: false,
        newTools: 'hide',
        platform: 'lambda',
        sandbox: { memoryMb: 512, reservedConcurrency: 5, ephemeralMb: 512, stderr: 'count' },
      },
      logs: { auditRetentionDays: 30, accessRetentionDays: 90 },
    });
  });

  it.each(['protectData', 'plans', 'throttle', 'authorizer', 'mcp', 'waf'] as const)(
    'without %s is refused by that name',
    (name) => {
      const { [name]: _, ...rest } = minimal;
      expect(refusal(rest)).toMatch(
        new RegExp(`^config/test.json has settings that are not right:\n  ${name}: `),
      );
    },
  );
});

describe('a setting that is not right', () => {
  const free = minimal.plans.free;
  const wrong: readonly (readonly [string, unknown, string])[] = [
    ['an unknown one', { ...minimal, canary: 1 }, 'canary: there is no such setting'],
    [
      'an unknown nested one',
      { ...minimal, mcp: { memory: 512 } },
      'mcp.memory: there is no such setting',
    ],
    [
      'an unknown one of a plan',
      { ...minimal, plans: { free: { ...free, burst: 1 } } },
      'plans.free.burst: there is no such setting',
    ],
    [
      'an unknown window of units',
      { ...minimal, plans: { free: { ...free, units: { perHour: 1 } } } },
      'plans.free.units.perHour: there is no such setting',
    ],
    [
      'a limit of no units',
      { ...minimal, plans: { free: { ...free, unitsPerCredential: { perDay: 0 } } } },
      'plans.free.unitsPerCredential.perDay: ',
    ],
    [
      'more shards than there may be',
      { ...minimal, plans: { free: { ...free, shards: 65 } } },
      'plans.free.shards: ',
    ],
    [
      'more shards than units',
      { ...minimal, plans: { free: { ...free, units: { perDay: 90, perMinute: 3 }, shards: 4 } } },
      'plans.free.shards: must be at most as many as the smallest limit has units',
    ],
    [
      'an unknown way to meet an outage',
      { ...minimal, plans: { free: { ...free, whenUnreachable: 'hope' } } },
      'plans.free.whenUnreachable: ',
    ],
    [
      'an unknown one of a quota',
      { ...minimal, plans: { free: { ...free, quota: { limit: 1, period: 'DAY', offset: 1 } } } },
      'plans.free.quota.offset: there is no such setting',
    ],
    ['no plans', { ...minimal, plans: {} }, 'plans: at least one plan is needed'],
    [
      'a plan with a rate of zero',
      { ...minimal, plans: { free: { ...free, rateLimit: 0 } } },
      'plans.free.rateLimit: ',
    ],
    [
      'a plan with a burst beyond API Gateway’s',
      { ...minimal, plans: { free: { ...free, burstLimit: 5_001 } } },
      'plans.free.burstLimit: ',
    ],
    [
      'a quota by the hour',
      { ...minimal, plans: { free: { ...free, quota: { limit: 1, period: 'HOUR' } } } },
      'plans.free.quota.period: ',
    ],
    [
      'a tool that may run as long as its function',
      { ...minimal, mcp: { timeoutSeconds: 30, toolTimeoutSeconds: 30 } },
      'mcp.toolTimeoutSeconds: must be at least 2 seconds shorter than mcp.timeoutSeconds, or a slow tool ends without an answer',
    ],
    [
      'a timeout shorter than the default of tools',
      { ...minimal, mcp: { timeoutSeconds: 29 } },
      'mcp.toolTimeoutSeconds: must be at least 2 seconds shorter',
    ],
    [
      'a timeout beyond Lambda’s',
      { ...minimal, mcp: { timeoutSeconds: 901 } },
      'mcp.timeoutSeconds: ',
    ],
    [
      'a retention that CloudWatch does not have',
      { ...minimal, logs: { auditRetentionDays: 31 } },
      'logs.auditRetentionDays: ',
    ],
    ...[
      'https://app.example.com/',
      'https://app.example.com/path',
      'https://APP.example.com',
      'https://app.example.com:443',
      'app.example.com',
      '*',
      'null',
    ].map(
      (origin) =>
        [
          `the origin ${origin}`,
          { ...minimal, mcp: { allowedOrigins: ['http://localhost:1', origin] } },
          'mcp.allowedOrigins.1: an origin is scheme, host and port, as in https://app.example.com',
        ] as const,
    ),
    ['a region that is none', { ...minimal, region: 'Frankfurt' }, 'region: a region looks like'],
    ['an account that is none', { ...minimal, account: '123' }, 'account: an account is 12 digits'],
    [
      'an account that is a number',
      { ...minimal, account: 123456789012 },
      'account: Invalid input: expected string, received number',
    ],
    [
      'a cache longer than API Gateway’s',
      { ...minimal, authorizer: { cacheSeconds: 3_601 } },
      'authorizer.cacheSeconds: ',
    ],
    [
      'a window that WAF does not have',
      { ...minimal, waf: { requestsPerIp: 100, windowSeconds: 30 } },
      'waf.windowSeconds: ',
    ],
    [
      'a link base that is no web address',
      { ...minimal, content: { baseUrl: 'ftp://example.com' } },
      'content.baseUrl: ',
    ],
    [
      'CloudFront beside an address of one’s own',
      { ...minimal, publicUrl: 'https://mcp.example.com', cloudFront: { enabled: true } },
      'cloudFront: is refused together with publicUrl: clients know the API by one address',
    ],
    [
      'a request longer than CloudFront waits',
      { ...minimal, mcp: { timeoutSeconds: 121 }, cloudFront: { enabled: true } },
      'mcp.timeoutSeconds: must be at most 120 with cloudFront: CloudFront waits no longer for a byte',
    ],
    [
      'a price class that CloudFront does not have',
      { ...minimal, cloudFront: { enabled: true, priceClass: '300' } },
      'cloudFront.priceClass: ',
    ],
    [
      'a registration rate of zero',
      { ...minimal, throttle: { ...minimal.throttle, register: { rateLimit: 0 } } },
      'throttle.register.rateLimit: ',
    ],
    [
      'a throttle of a route that there is not',
      { ...minimal, throttle: { ...minimal.throttle, tools: { rateLimit: 1 } } },
      'throttle.tools: there is no such setting',
    ],
    [
      'a secret’s name that no reference could name',
      { ...minimal, secrets: ['weather-token', 'Weather Token'] },
      'secrets.1: a secret’s name is 1 to 63 of a-z, 0-9 and -, and begins with a letter',
    ],
    [
      'a secret that is named twice',
      { ...minimal, secrets: ['a', 'a'] },
      'secrets: names a secret twice',
    ],
    [
      'more secrets than a function’s environment has room for',
      { ...minimal, secrets: Array.from({ length: 13 }, (_, index) => `secret-${index}`) },
      'secrets: ',
    ],
    [
      'upstreams on the machine itself, in AWS',
      { ...minimal, account: '123456789012', upstreams: { allowLoopback: true } },
      'upstreams.allowLoopback: is for the twin alone, whose account is 000000000000',
    ],
    [
      'packages for this machine, in AWS',
      { ...minimal, upstreams: { platform: 'host' } },
      'upstreams.platform: is for the twin alone, whose account is 000000000000',
    ],
    [
      'a sandbox that runs longer than anybody waits',
      { ...minimal, upstreams: { sandbox: { timeoutSeconds: 61 } } },
      'upstreams.sandbox.timeoutSeconds: must be at most mcp.timeoutSeconds: nobody waits longer for an answer',
    ],
    ['text for an object', '"text"', '(top level): '],
  ];
  it.each(wrong)('%s is named with its path', (_, document, problem) => {
    const message = refusal(document);
    expect(message).toContain('config/test.json has settings that are not right:\n');
    expect(message).toContain(`\n  ${problem}`);
  });

  it('CloudFront beside 120 seconds is taken, and so is an address without CloudFront', () => {
    const edge = load({ ...minimal, mcp: { timeoutSeconds: 120 }, cloudFront: { enabled: true } });
    expect(edge.cloudFront).toEqual({ enabled: true, priceClass: '100' });
    const own = load({
      ...minimal,
      mcp: { timeoutSeconds: 900 },
      publicUrl: 'https://mcp.example.com',
    });
    expect(own.cloudFront.enabled).toBe(false);
  });

  it.each(['Free', '1st', 'a b', 'x'.repeat(33), ''])('the plan name "%s" is refused', (name) => {
    expect(refusal({ ...minimal, plans: { [name]: free } })).toContain(
      `\n  plans.${name}: a plan name is 1 to 32 of a-z, 0-9 and -, and begins with a letter`,
    );
  });

  it('all of them are named at once', () => {
    const message = refusal({ ...minimal, protectData: 'yes', one: 1, two: 2, waf: {} });
    for (const name of ['protectData', 'one', 'two', 'waf.requestsPerIp']) {
      expect(message).toContain(`\n  ${name}: `);
    }
  });
});

describe('finding the file', () => {
  it('an unknown environment is answered with those that there are', () => {
    const folder = tempFolder({
      'dev.json': '{}',
      'prod.json': '{}',
      'schema.json': '{}',
      'mcp.json': '{}',
      'notes.md': '',
    });
    for (const env of ['staging', 'schema', 'mcp', 'Dev', '', '../dev', 'dev.json']) {
      expect(() => loadConfig(folder, env)).toThrow(
        `There is no environment "${env}". config/ has: dev, prod. Choose one with -c env=NAME.`,
      );
    }
  });

  it.each(['', '{', '{"protectData": false,}', '// comment\n{}'])(
    'broken JSON (%j) names the file',
    (text) => {
      expect(refusal(text)).toMatch(/^config\/test\.json is not valid JSON: /);
    },
  );
});

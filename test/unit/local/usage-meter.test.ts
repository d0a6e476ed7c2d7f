import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dayNumber, quotaWindow } from '../../../local/usage/quota-period.ts';
import { openUsage, type Usage } from '../../../local/usage/open-usage.ts';
import { TokenBucket } from '../../../local/usage/token-bucket.ts';
import {
  allow,
  AUTHORIZER,
  authorizer,
  CUSTOM,
  deploymentOf,
  echo,
  FakeFunctions,
  FUNCTION,
  method,
  path,
  resource,
  restApi,
  stage,
  start,
  stopGateways,
} from './gateway-fixture.ts';

const API = { apiId: 'api1', stage: 'prod' };
const VALUE = 'tenant-demo-identifier';
const NOON = Date.UTC(2026, 0, 15, 12);
const DAY = 86_400_000;

let stateDir = '';
let now = NOON;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'usage-'));
  now = NOON;
});
afterEach(async () => {
  vi.useRealTimers();
  await stopGateways();
  rmSync(stateDir, { recursive: true, force: true });
});

const open = (limits: Readonly<Record<string, unknown>>): Usage =>
  openUsage({
    deployment: deploymentOf([
      resource('ApiGateway::UsagePlan', 'plan1', {
        ApiStages: [{ ApiId: 'api1', Stage: 'prod' }],
        ...limits,
      }),
    ]),
    stateDir,
    clock: () => now,
  });

const withKey = (limits: Readonly<Record<string, unknown>>): Usage & { readonly keyId: string } => {
  const usage = open(limits);
  const key = usage.apiKeys.createApiKey({ name: 'demo', value: VALUE, enabled: true });
  usage.apiKeys.createUsagePlanKey('plan1', key.id);
  return { ...usage, keyId: key.id };
};

const admit = (usage: Usage, times = 1): string[] =>
  Array.from({ length: times }, () => usage.meter.admit(VALUE, API).kind);

describe('who may pass', () => {
  test('a key with a plan for the stage', () => {
    const usage = withKey({});
    expect(usage.meter.admit(VALUE, API)).toEqual({
      kind: 'admitted',
      apiKeyId: usage.keyId,
      planId: 'plan1',
    });
  });

  test('not an unknown value, another stage, a disabled key, a key without a plan, a deleted key', () => {
    const usage = withKey({});
    expect(usage.meter.admit('unknown-unknown-unknown', API).kind).toBe('invalid-key');
    expect(usage.meter.admit(VALUE, { ...API, stage: 'dev' }).kind).toBe('invalid-key');
    usage.apiKeys.updateApiKey(usage.keyId, { enabled: false });
    expect(admit(usage)).toEqual(['invalid-key']);
    usage.apiKeys.updateApiKey(usage.keyId, { enabled: true });
    expect(admit(usage)).toEqual(['admitted']);
    usage.apiKeys.deleteUsagePlanKey('plan1', usage.keyId);
    expect(admit(usage)).toEqual(['invalid-key']);
    usage.apiKeys.deleteApiKey(usage.keyId);
    expect(admit(usage)).toEqual(['invalid-key']);
  });
});

describe('the throttle', () => {
  test('lets a burst pass and refills at the rate', () => {
    const usage = withKey({ Throttle: { RateLimit: 2, BurstLimit: 3 } });
    expect(admit(usage, 4)).toEqual(['admitted', 'admitted', 'admitted', 'throttled']);
    now += 499;
    expect(admit(usage)).toEqual(['throttled']);
    now += 1;
    expect(admit(usage, 2)).toEqual(['admitted', 'throttled']);
    now += 60_000;
    expect(admit(usage, 4).filter((kind) => kind === 'admitted')).toHaveLength(3);
  });

  test('property: over any time no more than burst + rate × seconds pass', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 100 }),
        (rate, burst, gaps) => {
          const bucket = new TokenBucket({ rate, burst }, 0);
          let time = 0;
          let passed = 0;
          for (const gap of gaps) {
            time += gap;
            if (bucket.take(time)) passed += 1;
          }
          expect(passed).toBeLessThanOrEqual(burst + (rate * time) / 1000 + 1e-6);
        },
      ),
    );
  });

  test('a clock that goes back gives nothing away', () => {
    const bucket = new TokenBucket({ rate: 1, burst: 1 }, 10_000);
    expect(bucket.take(10_000)).toBe(true);
    expect(bucket.take(0)).toBe(false);
    expect(bucket.take(500)).toBe(false);
  });
});

describe('the quota', () => {
  test('ends at its limit, until the period does', () => {
    const usage = withKey({ Quota: { Limit: 2, Period: 'DAY' } });
    expect(admit(usage, 3)).toEqual(['admitted', 'admitted', 'quota-exceeded']);
    now += DAY;
    expect(admit(usage)).toEqual(['admitted']);
  });

  test('does not count what was throttled', () => {
    const usage = withKey({
      Throttle: { RateLimit: 1, BurstLimit: 1 },
      Quota: { Limit: 2, Period: 'MONTH' },
    });
    expect(admit(usage, 3)).toEqual(['admitted', 'throttled', 'throttled']);
    now += 1000;
    expect(admit(usage)).toEqual(['admitted']);
    now += 1000;
    expect(admit(usage)).toEqual(['quota-exceeded']);
  });

  test('survives a restart, and is reported per day', () => {
    const first = withKey({ Quota: { Limit: 3, Period: 'MONTH' } });
    admit(first, 2);
    first.close();
    now += DAY;
    const second = open({ Quota: { Limit: 3, Period: 'MONTH' } });
    expect(admit(second, 2)).toEqual(['admitted', 'quota-exceeded']);
    expect(second.apiKeys.getUsage('plan1', '2026-01-14', '2026-01-16')).toEqual({
      [first.keyId]: [
        [0, 3],
        [2, 1],
        [1, 0],
      ],
    });
    expect(second.apiKeys.getUsage('plan1', '2026-01-16', '2026-01-16', 'other')).toEqual({});
    expect(() => second.apiKeys.getUsage('plan1', '2026-02-30x', '2026-01-16')).toThrow('YYYY');
    second.close();
  });

  test('a request writes nothing; the file follows within a second', () => {
    vi.useFakeTimers();
    const usage = withKey({});
    const file = join(stateDir, 'usage.json');
    admit(usage, 100);
    expect(existsSync(file)).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      plans: { plan1: { [usage.keyId]: { '2026-01-15': 100 } } },
    });
  });

  test('a key that was deleted and comes back begins anew', () => {
    const usage = withKey({ Quota: { Limit: 1, Period: 'DAY' } });
    expect(admit(usage, 2)).toEqual(['admitted', 'quota-exceeded']);
    usage.apiKeys.deleteApiKey(usage.keyId);
    const again = usage.apiKeys.createApiKey({ name: 'demo', value: VALUE, enabled: true });
    usage.apiKeys.createUsagePlanKey('plan1', again.id);
    expect(admit(usage)).toEqual(['admitted']);
  });
});

describe('quota periods in UTC', () => {
  const day = (text: string): number => dayNumber(Date.parse(`${text}T00:00:00Z`));

  test.each<['DAY' | 'WEEK' | 'MONTH', number, string, string, string]>([
    ['DAY', 0, '2026-01-15', '2026-01-15', '2026-01-15'],
    ['WEEK', 0, '2026-01-15', '2026-01-11', '2026-01-17'],
    ['WEEK', 1, '2026-01-15', '2026-01-12', '2026-01-18'],
    ['WEEK', 6, '2026-01-17', '2026-01-17', '2026-01-23'],
    ['MONTH', 0, '2026-02-28', '2026-02-01', '2026-02-28'],
    ['MONTH', 14, '2026-01-14', '2025-12-15', '2026-01-14'],
    ['MONTH', 14, '2026-01-15', '2026-01-15', '2026-02-14'],
  ])('%s with offset %i holds %s from %s to %s', (period, offset, at, first, last) => {
    expect(quotaWindow(period, offset, day(at))).toEqual({ first: day(first), last: day(last) });
  });

  test('property: the days of a window all give the same window', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('WEEK' as const, 'MONTH' as const),
        fc.nat(6),
        fc.integer({ min: 0, max: 40_000 }),
        (period, offset, at) => {
          const window = quotaWindow(period, offset, at);
          expect(window.first).toBeLessThanOrEqual(at);
          expect(window.last).toBeGreaterThanOrEqual(at);
          expect(quotaWindow(period, offset, window.first)).toEqual(window);
          expect(quotaWindow(period, offset, window.last)).toEqual(window);
          expect(quotaWindow(period, offset, window.last + 1).first).toBe(window.last + 1);
        },
      ),
    );
  });
});

describe('behind the gateway', () => {
  const serve = (usage: Usage, usageIdentifierKey: string | null, source = 'AUTHORIZER') =>
    start(
      [
        restApi({ ApiKeySourceType: source }),
        stage({
          AccessLogSetting: {
            DestinationArn: 'arn:aws:logs:us-east-1:111122223333:log-group:access',
            Format: '$context.requestId $context.identity.apiKeyId',
          },
        }),
        path('mcp', 'mcp'),
        authorizer(),
        method('POST', 'mcp', { ...CUSTOM, ApiKeyRequired: true }),
      ],
      new FakeFunctions({ [FUNCTION]: echo, [AUTHORIZER]: () => allow({ usageIdentifierKey }) }),
      { usage: usage.meter },
    );
  const post = (url: string, headers = {}) =>
    fetch(`${url}/mcp`, { method: 'POST', headers: { Authorization: 'Bearer a', ...headers } });

  test('the authorizer names the key; throttle and quota are 429 of two kinds', async () => {
    const usage = withKey({
      Throttle: { RateLimit: 1, BurstLimit: 2 },
      Quota: { Limit: 2, Period: 'DAY' },
    });
    const gateway = await serve(usage, VALUE);
    expect((await post(gateway.url)).status).toBe(200);
    expect((await post(gateway.url)).status).toBe(200);
    const throttled = await post(gateway.url);
    expect(throttled.status).toBe(429);
    expect(throttled.headers.get('x-amzn-errortype')).toBe('TooManyRequestsException');
    now += 1000;
    const spent = await post(gateway.url);
    expect(spent.status).toBe(429);
    expect(spent.headers.get('x-amzn-errortype')).toBe('LimitExceededException');
    expect(await spent.text()).toBe('{"message":"Limit Exceeded"}');
    const [event] = gateway.functions.callsOf(FUNCTION);
    expect(event?.requestContext['identity']).toMatchObject({
      apiKey: VALUE,
      apiKeyId: usage.keyId,
    });
    expect(gateway.lines[0]).toMatch(new RegExp(` ${usage.keyId}$`));
    expect(gateway.lines.join()).not.toContain(VALUE);
  });

  test.each([null, 'no-such-key-in-any-plan'])('the key %s is 403', async (value) => {
    const gateway = await serve(withKey({}), value);
    const answer = await post(gateway.url, { 'x-api-key': VALUE });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-amzn-errortype')).toBe('ForbiddenException');
    expect(await answer.text()).toBe('{"message":"Forbidden"}');
    expect(gateway.functions.callsOf(FUNCTION)).toEqual([]);
  });

  test('with the source HEADER the key comes in x-api-key', async () => {
    const gateway = await serve(withKey({}), null, 'HEADER');
    expect((await post(gateway.url)).status).toBe(403);
    expect((await post(gateway.url, { 'x-api-key': VALUE })).status).toBe(200);
  });
});

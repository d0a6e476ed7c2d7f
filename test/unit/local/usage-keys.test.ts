import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeployedResource } from '../../../local/template/deployment.ts';
import type { ApiKeyService } from '../../../local/usage/api-key-service.ts';
import { openUsage } from '../../../local/usage/open-usage.ts';
import { deploymentOf, resource } from './gateway-fixture.ts';

let stateDir = '';
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'usage-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const STAGES = [{ ApiId: 'api1', Stage: 'prod' }];
const plan = (id: string, properties: Readonly<Record<string, unknown>> = {}): DeployedResource =>
  resource('ApiGateway::UsagePlan', id, { ApiStages: STAGES, ...properties });

const keysOf = (...plans: DeployedResource[]): ApiKeyService =>
  openUsage({
    deployment: deploymentOf(plans.length > 0 ? plans : [plan('free'), plan('pro')]),
    stateDir,
    clock: () => Date.UTC(2026, 0, 15, 12),
  }).apiKeys;

const named = (name: string) => expect.objectContaining({ name }) as Error;

describe('api keys', () => {
  test('a value is made up when absent: 40 characters', () => {
    const key = keysOf().createApiKey({ name: 'demo', enabled: true, tags: { tenant: 'demo' } });
    expect(key.value).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(key.id).toMatch(/^[a-z0-9]{10}$/);
    expect(key).toMatchObject({
      name: 'demo',
      enabled: true,
      createdDate: 1768478400,
      lastUpdatedDate: 1768478400,
      tags: { tenant: 'demo' },
    });
  });

  test('a value has 20 to 128 characters and exists once', () => {
    const keys = keysOf();
    const create = (value: string) => () => keys.createApiKey({ name: 'k', value, enabled: true });
    expect(create('x'.repeat(19))).toThrow(named('BadRequestException'));
    expect(create('x'.repeat(129))).toThrow(named('BadRequestException'));
    create('x'.repeat(20))();
    create('x'.repeat(128))();
    expect(create('x'.repeat(20))).toThrow(named('ConflictException'));
  });

  test('what is not there is NotFoundException, whatever is asked', () => {
    const keys = keysOf();
    const key = keys.createApiKey({ name: 'k', enabled: true });
    for (const call of [
      () => keys.getApiKey('nope'),
      () => keys.updateApiKey('nope', { enabled: false }),
      () => keys.deleteApiKey('nope'),
      () => keys.getUsagePlan('nope'),
      () => keys.createUsagePlanKey('nope', key.id),
      () => keys.createUsagePlanKey('free', 'nope'),
      () => keys.deleteUsagePlanKey('free', key.id),
      () => keys.getUsagePlanKeys('nope'),
      () => keys.getUsage('nope', '2026-01-01', '2026-01-02'),
    ]) {
      expect(call).toThrow(named('NotFoundException'));
    }
  });

  test('a key has one plan per API stage', () => {
    const keys = keysOf(plan('free'), plan('pro'), plan('other', { ApiStages: [] }));
    const key = keys.createApiKey({ name: 'k', enabled: true });
    expect(keys.createUsagePlanKey('free', key.id).id).toBe(key.id);
    expect(() => keys.createUsagePlanKey('free', key.id)).toThrow(named('ConflictException'));
    expect(() => keys.createUsagePlanKey('pro', key.id)).toThrow(named('ConflictException'));
    keys.createUsagePlanKey('other', key.id);
    keys.deleteUsagePlanKey('free', key.id);
    keys.createUsagePlanKey('pro', key.id);
    expect(keys.getUsagePlanKeys('pro').map((item) => item.id)).toEqual([key.id]);
    expect(keys.getUsagePlanKeys('free')).toEqual([]);
  });

  test('a deleted key leaves its plans', () => {
    const keys = keysOf();
    const key = keys.createApiKey({ name: 'k', enabled: true });
    keys.createUsagePlanKey('free', key.id);
    keys.deleteApiKey(key.id);
    expect(keys.getUsagePlanKeys('free')).toEqual([]);
  });

  test('pages by a cursor, filtered by the beginning of the name', () => {
    const keys = keysOf();
    for (let index = 0; index < 7; index += 1) {
      keys.createApiKey({ name: index % 2 === 0 ? `a${index}` : `b${index}`, enabled: true });
    }
    const seen: string[] = [];
    let position: string | undefined;
    do {
      const page = keys.getApiKeys({ limit: 3, ...(position !== undefined && { position }) });
      expect(page.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.items.map((key) => key.id));
      position = page.position;
    } while (position !== undefined);
    expect(new Set(seen).size).toBe(7);
    expect(keys.getApiKeys({ nameQuery: 'a' }).items).toHaveLength(4);
    expect(keys.getApiKeys({ nameQuery: 'a' })).not.toHaveProperty('position');
    expect(() => keys.getApiKeys({ limit: 501 })).toThrow(named('BadRequestException'));
  });

  test('everything survives a restart', () => {
    const first = keysOf();
    const key = first.createApiKey({ name: 'k', enabled: true, description: 'd' });
    first.createUsagePlanKey('free', key.id);
    const changed = first.updateApiKey(key.id, { enabled: false });
    const second = keysOf();
    expect(second.getApiKey(key.id)).toEqual(changed);
    expect(changed.enabled).toBe(false);
    expect(second.getUsagePlanKeys('free')).toEqual([changed]);
    expect(JSON.parse(readFileSync(join(stateDir, 'api-keys.json'), 'utf8'))).toMatchObject({
      memberships: [{ planId: 'free', keyId: key.id }],
    });
  });

  test('unreadable state is named', () => {
    writeFileSync(join(stateDir, 'api-keys.json'), '{"keys":1}');
    expect(() => keysOf()).toThrow('api-keys.json');
  });
});

describe('usage plans', () => {
  test('come from the template', () => {
    const keys = keysOf(
      plan('pro', {
        UsagePlanName: 'Pro',
        Throttle: { RateLimit: 10.5, BurstLimit: 20 },
        Quota: { Limit: 100, Offset: 1, Period: 'WEEK' },
      }),
      plan('free'),
    );
    expect(keys.getUsagePlan('pro')).toEqual({
      id: 'pro',
      name: 'Pro',
      throttle: { rateLimit: 10.5, burstLimit: 20 },
      quota: { limit: 100, offset: 1, period: 'WEEK' },
      apiStages: [{ apiId: 'api1', stage: 'prod' }],
    });
    expect(keys.getUsagePlans().map((item) => item.id)).toEqual(['pro', 'free']);
    expect(keys.getUsagePlan('free')).not.toHaveProperty('quota');
  });

  test.each<[string, DeployedResource, string]>([
    [
      'per-method throttles',
      plan('p', {
        ApiStages: [{ ...STAGES[0], Throttle: { '/mcp/POST': { RateLimit: 1, BurstLimit: 1 } } }],
      }),
      'ApiStages[].Throttle',
    ],
    [
      'an offset that no week has',
      plan('p', { Quota: { Limit: 1, Offset: 7, Period: 'WEEK' } }),
      '7',
    ],
    ['an offset of a day', plan('p', { Quota: { Limit: 1, Offset: 1, Period: 'DAY' } }), 'DAY'],
    ['keys of the template', resource('ApiGateway::ApiKey', 'k', {}), 'AWS::ApiGateway::ApiKey'],
  ])('%s are refused by name', (_, declared, message) => {
    expect(() => keysOf(declared)).toThrow(message);
  });
});

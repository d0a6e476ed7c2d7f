import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addPrincipal } from '../../src/admin/principals.ts';
import { signedFetch } from '../../src/signing/signed-fetch.ts';
import {
  bearer,
  callOf,
  post,
  runTwin,
  type Answer,
  type Rpc,
  type RunningTwin,
} from './support/running-twin.ts';

const statusesOf = (answers: readonly Answer[]): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

const expectThrottled = ({ headers, json }: Answer): void => {
  expect(headers.get('content-type')).toBe('application/json');
  expect(headers.get('retry-after')).toBe('1');
  expect(json?.code).toBe('THROTTLED');
  expect(json?.error?.code).toBe(-31429);
};

const call = (running: RunningTwin, key: string): Promise<Answer> =>
  post(running.mcpUrl, callOf('search', { query: 'plan' }), bearer(key));

describe('a flood of registrations', () => {
  let running: RunningTwin;
  let key: string;
  beforeAll(async () => {
    running = await runTwin();
    key = await running.keyOn('premium', 'acme');
  });
  afterAll(() => running[Symbol.asyncDispose]());

  const register = (): Promise<Answer> =>
    post(`${running.twin.url}/oauth/register`, {
      client_name: 'Flood',
      redirect_uris: ['http://127.0.0.1:53535/callback'],
      token_endpoint_auth_method: 'none',
    });

  it('is served as far as the burst goes, and then throttled; nothing else is', async () => {
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 40 }, register));
    // The bucket holds 10, and 5 come back in each second that the flood lasted.
    const most = 10 + Math.ceil(((performance.now() - startedAt) / 1000) * 5);

    const counts = statusesOf(answers);
    expect((counts[201] ?? 0) + (counts[429] ?? 0)).toBe(40);
    expect(counts[201]).toBeGreaterThanOrEqual(10);
    expect(counts[201]).toBeLessThanOrEqual(most);
    for (const answer of answers) if (answer.status === 429) expectThrottled(answer);

    expect((await call(running, key)).status).toBe(200);
    const token = await post(
      `${running.twin.url}/oauth/token`,
      'grant_type=authorization_code&code=none',
      { 'content-type': 'application/x-www-form-urlencoded' },
    );
    expect(token.status).not.toBe(429);
    const document = await fetch(`${running.twin.url}/.well-known/oauth-authorization-server`);
    expect(document.status).toBe(200);
    const preflight = await fetch(`${running.twin.url}/oauth/register`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
  });

  it('is over when the bucket has filled again', async () => {
    await expect.poll(async () => (await register()).status, { timeout: 5_000 }).toBe(201);
  });
});

describe('a flood of signed jobs', () => {
  let cdkOut: string;
  let running: RunningTwin;
  let key: string;
  beforeAll(async () => {
    cdkOut = mkdtempSync(join(tmpdir(), 'drawbridge-throttles-'));
    cpSync(inject('cdkOut'), cdkOut, { recursive: true });
    lowerCiThrottle(join(cdkOut, 'drawbridge-local-Gateway.template.json'));
    running = await runTwin({ cdkOut });
    key = await running.keyOn('premium', 'acme');
    const { roleArn } = running.twin.ciRole ?? expect.fail('the template has no CiRole');
    await addPrincipal(running.admin, { arn: roleArn, tenant: 'acme', role: 'user' });
  });
  afterAll(async () => {
    try {
      await running[Symbol.asyncDispose]();
    } finally {
      rmSync(cdkOut, { recursive: true, force: true });
    }
  });

  /** As `throttle.ci` of `{ "rateLimit": 0.1, "burstLimit": 3 }` would have it. */
  const lowerCiThrottle = (template: string): void => {
    const text = readFileSync(template, 'utf8');
    const document = JSON.parse(text) as {
      Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
    };
    const stage = Object.values(document.Resources).find(
      ({ Type }) => Type === 'AWS::ApiGateway::Stage',
    );
    const settings = stage?.Properties['MethodSettings'] as Record<string, unknown>[];
    const setting = settings.find(({ ResourcePath }) => ResourcePath === '/~1ci~1mcp');
    expect(setting).toMatchObject({ HttpMethod: 'POST', ThrottlingBurstLimit: 100 });
    Object.assign(setting ?? {}, { ThrottlingRateLimit: 0.1, ThrottlingBurstLimit: 3 });
    writeFileSync(template, JSON.stringify(document));
  };

  it('is throttled by the route, and callers with keys are not', async () => {
    const { ciRole } = running.twin;
    const { region, ...credentials } = ciRole ?? expect.fail('the template has no CiRole');
    const signed = signedFetch({ credentials, region });
    const answers = await Promise.all(
      Array.from({ length: 6 }, async (): Promise<Answer> => {
        const response = await signed(`${running.twin.url}/ci/mcp`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
        });
        const text = await response.text();
        return {
          status: response.status,
          headers: response.headers,
          text,
          json: JSON.parse(text) as Rpc,
        };
      }),
    );
    expect(statusesOf(answers)).toEqual({ 200: 3, 429: 3 });
    for (const answer of answers) if (answer.status === 429) expectThrottled(answer);
    expect((await call(running, key)).status).toBe(200);
  });
});

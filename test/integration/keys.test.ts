import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintApiKey } from '../../src/credentials/api-key.ts';
import { revokeKey } from '../../src/admin/keys.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
let key: string;

beforeAll(async () => {
  running = await runTwin();
  key = await running.keyOn('premium', 'acme');
});
afterAll(() => running[Symbol.asyncDispose]());

const search = (apiKey?: string) =>
  post(
    running.mcpUrl,
    callOf('search', { query: 'key' }),
    apiKey === undefined ? {} : bearer(apiKey),
  );

const reads = () => running.twin.aws.counters()['dynamodb:GetItem']?.allowed ?? 0;

const expect401 = (answer: Awaited<ReturnType<typeof search>>) => {
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.json?.error?.code).toBe(-31401);
  expect(answer.json?.code).toBe('UNAUTHENTICATED');
};

describe('a request on POST /mcp', () => {
  it('is served with a valid key', async () => {
    const answer = await search(key);
    expect(answer.status).toBe(200);
    expect(answer.json?.result?.isError).toBeUndefined();
  });

  it('without a key is refused, and no function runs', async () => {
    const invocations = () =>
      Object.values(running.twin.lambda.stats()).map((pool) => pool.invocations);
    const before = invocations();
    expect401(await search());
    expect(invocations()).toEqual(before);
  });

  it('with a key whose checksum is wrong is refused without a database read', async () => {
    const before = reads();
    const last = key.at(-1) === 'A' ? 'B' : 'A';
    expect401(await search(`${key.slice(0, -1)}${last}`));
    expect401(await search('smcp_acme_garbage'));
    expect(reads()).toBe(before);
  });

  it('with a well-formed key that nobody was given is refused after one read', async () => {
    const before = reads();
    expect401(await search(mintApiKey('acme').key));
    expect(reads()).toBe(before + 1);
  });

  it('with the key id of another key is refused', async () => {
    const forged = mintApiKey('acme').key;
    expect401(await search(forged));
  });

  it('with an expired key is refused', async () => {
    const expired = await running.keyOn('free', 'expired', {
      expiresInSeconds: 1,
    });
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    expect401(await search(expired));
  });

  it('from a disallowed network is refused', async () => {
    expect401(await search(await running.keyOn('free', 'elsewhere', { cidrs: ['10.0.0.0/8'] })));
  });

  it('from an allowed network is served', async () => {
    const local = await running.keyOn('free', 'nearby', { cidrs: ['10.0.0.0/8', '127.0.0.0/8'] });
    expect((await search(local)).status).toBe(200);
  });

  it('with a revoked key is refused once the authorizer cache has run out', async () => {
    const doomed = await running.keyOn('premium', 'doomed');
    expect((await search(doomed)).status).toBe(200);
    await revokeKey(running.admin, doomed.split('_')[2]?.slice(0, 8) ?? '');
    const cacheSeconds = running.twin.deployment.ofType('AWS::ApiGateway::Authorizer')[0]
      ?.properties['AuthorizerResultTtlInSeconds'] as number;
    await new Promise((resolve) => setTimeout(resolve, cacheSeconds * 1000 + 300));
    expect401(await search(doomed));
  });

  it('in another scheme, twice, or in the query is refused', async () => {
    for (const headers of [
      { authorization: key },
      { authorization: `Basic ${key}` },
      { authorization: `Bearer ${key}, Bearer ${key}` },
      { 'x-api-key': key },
    ] as Record<string, string>[]) {
      expect401(await post(running.mcpUrl, callOf('search', { query: 'x' }), headers));
    }
    expect401(await post(`${running.mcpUrl}?api_key=${key}`, callOf('search', { query: 'x' })));
  });
});

describe('an uncached decision of the authorizer', () => {
  it('reads one item, and nothing else once the pepper is held', async () => {
    const fresh = await running.keyOn('premium', 'counted');
    // One sandbox that holds the pepper already.
    await search(key);
    const before = { ...running.twin.aws.counters() };
    const countOf = (counts: typeof before) =>
      Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, { ...count }]));
    const start = countOf(before);
    expect((await search(fresh)).status).toBe(200);
    const end = countOf(running.twin.aws.counters());
    expect(end['dynamodb:GetItem']?.allowed).toBe((start['dynamodb:GetItem']?.allowed ?? 0) + 1);
    // The function behind it charges the call.
    expect(end['dynamodb:UpdateItem']?.allowed).toBe(
      (start['dynamodb:UpdateItem']?.allowed ?? 0) + 1,
    );
    const others = ({
      'dynamodb:GetItem': _read,
      'dynamodb:UpdateItem': _charge,
      ...rest
    }: typeof end) => rest;
    expect(others(end)).toEqual(others(start));
  });

  it('is reused while it is cached', async () => {
    await search(key);
    const before = reads();
    for (let count = 0; count < 5; count++) await search(key);
    expect(reads()).toBe(before);
  });
});

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { setSecret } from '../../src/admin/secrets.ts';
import { startLegacySessions } from '../fixtures/upstreams/legacy-http.ts';
import { startLegacySse } from '../fixtures/upstreams/legacy-sse.ts';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';
import { upstreamAt, writeUpstream } from './support/upstream-records.ts';

let running: RunningTwin;
let key: string;
let legacy: Awaited<ReturnType<typeof startLegacySessions>>;
let modern: Awaited<ReturnType<typeof startModern>>;
let sse: Awaited<ReturnType<typeof startLegacySse>>;

beforeAll(async () => {
  [legacy, modern, sse] = await Promise.all([
    startLegacySessions(),
    startModern(),
    startLegacySse(),
  ]);
  running = await runTwin({ upstreams: true });
  await setSecret(running.admin, 'items-api-key', inject('itemsApi').apiKey);
  key = await running.keyOn('premium', 'acme');
  await writeUpstream(running.admin, upstreamAt('legacy', legacy.url));
  await writeUpstream(running.admin, upstreamAt('modern', modern.url));
  await writeUpstream(running.admin, upstreamAt('old', sse.url, { transport: 'sse' }));
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await Promise.all([legacy.close(), modern.close(), sse.close()]);
});

const info = { name: 'upstreams-test', version: '1.0.0' };
const headers = () => ({ requestInit: { headers: bearer(key) } });

/** What a test does with a client of either SDK. */
interface AnyClient {
  names(): Promise<readonly string[]>;
  call(name: string, args: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

const textOf = (result: object): string =>
  ((result as { content?: { text?: string }[] }).content ?? [])
    .map(({ text }) => text ?? '')
    .join('');

const v1 = async (): Promise<AnyClient> => {
  const client = new ClientV1(info);
  await client.connect(new TransportV1(new URL(running.mcpUrl), headers()));
  return {
    names: async () => {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.listTools(cursor === undefined ? {} : { cursor });
        names.push(...page.tools.map(({ name }) => name));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return names;
    },
    call: async (name, args) => textOf(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  };
};

const v2 = async (): Promise<AnyClient> => {
  const client = new Client(info, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(running.mcpUrl), headers()));
  return {
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args) => textOf(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  };
};

describe.each([
  ['v1', v1],
  ['v2', v2],
] as const)('the %s client', (_, connect) => {
  it('lists and calls tools of stdio, of HTTP of both eras, of SSE and of an OpenAPI document', async () => {
    const client = await connect();
    const names = await client.names();
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(
      expect.arrayContaining([
        'everything_echo',
        'fetch',
        'items_get_item',
        'items_search_items',
        'legacy_echo',
        'modern_echo',
        'old_echo',
        'search',
      ]),
    );
    expect(await client.call('everything_echo', { message: 'hello' })).toContain('hello');
    for (const server of ['legacy', 'modern', 'old']) {
      expect(await client.call(`${server}_echo`, { text: `to ${server}` })).toBe(`to ${server}`);
    }
    expect(await client.call('items_search_items', { limit: 1 })).toContain('"item-');
    await client.close();
  });
});

it('progress of a long call arrives as it happens', async () => {
  const client = new Client(info, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(running.mcpUrl), headers()));
  for (const [server, upstream] of [
    ['legacy', legacy],
    ['modern', modern],
    ['old', sse],
  ] as const) {
    const seen: number[] = [];
    const call = client.callTool(
      { name: `${server}_count`, arguments: {} },
      { onprogress: ({ progress }) => void seen.push(progress) },
    );
    await expect.poll(() => seen, { timeout: 10_000 }).toContain(1);
    upstream.tools.release();
    expect(textOf(await call)).toBe('2');
  }
  await client.close();
});

it('progress of a sandboxed server arrives before its result', async () => {
  const client = new Client(info, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(running.mcpUrl), headers()));
  const at: number[] = [];
  await client.callTool(
    { name: 'everything_trigger-long-running-operation', arguments: { duration: 1.5, steps: 3 } },
    { onprogress: () => void at.push(performance.now()) },
  );
  const ended = performance.now();
  expect(at.length).toBeGreaterThanOrEqual(2);
  expect(ended - (at[0] ?? ended)).toBeGreaterThan(700);
  await client.close();
});

it('a warm call is one HTTP request at the upstream', async () => {
  const call = (name: string) => post(running.mcpUrl, callOf(name, { text: 'x' }), bearer(key));
  for (const [name, upstream] of [
    ['legacy_echo', legacy],
    ['modern_echo', modern],
  ] as const) {
    expect((await call(name)).json?.result).toBeDefined();
    const before = upstream.requests.length;
    for (let times = 0; times < 20; times++) expect((await call(name)).status).toBe(200);
    expect(upstream.requests.length - before).toBe(20);
  }
});

it('what reaches an upstream is no credential of the caller’s, and counts the gateways', async () => {
  await post(running.mcpUrl, callOf('modern_echo', { text: 'x' }), {
    ...bearer(key),
    cookie: `session=${key}`,
  });
  for (const upstream of [legacy, modern, sse]) {
    const seen = JSON.stringify(upstream.requests);
    expect(seen).not.toContain(key);
    for (const request of upstream.requests) {
      expect(request.headers.authorization).toBeUndefined();
      expect(request.headers.cookie).toBeUndefined();
    }
  }
  expect(modern.requests.at(-1)?.headers['x-drawbridge-hops']).toBe('1');
});

it('prompts and resources of upstreams are listed and read', async () => {
  const client = new Client(info, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(running.mcpUrl), headers()));
  const prompts = (await client.listPrompts()).prompts.map(({ name }) => name);
  expect(prompts).toContain('everything_simple-prompt');
  const prompt = await client.getPrompt({ name: 'everything_simple-prompt' });
  expect(prompt.messages.length).toBeGreaterThan(0);
  const { resources } = await client.listResources();
  expect(resources.length).toBeGreaterThan(0);
  const uri = resources[0]?.uri ?? '';
  expect((await client.readResource({ uri })).contents[0]?.uri).toBe(uri);
  expect((await client.listResourceTemplates()).resourceTemplates.length).toBeGreaterThan(0);
  await client.close();
});

it('a tenant’s own upstream is nobody else’s: not its tools, its state or its errors', async () => {
  const theirs = await startLegacySessions();
  try {
    await writeUpstream(running.admin, upstreamAt('crm', theirs.url, { scope: 'globex' }));
    const other = await running.keyOn('premium', 'globex');
    const servers = async (credential: string) => {
      const answer = await fetch(`${running.twin.url}/servers`, { headers: bearer(credential) });
      return JSON.stringify(await answer.json());
    };
    await expect
      .poll(() => servers(other), { timeout: 30_000, interval: 1_000 })
      .toContain('"crm"');
    expect(await servers(key)).not.toContain('crm');
    const call = callOf('crm_echo', { text: 'x' });
    expect((await post(running.mcpUrl, call, bearer(other))).json?.result).toBeDefined();
    const before = theirs.requests.length;
    const refused = await post(running.mcpUrl, call, bearer(key));
    expect(refused.json?.error).toEqual({ code: -32602, message: 'Unknown tool' });
    expect(refused.text).not.toContain('crm');
    expect(theirs.requests.length).toBe(before);
  } finally {
    await theirs.close();
  }
});

it('the audit says whose tool was called, and no function was refused anything', async () => {
  await post(running.mcpUrl, callOf('legacy_echo', { text: 'canary-9421' }), bearer(key));
  await expect
    .poll(() => running.everythingWritten())
    .toMatch(/"tool":"legacy_echo","server":"legacy"[^\n]*"units":1[^\n]*"upstreamMs":\d+/);
  const written = running.everythingWritten();
  expect(written).not.toContain('canary-9421');
  expect(running.refusals).toEqual([]);
});

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
let key: string;
beforeAll(async () => {
  running = await runTwin();
  key = await running.keyOn('premium', 'acme');
});
afterAll(() => running[Symbol.asyncDispose]());

const info = { name: 'drawbridge-test', version: '1.0.0' };

interface AnyClient {
  listTools(): Promise<{ tools: readonly { name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
}

interface Called {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text: string }[];
  readonly structuredContent: Record<string, unknown>;
}

/** Lists both tools, finds a document and reads it, as ChatGPT's deep research does. */
const searchAndFetch = async (client: AnyClient): Promise<void> => {
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(['fetch', 'search']);
  const found = (await client.callTool({
    name: 'search',
    arguments: { query: 'usage plan' },
  })) as Called;
  expect(found.isError ?? false).toBe(false);
  expect(found.content).toHaveLength(1);
  const { results } = JSON.parse(found.content[0]?.text ?? '') as {
    results: { id: string; title: string; url: string }[];
  };
  expect(results.length).toBeGreaterThan(0);
  const [first] = results;
  const read = (await client.callTool({
    name: 'fetch',
    arguments: { id: first?.id ?? '' },
  })) as Called;
  expect(JSON.parse(read.content[0]?.text ?? '')).toMatchObject({
    id: first?.id,
    title: first?.title,
    url: first?.url,
    text: expect.stringMatching(/plan/i) as string,
  });
};

const transportOptions = () => ({ requestInit: { headers: bearer(key) } });

it('the v1 SDK client lists and calls', async () => {
  const client = new ClientV1(info);
  const transport = new TransportV1(new URL(running.mcpUrl), transportOptions());
  await client.connect(transport);
  await searchAndFetch(client);
  await client.close();
});

describe.each([
  ['default', undefined, '2025-11-25'],
  ['auto', { mode: 'auto' as const }, '2026-07-28'],
  ['pinned 2026-07-28', { mode: { pin: '2026-07-28' } }, '2026-07-28'],
])('the v2 SDK client, %s', (_, versionNegotiation, revision) => {
  it('lists and calls', async () => {
    const client = new Client(info, versionNegotiation === undefined ? {} : { versionNegotiation });
    const transport = new StreamableHTTPClientTransport(
      new URL(running.mcpUrl),
      transportOptions(),
    );
    await client.connect(transport);
    await searchAndFetch(client);
    expect(client.getNegotiatedProtocolVersion()).toBe(revision);
    await client.close();
  });

  it('hears progress as it is reported', async () => {
    const client = new Client(info, versionNegotiation === undefined ? {} : { versionNegotiation });
    const transport = new StreamableHTTPClientTransport(
      new URL(running.mcpUrl),
      transportOptions(),
    );
    await client.connect(transport);
    const heard: number[] = [];
    await client.callTool(
      { name: 'search', arguments: { query: 'plan' } },
      { onprogress: ({ progress }: { progress: number }) => heard.push(progress) },
    );
    expect(heard).toEqual([1, 2]);
    await client.close();
  });
});

describe('a raw tools/call without initialize', () => {
  it.each([
    ['curl’s Accept', { accept: '*/*' }],
    ['JSON only', { accept: 'application/json' }],
    ['both', { accept: 'application/json, text/event-stream' }],
  ])('is answered as JSON: %s', async (_, headers) => {
    const answer = await post(running.mcpUrl, callOf('search', { query: 'key' }), {
      ...bearer(key),
      ...headers,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.json?.result).toHaveProperty('structuredContent.results');
  });

  it('is answered on /mcp/ too', async () => {
    const answer = await post(
      `${running.mcpUrl}/`,
      callOf('search', { query: 'key' }),
      bearer(key),
    );
    expect(answer.status).toBe(200);
  });

  it('is streamed when progress is asked for', async () => {
    const body = {
      jsonrpc: '2.0',
      id: 9,
      method: 'tools/call',
      params: { name: 'search', arguments: { query: 'key' }, _meta: { progressToken: 'p' } },
    };
    const answer = await post(running.mcpUrl, body, {
      ...bearer(key),
      accept: 'application/json, text/event-stream',
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const events = answer.text
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)) as { method?: string; id?: number });
    expect(events.map(({ method, id }) => method ?? id)).toEqual([
      'notifications/progress',
      'notifications/progress',
      9,
    ]);
  });
});

it.each(['GET', 'DELETE'])('%s /mcp is 405 at once, with Allow', async (method) => {
  const response = await fetch(running.mcpUrl, { method, headers: bearer(key) });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('POST');
  expect(await response.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
});

it('GET /health is open', async () => {
  const response = await fetch(`${running.twin.url}/health`);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ status: 'healthy' });
});

it.each(['/', '/nope', '/.well-known/nothing', '/mcp/deeper', '/admin', '/live/mcp'])(
  '%s is 404 JSON',
  async (path) => {
    const response = await fetch(`${running.twin.url}${path}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'NOT_FOUND' });
  },
);

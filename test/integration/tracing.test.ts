import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLegacySessions } from '../fixtures/upstreams/legacy-http.ts';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import { bearer, post, runTwin, type RunningTwin } from './support/running-twin.ts';
import { upstreamAt, writeUpstream } from './support/upstream-records.ts';

let running: RunningTwin;
let key: string;
let servers: Record<'modern' | 'legacy', Awaited<ReturnType<typeof startModern>>>;
beforeAll(async () => {
  const [modern, legacy] = await Promise.all([startModern(), startLegacySessions()]);
  servers = { modern, legacy };
  running = await runTwin();
  key = await running.keyOn('premium', 'acme');
  for (const [name, { url }] of Object.entries(servers)) {
    await writeUpstream(running.admin, upstreamAt(name, url));
  }
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await Promise.all([servers.modern.close(), servers.legacy.close()]);
});

interface Audited {
  readonly requestId: string;
  readonly traceId: string;
  readonly traceparent: string;
}

const recordOf = async (requestId: string): Promise<Audited> => {
  const logs = join(running.stateDirectory, 'logs');
  let found: Audited | undefined;
  await expect
    .poll(() => {
      const lines = readdirSync(logs)
        .filter((name) => name.endsWith('.log'))
        .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
        .filter((line) => line.startsWith('{"type":"audit",') && line.includes(requestId));
      found = lines[0] === undefined ? undefined : (JSON.parse(lines[0]) as Audited);
      return found;
    })
    .toBeDefined();
  return found ?? expect.fail('there is no record');
};

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parent = `00-${traceId}-b7ad6b7169203331-01`;

/** Calls the server's tool, and gives what was audited and what the server was sent. */
const called = async (
  server: 'modern' | 'legacy',
  meta: object | undefined,
  headers: Readonly<Record<string, string>> = {},
) => {
  const message = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: `${server}_echo`, arguments: { text: 'hi' }, ...(meta ? { _meta: meta } : {}) },
  };
  const answer = await post(running.mcpUrl, message, { ...bearer(key), ...headers });
  expect(answer.json?.result).toMatchObject({ content: [{ text: 'hi' }] });
  const requestId = answer.headers.get('x-amzn-requestid') ?? expect.fail('it has no id');
  const sent = servers[server].requests.filter(({ method }) => method === 'tools/call').at(-1);
  const { params } = sent?.body as { params: { _meta?: Record<string, unknown> } };
  return { record: await recordOf(requestId), sent: sent?.headers ?? {}, meta: params._meta ?? {} };
};

const spanIn = (traceparent: string): string => traceparent.split('-')[2] ?? '';

describe.each(['modern', 'legacy'] as const)('a call of the %s server', (server) => {
  it('has the caller’s trace of _meta, and this call as its parent', async () => {
    const caller = { traceparent: parent, tracestate: 'vendor=1' };
    const { record, sent, meta } = await called(server, caller, {
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      tracestate: 'other=2',
    });
    expect(record.traceparent).toMatch(new RegExp(`^00-${traceId}-[\\da-f]{16}-01$`, 'u'));
    expect(spanIn(record.traceparent)).not.toBe(spanIn(parent));
    expect(sent).toMatchObject({ traceparent: record.traceparent, tracestate: 'vendor=1' });
    expect(meta).toMatchObject({ traceparent: record.traceparent, tracestate: 'vendor=1' });
    // X-Ray's own stays what it is, and finds the trace in AWS.
    expect(record.traceId).toMatch(/^1-[\da-f]{8}-[\da-f]{24}$/u);
    expect(record.traceId.replaceAll('-', '')).not.toContain(traceId);
  });

  it('has that of the headers where _meta has none', async () => {
    const { record, sent, meta } = await called(server, undefined, { traceparent: parent });
    expect(record.traceparent).toContain(traceId);
    expect(sent['traceparent']).toBe(record.traceparent);
    expect(meta['traceparent']).toBe(record.traceparent);
    expect(sent).not.toHaveProperty('tracestate');
  });

  it('has X-Ray’s where there is none, or what there is is malformed', async () => {
    const malformed = { traceparent: `${parent}-x`, tracestate: 'vendor=1' };
    const { record, sent, meta } = await called(server, malformed, { traceparent: 'ff' });
    expect(record.traceparent.split('-')[1]).toBe(record.traceId.slice(2).replace('-', ''));
    expect(sent['traceparent']).toBe(record.traceparent);
    expect(meta['traceparent']).toBe(record.traceparent);
    expect(sent).not.toHaveProperty('tracestate');
  });
});

it('each call has a span of its own', async () => {
  const spans = [
    await called('modern', { traceparent: parent }),
    await called('modern', { traceparent: parent }),
  ].map(({ record }) => spanIn(record.traceparent));
  expect(new Set(spans).size).toBe(2);
});

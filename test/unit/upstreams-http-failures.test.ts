import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createStreamingGuard } from '../../src/fetch-guard/streaming-fetch.ts';
import { RequestNotSent } from '../../src/upstreams/not-sent.ts';
import {
  startAnswering,
  startDrip,
  startFlood,
  startHanging,
  startRubbish,
} from '../fixtures/upstreams/faulty.ts';
import { startLegacySessions, startLegacyStateless } from '../fixtures/upstreams/legacy-http.ts';
import { startLegacySse } from '../fixtures/upstreams/legacy-sse.ts';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import { deadPort, startRecorded } from '../fixtures/upstreams/recorded-server.ts';
import { anUpstream, aRequest, call, kept, specOf } from './support/http-upstreams.ts';

type Start = () => Promise<{ readonly url: string; readonly close: () => Promise<void> }>;

const answering =
  (status: number, type = 'text/plain', body = ''): Start =>
  () =>
    startAnswering(status, type, body);

const dead: Start = async () => ({
  url: `http://127.0.0.1:${await deadPort()}/mcp`,
  close: async () => undefined,
});

const json = (status: number, code: number) =>
  answering(
    status,
    'application/json',
    JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message: 'no' } }),
  );

const eventStream = 'text/event-stream';

const elsewhere: Start = () =>
  startAnswering(200, eventStream, 'event: endpoint\ndata: https://example.com/messages\n\n');

/** Ends its stream in the midst of the handshake. */
const hangingUp: Start = async () => {
  let stream: ServerResponse | undefined;
  const server = await startRecorded((request, response) => {
    if (request.method === 'GET') {
      stream = response.writeHead(200, { 'content-type': eventStream });
      stream.write('event: endpoint\ndata: /messages\n\n');
      return;
    }
    response.writeHead(202).end();
    stream?.end();
  });
  return { ...server, url: `${server.origin}/sse` };
};

const table: readonly (readonly [string, string, Start])[] = [
  ['does not listen', 'unreachable', dead],
  ['never answers', 'timeout', startHanging],
  ['drips without an end', 'timeout', startDrip],
  ['pours without an end', 'too-large', startFlood],
  ['is a web page', 'not-mcp', startRubbish],
  ['is a page that is not there', 'not-mcp', answering(404, 'text/html', '<p>none</p>')],
  ['answers what is no JSON', 'not-mcp', answering(200, 'application/json', '{"half":')],
  ['answers JSON that is no JSON-RPC', 'not-mcp', answering(200, 'application/json', '{}')],
  ['answers nothing at all', 'not-mcp', answering(204)],
  ['takes no POST', 'not-mcp', answering(405)],
  ['speaks another protocol', 'not-mcp', json(400, -32_600)],
  ['asks for a credential', 'unauthorized', answering(401)],
  ['refuses the credential', 'unauthorized', answering(403)],
  ['limits us', 'unreachable', answering(429)],
  ['fails', 'unreachable', json(500, -32_603)],
  [
    'is behind a proxy that fails',
    'unreachable',
    answering(502, 'text/html', '<p>bad gateway</p>'),
  ],
  [
    'is elsewhere',
    'misconfigured',
    async () => {
      const server = await startRecorded((_, response) => {
        response.writeHead(302, { location: 'https://example.com/mcp' }).end();
      });
      return { ...server, url: `${server.origin}/mcp` };
    },
  ],
];

describe('an upstream that cannot be used', () => {
  it.each(table)('because it %s is %s', async (_, failure, start) => {
    const { url } = kept(await start());
    const upstream = anUpstream(specOf(url), { maxBytes: 100_000 });
    const error = await upstream
      .request(aRequest({ timeoutMs: 400 }))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'UpstreamError', failure });
    expect((error as Error).message).not.toMatch(/127\.0\.0\.1|example\.com/);
  });

  it.each<readonly [string, string, Start]>([
    ['cannot be reached', 'unreachable', dead],
    ['never begins', 'timeout', startHanging],
    ['is a web page', 'not-mcp', startRubbish],
    ['is not there', 'not-mcp', answering(404)],
    ['asks for a credential', 'unauthorized', answering(401)],
    ['fails', 'unreachable', answering(503)],
    ['ends before it says where to send requests', 'unreachable', answering(200, eventStream)],
    ['ends before the handshake does', 'unreachable', hangingUp],
    ['pours without an end', 'too-large', () => startFlood(eventStream)],
    ['says nothing', 'timeout', () => startDrip(20, eventStream)],
    ['sends requests to another origin', 'unreachable', elsewhere],
  ])('because its stream %s is %s', async (_, failure, start) => {
    const { url } = kept(await start());
    const upstream = anUpstream(specOf(url, { transport: 'sse' }), { maxBytes: 100_000 });
    const error = await upstream
      .request(aRequest({ timeoutMs: 400 }))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'UpstreamError', failure });
  });

  it('is misconfigured when the guard does not let it through', async () => {
    const server = kept(await startLegacyStateless());
    const guard = createStreamingGuard({});
    const upstream = anUpstream(specOf(server.url), { fetch: guard.fetch });
    await expect(upstream.request(aRequest())).rejects.toMatchObject({ failure: 'misconfigured' });
    expect(server.requests).toEqual([]);
  });

  it('is told apart from one that may have run the call', async () => {
    const { url } = await dead();
    const error = await anUpstream(specOf(url))
      .request(aRequest())
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestNotSent);
  });

  it('may have run the call when it ends the connection in place of an answer', async () => {
    const server = kept(await startLegacyStateless());
    const upstream = anUpstream(specOf(server.url));
    await upstream.request(aRequest());
    const answer = upstream.request(call('wait'));
    await expect.poll(() => server.tools.calls['wait']).toBe(1);
    await server.close();
    const error = await answer.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure: 'unreachable' });
    expect(error).not.toBeInstanceOf(RequestNotSent);
    expect(server.tools.calls['wait']).toBe(1);
  });
});

describe.each([
  ['with one JSON document', startLegacyStateless, {}],
  ['with a stream of events', startLegacySessions, {}],
  ['of revision 2026-07-28', startModern, {}],
  ['over SSE', startLegacySse, { transport: 'sse' as const }],
])('an answer %s', (_, start, spec) => {
  it('that is too large fails its call, and no other', async () => {
    const server = kept(await start());
    const upstream = anUpstream(specOf(server.url, spec), { maxBytes: 100_000 });
    expect(await upstream.request(call('big', { bytes: 90_000 }))).toMatchObject({
      content: [{ type: 'text' }],
    });
    await expect(upstream.request(call('big', { bytes: 100_001 }))).rejects.toMatchObject({
      failure: 'too-large',
    });
    expect(await upstream.request(aRequest())).toMatchObject({
      structuredContent: { text: 'hello' },
    });
  });

  it('that is an error of JSON-RPC is passed on', async () => {
    const server = kept(await start());
    const upstream = anUpstream(specOf(server.url, spec));
    await expect(upstream.request(call('nothing'))).rejects.toMatchObject({
      failure: 'rpc',
      rpc: { code: -32_603, message: expect.stringContaining('') as string },
    });
    await expect(
      upstream.request(aRequest({ method: 'resources/list', params: {} })),
    ).rejects.toMatchObject({ failure: 'rpc', rpc: { code: -32_601 } });
    expect(server.tools.calls['nothing']).toBe(1);
  });

  it('that does not come by the deadline is a timeout, and the session goes on', async () => {
    const server = kept(await start());
    const upstream = anUpstream(specOf(server.url, spec));
    await upstream.request(aRequest());
    const began = performance.now();
    await expect(upstream.request(call('wait', {}, { timeoutMs: 200 }))).rejects.toMatchObject({
      failure: 'timeout',
    });
    expect(performance.now() - began).toBeLessThan(4_000);
    const before = server.requests.length;
    await upstream.request(aRequest());
    const after = server.requests.slice(before).map(({ method }) => method);
    expect(after.filter((method) => method === 'tools/call')).toHaveLength(1);
    expect(after).not.toContain('initialize');
  });
});

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startGuarded } from '../fixtures/upstreams/faulty.ts';
import { startLegacySessions, startLegacyStateless } from '../fixtures/upstreams/legacy-http.ts';
import { startLegacySse } from '../fixtures/upstreams/legacy-sse.ts';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import { anUpstream, aRequest, call, kept, specOf } from './support/http-upstreams.ts';

const trace = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=1',
};

describe('what an upstream is sent', () => {
  it('is our own, what the operator configured, and nothing of the caller', async () => {
    const server = kept(await startModern());
    const headers = { Authorization: 'Bearer operators', 'X-Team': 'blue' };
    const upstream = anUpstream(specOf(server.url, { headers }));
    await upstream.request(aRequest({ hops: 2, trace }));
    const { headers: sent } = server.requests.at(-1) ?? {};
    expect(sent).toEqual({
      accept: 'application/json, text/event-stream',
      'accept-encoding': 'identity',
      authorization: 'Bearer operators',
      connection: 'keep-alive',
      'content-length': expect.stringMatching(/^\d+$/) as string,
      'content-type': 'application/json',
      host: `127.0.0.1:${server.port}`,
      'mcp-method': 'tools/call',
      'mcp-name': 'echo',
      'mcp-protocol-version': '2026-07-28',
      traceparent: trace.traceparent,
      tracestate: trace.tracestate,
      'user-agent': 'drawbridge/0.1.0',
      'x-drawbridge-hops': '3',
      'x-team': 'blue',
    });
  });

  it.each([
    ['2025', startLegacySessions, {}],
    ['SSE', startLegacySse, { transport: 'sse' as const }],
  ])('has the headers on every request of a session of %s', async (_, start, spec) => {
    const server = kept(await start());
    const upstream = anUpstream(specOf(server.url, { headers: { 'X-Key': 'k' }, ...spec }));
    await upstream.request(aRequest({ hops: 1, trace }));
    await upstream.close();
    expect(server.requests.length).toBeGreaterThan(3);
    for (const { headers } of server.requests) {
      expect(headers['x-key']).toBe('k');
      expect(headers['user-agent']).toBe('drawbridge/0.1.0');
    }
    const ofCall = server.requests.find(({ method }) => method === 'tools/call')?.headers;
    expect(ofCall).toMatchObject({ 'x-drawbridge-hops': '2', traceparent: trace.traceparent });
  });

  it('has no header of the connection or of the protocol that a configuration names', async () => {
    const server = kept(await startLegacyStateless());
    const upstream = anUpstream(
      specOf(server.url, {
        headers: {
          Host: 'metadata.google.internal',
          Connection: 'upgrade',
          Upgrade: 'h2c',
          'Transfer-Encoding': 'chunked',
          'Content-Length': '1',
          TE: 'trailers',
          'Proxy-Authorization': 'Basic x',
          'Mcp-Session-Id': 'stolen',
          'MCP-Protocol-Version': '2024-11-05',
          'X-Drawbridge-Hops': '0',
          'X-Fine': 'yes',
        },
      }),
    );
    await upstream.request(aRequest());
    const { headers } = server.requests.at(-1) ?? {};
    expect(headers).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      connection: 'keep-alive',
      'mcp-protocol-version': '2025-11-25',
      'x-drawbridge-hops': '1',
      'x-fine': 'yes',
    });
    for (const name of ['upgrade', 'te', 'proxy-authorization', 'mcp-session-id']) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(headers).not.toHaveProperty('transfer-encoding');
  });

  it('has no trace that is not well-formed', async () => {
    const server = kept(await startLegacyStateless());
    const upstream = anUpstream(specOf(server.url));
    await upstream.request(
      aRequest({ trace: { traceparent: 'a\r\nX-Key: b', tracestate: 'ü', baggage: 'k=v' } }),
    );
    const { headers } = server.requests.at(-1) ?? {};
    for (const name of ['traceparent', 'tracestate', 'baggage', 'x-key']) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it('keeps the trace of a call out of the other calls of its session', async () => {
    const server = kept(await startLegacySessions());
    const upstream = anUpstream(specOf(server.url));
    await Promise.all([
      upstream.request(aRequest({ trace, hops: 1 })),
      upstream.request(aRequest({ hops: 0 })),
    ]);
    const calls = server.requests.filter(({ method }) => method === 'tools/call');
    expect(calls.map(({ headers }) => headers.traceparent)).toEqual(
      expect.arrayContaining([trace.traceparent, undefined]),
    );
  });
});

describe('a credential of an upstream', () => {
  const aGuarded = async (secrets: readonly string[]) => {
    const guarded = kept(
      await startGuarded(kept(await startLegacyStateless()), 'X-Api-Key', 'key-1'),
    );
    const read: boolean[] = [];
    let now = 0;
    const upstream = anUpstream(
      specOf(guarded.url, { headers: { 'X-Api-Key': '${secret:items}' } }),
      {
        resolve: async (values, { fresh = false } = {}) => {
          expect(values).toEqual({ 'X-Api-Key': '${secret:items}' });
          if (fresh) read.push(fresh);
          return { 'X-Api-Key': secrets[Math.min(read.length, secrets.length - 1)] ?? '' };
        },
        now: () => now,
      },
    );
    const wait = (ms: number): void => {
      now += ms;
    };
    return { guarded, upstream, read, wait };
  };

  it('is filled in when a session begins', async () => {
    const { upstream, read } = await aGuarded(['key-1']);
    expect(await upstream.request(aRequest())).toMatchObject({
      structuredContent: { text: 'hello' },
    });
    expect(read).toEqual([]);
  });

  it('is read again when the upstream refuses it, and the call is made again', async () => {
    const { guarded, upstream, read } = await aGuarded(['key-1', 'key-2']);
    await upstream.request(aRequest());
    guarded.accept('key-2');
    expect(await upstream.request(aRequest())).toMatchObject({
      structuredContent: { text: 'hello' },
    });
    expect(read).toHaveLength(1);
  });

  it('that is wrong when the session begins is read again, too', async () => {
    const { upstream, read } = await aGuarded(['outdated', 'key-1']);
    expect(await upstream.request(aRequest())).toMatchObject({
      structuredContent: { text: 'hello' },
    });
    expect(read).toHaveLength(1);
  });

  it('that stays wrong is not read for each call, and the call is not made again', async () => {
    const { guarded, upstream, read, wait } = await aGuarded(['wrong']);
    for (let i = 0; i < 3; i++) {
      await expect(upstream.request(aRequest())).rejects.toMatchObject({ failure: 'unauthorized' });
    }
    expect(read).toHaveLength(1);
    expect(guarded.requests).toHaveLength(3);
    wait(30_000);
    await expect(upstream.request(aRequest())).rejects.toMatchObject({ failure: 'unauthorized' });
    expect(read).toHaveLength(2);
  });

  it('that cannot be read makes the upstream misconfigured', async () => {
    const server = kept(await startLegacyStateless());
    const upstream = anUpstream(specOf(server.url), {
      resolve: () => Promise.reject(new Error('the secret is in here')),
    });
    const error = (await upstream.request(aRequest()).catch((e: unknown) => e)) as Error;
    expect(error).toMatchObject({ failure: 'misconfigured' });
    expect(error.message).not.toContain('secret');
    expect(server.requests).toEqual([]);
  });

  it('that no header can hold makes the upstream misconfigured', async () => {
    const server = kept(await startLegacyStateless());
    const upstream = anUpstream(specOf(server.url, { headers: { 'X-Key': 'a\r\nX-Other: b' } }));
    const error = await upstream.request(aRequest()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure: 'misconfigured' });
    expect(inspect(error, { depth: 9 })).not.toContain('X-Other');
    expect(server.requests).toEqual([]);
  });

  it('may end with a line break, as files do', async () => {
    const server = kept(await startLegacyStateless());
    const upstream = anUpstream(specOf(server.url, { headers: { 'X-Key': 'value\n' } }));
    await upstream.request(aRequest());
    expect(server.requests.at(-1)?.headers['x-key']).toBe('value');
  });
});

const answer = { action: 'accept', content: { name: 'Ada' } };

describe('an upstream that asks its user', () => {
  it.each([
    ['2025', startLegacySessions, {}],
    ['SSE', startLegacySse, { transport: 'sse' as const }],
  ])('over %s gets the answer in another attempt', async (_, start, spec) => {
    const server = kept(await start());
    const upstream = anUpstream(specOf(server.url, spec));
    await expect(upstream.request(call('ask'))).rejects.toMatchObject({ failure: 'needs-input' });
    expect(await upstream.request(call('ask', {}, { elicitation: { answers: [] } }))).toMatchObject(
      {
        resultType: 'input_required',
        inputRequests: {
          'input-1': { method: 'elicitation/create', params: { message: 'What is your name?' } },
        },
      },
    );
    expect(
      await upstream.request(call('ask', {}, { elicitation: { answers: [answer] } })),
    ).toMatchObject({ content: [{ type: 'text', text: JSON.stringify(answer) }] });
  });

  it('of revision 2026-07-28 asks by its result, which is passed on', async () => {
    const server = kept(await startModern());
    const upstream = anUpstream(specOf(server.url));
    const request = call('ask', {}, { capabilities: { elicitation: { form: {} } } });
    expect(await upstream.request(request)).toMatchObject({
      resultType: 'input_required',
      inputRequests: { name: { method: 'elicitation/create' } },
    });
    const params = { ...request.params, inputResponses: { name: answer } };
    expect(await upstream.request({ ...request, params })).toMatchObject({
      content: [{ type: 'text', text: JSON.stringify(answer) }],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { RequestNotSent } from '../../src/upstreams/not-sent.ts';
import { startFront } from '../fixtures/upstreams/faulty.ts';
import { startLegacySessions, startLegacyStateless } from '../fixtures/upstreams/legacy-http.ts';
import { startLegacySse } from '../fixtures/upstreams/legacy-sse.ts';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import type { RecordedServer } from '../fixtures/upstreams/recorded-server.ts';
import { anUpstream, aRequest, call, kept, specOf } from './support/http-upstreams.ts';

const methodsOf = ({ requests }: RecordedServer) =>
  requests.map(({ httpMethod, method }) => method ?? httpMethod);

const sessionsOf = ({ requests }: RecordedServer) =>
  new Set(
    requests
      .filter(({ method }) => method === 'tools/call')
      .map(({ headers }) => headers['mcp-session-id']),
  );

describe('sessions of an upstream', () => {
  it('are one for each tenant, and only the first asks for the era', async () => {
    const server = kept(await startLegacySessions());
    const upstream = anUpstream(specOf(server.url));
    for (const tenant of ['acme', 'globex', 'acme', 'globex']) {
      await upstream.request(aRequest({ tenant }));
    }
    expect(sessionsOf(server).size).toBe(2);
    const methods = methodsOf(server);
    expect(methods.filter((method) => method === 'server/discover')).toHaveLength(1);
    expect(methods.filter((method) => method === 'initialize')).toHaveLength(2);
  });

  it('hold no stream open', async () => {
    const server = kept(await startLegacySessions());
    await anUpstream(specOf(server.url)).request(aRequest());
    expect(server.requests.some(({ httpMethod }) => httpMethod === 'GET')).toBe(false);
  });

  it('begin once for calls that come together', async () => {
    const server = kept(await startLegacySessions());
    const upstream = anUpstream(specOf(server.url));
    await Promise.all(Array.from({ length: 10 }, () => upstream.request(aRequest())));
    expect(methodsOf(server).filter((method) => method === 'initialize')).toHaveLength(1);
    expect(server.tools.calls['echo']).toBe(10);
  });

  it('are begun for the others when the first who asked gives up', async () => {
    const server = kept(await startLegacySessions());
    const upstream = anUpstream(specOf(server.url));
    const impatient = new AbortController();
    const first = upstream.request(aRequest({ signal: impatient.signal }));
    const second = upstream.request(aRequest());
    impatient.abort();
    await expect(first).rejects.toMatchObject({ failure: 'aborted' });
    expect(await second).toMatchObject({ structuredContent: { text: 'hello' } });
  });

  it.each([404, 400] as const)(
    'are begun anew when the server forgot them and says so with %s',
    async (unknownSession) => {
      const server = kept(await startLegacySessions({ unknownSession }));
      const upstream = anUpstream(specOf(server.url));
      await upstream.request(aRequest());
      server.forget();
      const before = server.requests.length;
      expect(await upstream.request(aRequest())).toMatchObject({
        structuredContent: { text: 'hello' },
      });
      expect(methodsOf(server).slice(before)).toEqual([
        'tools/call',
        'initialize',
        'notifications/initialized',
        'tools/call',
      ]);
      expect(server.tools.calls['echo']).toBe(2);
    },
  );

  it('are not begun a third time when the server forgets each of them', async () => {
    const server = kept(await startLegacySessions({ isForgetful: true }));
    const upstream = anUpstream(specOf(server.url));
    const error = await upstream.request(aRequest()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestNotSent);
    expect(methodsOf(server).filter((method) => method === 'tools/call')).toHaveLength(2);
  });

  it('are ended at the server after five idle minutes, when another call comes', async () => {
    const server = kept(await startLegacySessions());
    let now = 0;
    const upstream = anUpstream(specOf(server.url), { now: () => now });
    await upstream.request(aRequest());
    now = 300_000;
    await upstream.request(aRequest());
    expect(sessionsOf(server).size).toBe(1);
    now = 600_001;
    await upstream.request(aRequest({ tenant: 'globex' }));
    await expect.poll(() => methodsOf(server)).toContain('DELETE');
    expect(server.sessions()).toBe(1);
    await upstream.request(aRequest());
    expect(sessionsOf(server).size).toBe(3);
  });

  it('are a hundred at most: the one that was used longest ago is ended', async () => {
    const server = kept(await startLegacySessions());
    const upstream = anUpstream(specOf(server.url));
    const tenants = Array.from({ length: 100 }, (_, index) => `tenant-${index}`);
    for (const tenant of tenants) await upstream.request(aRequest({ tenant }));
    await upstream.request(aRequest({ tenant: 'tenant-0' }));
    expect(server.sessions()).toBe(100);
    await upstream.request(aRequest({ tenant: 'one-more' }));
    await expect.poll(() => server.sessions()).toBe(100);
    const before = server.requests.length;
    await upstream.request(aRequest({ tenant: 'tenant-0' }));
    expect(methodsOf(server).slice(before)).toEqual(['tools/call']);
    await upstream.request(aRequest({ tenant: 'tenant-1' }));
    expect(methodsOf(server).slice(before)).toContain('initialize');
  });

  it('end when the upstream is closed', async () => {
    const server = kept(await startLegacySessions());
    const upstream = anUpstream(specOf(server.url));
    await upstream.request(aRequest());
    await upstream.close();
    expect(server.sessions()).toBe(0);
  });

  it.each([
    { from: '2025 with sessions', old: startLegacySessions, to: '2026', new: startModern },
    { from: '2025', old: startLegacyStateless, to: '2026', new: startModern },
    { from: '2026', old: startModern, to: '2025', new: startLegacyStateless },
    { from: '2026', old: startModern, to: '2025 with sessions', new: startLegacySessions },
  ])(
    'follow a server of $from that becomes one of $to',
    async ({ old: startOld, new: startNew }) => {
      const [old, next] = [kept(await startOld()), kept(await startNew())];
      const front = kept(await startFront(old));
      const upstream = anUpstream(specOf(front.url));
      await upstream.request(aRequest());
      front.switchTo(next);
      expect(await upstream.request(aRequest())).toMatchObject({
        structuredContent: { text: 'hello' },
      });
      expect([old.tools.calls['echo'], next.tools.calls['echo']]).toEqual([1, 1]);
    },
  );

  it('are left behind by no call that was given up', async () => {
    const server = kept(await startModern());
    const upstream = anUpstream(specOf(server.url));
    await upstream.request(aRequest());
    for (let round = 0; round < 20; round++) {
      const caller = new AbortController();
      const calls = Array.from({ length: 50 }, () =>
        upstream.request(call('wait', {}, { signal: caller.signal })),
      );
      await expect.poll(() => server.tools.calls['wait']).toBe((round + 1) * 50);
      caller.abort();
      const ends = await Promise.allSettled(calls);
      expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
    }
    await expect.poll(() => server.tools.cancelled).toBe(1_000);
    await expect.poll(() => server.connections()).toBeLessThanOrEqual(1);
    expect(await upstream.request(aRequest())).toMatchObject({
      structuredContent: { text: 'hello' },
    });
    expect(methodsOf(server).filter((method) => method === 'server/discover')).toHaveLength(1);
  });
});

describe('a session of HTTP+SSE', () => {
  const transport = 'sse' as const;

  it('has one stream, which ends with it', async () => {
    const server = kept(await startLegacySse());
    const upstream = anUpstream(specOf(server.url, { transport }));
    await upstream.request(aRequest());
    expect(server.streams()).toBe(1);
    await upstream.close();
    await expect.poll(() => server.streams()).toBe(0);
  });

  it('is begun anew when the server forgot it', async () => {
    const server = kept(await startLegacySse());
    const upstream = anUpstream(specOf(server.url, { transport }));
    await upstream.request(aRequest());
    server.forget();
    expect(await upstream.request(aRequest())).toMatchObject({
      structuredContent: { text: 'hello' },
    });
    expect(server.tools.calls['echo']).toBe(2);
    await expect.poll(() => server.streams()).toBe(1);
  });

  it('is begun anew when its stream ended, and never by the stream itself', async () => {
    const server = kept(await startLegacySse());
    const upstream = anUpstream(specOf(server.url, { transport }));
    await upstream.request(aRequest());
    server.hangUp();
    await expect.poll(() => server.streams()).toBe(0);
    await upstream.request(aRequest());
    expect(methodsOf(server).filter((method) => method === 'GET')).toHaveLength(2);
    expect(methodsOf(server).filter((method) => method === 'initialize')).toHaveLength(2);
  });

  it('fails a call whose stream ends, and does not repeat it', async () => {
    const server = kept(await startLegacySse());
    const upstream = anUpstream(specOf(server.url, { transport }));
    const answer = upstream.request(call('wait'));
    await expect.poll(() => server.tools.calls['wait']).toBe(1);
    server.hangUp();
    const error = await answer.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure: 'unreachable' });
    expect(error).not.toBeInstanceOf(RequestNotSent);
    expect(server.tools.calls['wait']).toBe(1);
  });

  it('is not trusted after an idle minute: its stream may be dead without a sign', async () => {
    const server = kept(await startLegacySse());
    let now = 0;
    const upstream = anUpstream(specOf(server.url, { transport }), { now: () => now });
    await upstream.request(aRequest());
    now = 60_001;
    await upstream.request(aRequest());
    expect(methodsOf(server).filter((method) => method === 'GET')).toHaveLength(2);
    await expect.poll(() => server.streams()).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import type { UpstreamOfKind } from '../../src/upstreams/upstream-spec.ts';
import {
  startLegacySessions,
  startLegacyStateless,
  type FixtureUpstream,
} from '../fixtures/upstreams/legacy-http.ts';
import { startLegacySse } from '../fixtures/upstreams/legacy-sse.ts';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import { anUpstream, aRequest, call, kept, specOf } from './support/http-upstreams.ts';

const echoed = { content: [{ type: 'text', text: 'hello' }], structuredContent: { text: 'hello' } };

interface Kind {
  readonly kind: string;
  readonly era: 'legacy' | 'modern';
  /** Methods of the first call's HTTP requests. */
  readonly opening: readonly (string | undefined)[];
  readonly start: (options?: { moreTools: number }) => Promise<FixtureUpstream>;
  /** One JSON document for each answer: nothing can come before it. */
  readonly isSilent?: boolean;
  readonly spec?: Partial<UpstreamOfKind<'http'>>;
}

const kinds: readonly Kind[] = [
  {
    kind: '2025 with sessions',
    era: 'legacy',
    opening: ['server/discover', 'initialize', 'notifications/initialized', 'tools/call'],
    start: startLegacySessions,
  },
  {
    kind: '2025 without sessions',
    era: 'legacy',
    opening: ['server/discover', 'initialize', 'notifications/initialized', 'tools/call'],
    start: startLegacyStateless,
    isSilent: true,
  },
  {
    kind: '2026',
    era: 'modern',
    opening: ['server/discover', 'tools/call'],
    start: startModern,
  },
  {
    kind: 'HTTP+SSE',
    era: 'legacy',
    opening: [undefined, 'initialize', 'notifications/initialized', 'tools/call'],
    start: startLegacySse,
    spec: { transport: 'sse' },
  },
];

describe.each(kinds)(
  'a server of kind $kind',
  ({ era, opening, start, spec, isSilent = false }) => {
    it('is asked once for a warm call, whatever the number of calls', async () => {
      const server = kept(await start());
      const upstream = anUpstream(specOf(server.url, spec));
      expect(await upstream.request(aRequest())).toMatchObject(echoed);
      expect(server.requests.map(({ method }) => method)).toEqual(opening);
      const before = server.requests.length;
      for (let i = 0; i < 50; i++) await upstream.request(aRequest());
      expect((server.requests.length - before) / 50).toBe(1);
      expect(server.requests.slice(before).every(({ method }) => method === 'tools/call')).toBe(
        true,
      );
    });

    it('says what it is', async () => {
      const server = kept(await start());
      const upstream = anUpstream(specOf(server.url, spec));
      const facts = await upstream.facts(aRequest());
      expect(facts).toMatchObject({
        era,
        instructions: era === 'modern' ? 'Be brief.' : 'Be kind.',
        serverInfo: { name: `${era}-fixture` },
        capabilities: { tools: {} },
      });
    });

    it('lists a thousand tools, with the fields that no client knows', async () => {
      const server = kept(await start({ moreTools: 995 }));
      const upstream = anUpstream(specOf(server.url, spec));
      const list = aRequest({ method: 'tools/list', params: {} });
      const { tools } = (await upstream.request(list)) as { tools: Record<string, unknown>[] };
      expect(tools).toHaveLength(1_000);
      expect(tools[0]).toMatchObject({ description: 'Says it again.', 'x-vendor': 'kept' });
    });

    it('shows its tools as they are now', async () => {
      const server = kept(await start());
      const upstream = anUpstream(specOf(server.url, spec));
      const list = aRequest({ method: 'tools/list', params: {} });
      await upstream.request(list);
      server.tools.description = 'Sends it to us.';
      const { tools } = (await upstream.request(list)) as { tools: Record<string, unknown>[] };
      expect(tools[0]).toMatchObject({ name: 'echo', description: 'Sends it to us.' });
    });

    if (!isSilent) {
      it('tells of its progress and its log before it answers', async () => {
        const server = kept(await start());
        const upstream = anUpstream(specOf(server.url, spec));
        const told: unknown[] = [];
        const { promise: progressed, resolve } = Promise.withResolvers<void>();
        const answer = upstream.request(
          call(
            'count',
            {},
            {
              onProgress: (params) => {
                told.push(params);
                resolve();
              },
              onLog: ({ data }) => told.push(data),
            },
          ),
        );
        await progressed;
        server.tools.release();
        told.push(await answer);
        expect(told).toEqual([
          'counting',
          { progress: 1, total: 2 },
          expect.objectContaining({ content: [{ type: 'text', text: '2' }] }),
        ]);
      });
    }

    it('hears that a call was given up', async () => {
      const server = kept(await start());
      const upstream = anUpstream(specOf(server.url, spec));
      const caller = new AbortController();
      const answer = upstream.request(call('wait', {}, { signal: caller.signal }));
      await expect.poll(() => server.tools.calls['wait']).toBe(1);
      caller.abort();
      await expect(answer).rejects.toMatchObject({ failure: 'aborted' });
      // Without a session a server cannot tell which call a cancellation is about: the connection ends.
      if (isSilent) await expect.poll(() => server.abandoned.length).toBe(1);
      else await expect.poll(() => server.tools.cancelled).toBe(1);
      expect(await upstream.request(aRequest())).toMatchObject(echoed);
    });
  },
);

import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { createStreamingGuard, type StreamingFetch } from '../fetch-guard/streaming-fetch.ts';
import { HttpUpstream, type ResolveValues } from '../upstreams/http-upstream.ts';
import { OpenApiUpstream } from '../upstreams/openapi-upstream.ts';
import type { UpstreamOfKind, UpstreamSpec } from '../upstreams/upstream-spec.ts';
import { UpstreamError, type JsonObject, type Upstream } from '../upstreams/upstream.ts';
import type { ProbedUpstream, UpstreamProbe } from './ports.ts';

const maxPages = 100;

const listed = z.looseObject({
  tools: z.array(z.record(z.string(), z.unknown())),
  nextCursor: z.string().optional(),
});

export interface ProbeDeps {
  readonly resolve: ResolveValues;
  readonly allowLoopback: boolean;
  /** Of Drawbridge, as servers are told. */
  readonly version: string;
  /** @throws UpstreamError when there is none of this name. */
  readonly sandbox: (spec: UpstreamOfKind<'sandbox'>) => Promise<Upstream>;
}

const connected = async (
  upstream: Upstream,
  tenant: string,
  { timeoutMs }: UpstreamSpec,
): Promise<ProbedUpstream> => {
  const request = {
    tenant,
    requestId: randomUUID(),
    hops: 0,
    timeoutMs,
    signal: new AbortController().signal,
  };
  const facts = await upstream.facts(request);
  if (facts.capabilities['tools'] === undefined) return { facts, tools: [] };
  const tools: JsonObject[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = listed.safeParse(
      await upstream.request({ ...request, method: 'tools/list', params, repeatable: true }),
    );
    if (!answer.success) throw new UpstreamError('not-mcp', 'Its list of tools is no such list.');
    tools.push(...answer.data.tools);
    cursor = answer.data.nextCursor;
    if (cursor === undefined) return { facts, tools };
  }
  throw new UpstreamError('too-large', 'Its list of tools does not end.');
};

/** Connects to upstreams from where it runs, under the guard that the gateway is under. */
export const createProbe = ({
  resolve,
  allowLoopback,
  version,
  sandbox,
}: ProbeDeps): UpstreamProbe => {
  const upstreamOf = async (spec: UpstreamSpec, fetch: StreamingFetch): Promise<Upstream> => {
    if (spec.kind === 'sandbox') return sandbox(spec);
    const deps = { fetch, resolve, version, now: Date.now };
    return spec.kind === 'http' ? new HttpUpstream(spec, deps) : new OpenApiUpstream(spec, deps);
  };
  return {
    list: async (spec, tenant) => {
      const guard = createStreamingGuard({ allowLoopback, ports: 'any' });
      try {
        const upstream = await upstreamOf(spec, guard.fetch);
        try {
          return await connected(upstream, tenant, spec);
        } finally {
          await upstream.close();
        }
      } finally {
        guard.close();
      }
    },
  };
};

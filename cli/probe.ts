import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import type { ProbedUpstream, UpstreamProbe } from '../src/admin/ports.ts';
import { createStreamingGuard, type StreamingFetch } from '../src/fetch-guard/streaming-fetch.ts';
import { HttpUpstream, type ResolveValues } from '../src/upstreams/http-upstream.ts';
import { OpenApiUpstream } from '../src/upstreams/openapi-upstream.ts';
import type { UpstreamOfKind, UpstreamSpec } from '../src/upstreams/upstream-spec.ts';
import { UpstreamError, type JsonObject, type Upstream } from '../src/upstreams/upstream.ts';

const maxPages = 100;

const version: string = z
  .object({ version: z.string() })
  .parse(
    JSON.parse(readFileSync(path.join(import.meta.dirname, '..', 'package.json'), 'utf8')),
  ).version;

const listed = z.looseObject({
  tools: z.array(z.record(z.string(), z.unknown())),
  nextCursor: z.string().optional(),
});

export interface ProbeDeps {
  readonly resolve: ResolveValues;
  readonly allowLoopback: boolean;
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

/** Connects to upstreams from this machine, under the guard that the gateway is under. */
export const createProbe = ({ resolve, allowLoopback, sandbox }: ProbeDeps): UpstreamProbe => {
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

import { afterEach } from 'vitest';
import { createStreamingGuard } from '../../../src/fetch-guard/streaming-fetch.ts';
import { HttpUpstream, type HttpUpstreamDeps } from '../../../src/upstreams/http-upstream.ts';
import type { UpstreamOfKind } from '../../../src/upstreams/upstream-spec.ts';
import type { UpstreamRequest } from '../../../src/upstreams/upstream.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Closes what a test started, when it ends. */
export const kept = <T extends { close: () => unknown }>(running: T): T => {
  closers.push(() => running.close());
  return running;
};

export const specOf = (
  url: string,
  over: Partial<UpstreamOfKind<'http'>> = {},
): UpstreamOfKind<'http'> => ({
  kind: 'http',
  name: 'fixture',
  prefix: 'fixture',
  tenants: '*',
  timeoutMs: 5_000,
  listTimeoutMs: 5_000,
  units: { default: 1 },
  url,
  transport: 'streamable-http',
  headers: {},
  ...over,
});

export const anUpstream = (
  spec: UpstreamOfKind<'http'>,
  deps: Partial<HttpUpstreamDeps> = {},
): HttpUpstream => {
  const guard = createStreamingGuard({ allowLoopback: true });
  const upstream = new HttpUpstream(spec, {
    fetch: guard.fetch,
    resolve: async (values) => values,
    version: '0.1.0',
    now: Date.now,
    ...deps,
  });
  closers.push(async () => {
    await upstream.close();
    guard.close();
  });
  return upstream;
};

export const aRequest = (over: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'hello' } },
  tenant: 'acme',
  requestId: 'r1',
  hops: 0,
  timeoutMs: 5_000,
  signal: new AbortController().signal,
  repeatable: false,
  ...over,
});

export const call = (name: string, args: object = {}, over: Partial<UpstreamRequest> = {}) =>
  aRequest({ params: { name, arguments: args }, ...over });

import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import { UpstreamError, type JsonObject } from '../upstreams/upstream.ts';
import type { ProbedUpstream, UpstreamProbe } from './ports.ts';

/** Servers in a map from name to tools; one that is not there cannot be reached. */
export class InMemoryUpstreamProbe implements UpstreamProbe {
  readonly servers = new Map<string, readonly JsonObject[]>();
  /** What was asked for, in order. */
  readonly asked: { readonly spec: UpstreamSpec; readonly tenant: string }[] = [];

  async list(spec: UpstreamSpec, tenant: string): Promise<ProbedUpstream> {
    this.asked.push({ spec, tenant });
    const tools = this.servers.get(spec.name);
    if (tools === undefined) throw new UpstreamError('unreachable', 'Nothing answers.');
    return { facts: { capabilities: { tools: {} }, era: 'legacy' }, tools };
  }
}

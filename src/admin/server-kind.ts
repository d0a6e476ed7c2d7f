import type { McpServerEntry } from '../upstreams/mcp-servers.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';

/** What people call the ways in which a server is reached. */
export type ServerKind = 'http' | 'sse' | 'openapi' | 'stdio';

export const kindOfSpec = (spec: UpstreamSpec): ServerKind => {
  if (spec.kind === 'http') return spec.transport === 'sse' ? 'sse' : 'http';
  return spec.kind === 'openapi' ? 'openapi' : 'stdio';
};

export const kindOfEntry = (entry: McpServerEntry): ServerKind => {
  if (entry.kind !== 'remote') return entry.kind;
  return (entry.transport ?? entry.type) === 'sse' ? 'sse' : 'http';
};

/** What a spec calls; undefined for a sandbox. */
export const urlOfSpec = (spec: UpstreamSpec): string | undefined => {
  if (spec.kind === 'sandbox') return undefined;
  return spec.kind === 'http' ? spec.url : spec.baseUrl;
};

/** Host and port of what a spec calls; undefined for a sandbox. */
export const hostOfSpec = (spec: UpstreamSpec): string | undefined => {
  const url = urlOfSpec(spec);
  return url === undefined ? undefined : new URL(url).host;
};

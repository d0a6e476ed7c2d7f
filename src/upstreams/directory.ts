import type { UpstreamSpec } from './upstream-spec.ts';

/** Hashes of approved definitions, by the upstream's own tool names. */
export type PinnedTools = ReadonlyMap<string, string>;

/** The upstreams of a tenant, and what of them was approved. */
export interface DirectoryView {
  /** In the order of names; each prefix once. */
  readonly specs: readonly UpstreamSpec[];
  /** By server. A server without an entry was never approved. */
  readonly pins: ReadonlyMap<string, PinnedTools>;
  /** False when live records could not be read and none are remembered: what is not known is not served. */
  readonly isComplete: boolean;
}

export interface UpstreamDirectory {
  /** Never throws: an unreachable store leaves what was last read, or nothing. */
  visibleTo(tenant: string): Promise<DirectoryView>;
}

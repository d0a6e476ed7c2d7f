import type { LiveSpec } from '../../../src/registry/upstream-records.ts';
import type { AdminPorts } from '../../../src/admin/ports.ts';

/** An upstream at a URL of this machine, for everybody or for one tenant. */
export const upstreamAt = (
  name: string,
  url: string,
  { scope = '*', ...changes }: Partial<LiveSpec> & { readonly scope?: string } = {},
): { readonly scope: string; readonly spec: LiveSpec } => ({
  scope,
  spec: {
    kind: 'http',
    name,
    prefix: name,
    tenants: scope === '*' ? '*' : [scope],
    timeoutMs: 10_000,
    listTimeoutMs: 2_000,
    units: { default: 1 },
    url,
    transport: 'streamable-http',
    headers: {},
    ...changes,
  } as LiveSpec,
});

/** Writes the record that `drawbridge upstreams add` writes. */
export const writeUpstream = async (
  { upstreams }: AdminPorts,
  { scope, spec }: ReturnType<typeof upstreamAt>,
): Promise<void> => {
  const now = new Date().toISOString();
  const before = await upstreams.getUpstream(scope, spec.name);
  await upstreams.putUpstream({
    scope,
    name: spec.name,
    enabled: true,
    spec,
    revision: (before?.revision ?? 0) + 1,
    createdAt: now,
    updatedAt: now,
  });
};

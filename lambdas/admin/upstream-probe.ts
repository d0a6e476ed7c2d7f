import type { ProbeParts } from '../../src/admin/aws-ports.ts';
import type { UpstreamProbe } from '../../src/admin/ports.ts';
import { createProbe } from '../../src/admin/upstream-probe.ts';
import { UpstreamError } from '../../src/upstreams/upstream.ts';

/** A file of its own, loaded by the first request that connects to a server: it brings the MCP client. */
export const openProbe = ({ resolve, allowLoopback }: ProbeParts, version: string): UpstreamProbe =>
  createProbe({
    resolve,
    allowLoopback,
    version,
    // What runs in a sandbox is an entry of config/mcp.json, which only the CLI can read.
    sandbox: async () => {
      throw new UpstreamError('misconfigured', 'A stdio server is asked by the CLI only.');
    },
  });

import type { AdminAuditSink } from '../../src/admin/ports.ts';
import type { ChainedSink } from '../../src/audit/audit-chain.ts';

/** Records go into the function's own log, by the chain that the other functions write too. */
export const logAuditSink = (chain: ChainedSink): AdminAuditSink => ({
  // Standard output is always open; a chain whose key is not there yet vouches for its first lines by the later ones.
  open: async () => undefined,
  write: async (record) => chain.write(record),
});

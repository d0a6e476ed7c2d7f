import { createHash } from 'node:crypto';
import { ChainedSink } from '../../src/audit/audit-chain.ts';
import { AuditKey, chainKeyOf } from '../../src/audit/audit-key.ts';
import type { AuditRecord } from '../../src/audit/audit-record.ts';
import type { LogLine } from '../../src/audit/log-reader.ts';
import { verifyChains, type ChainReport } from '../../src/audit/verify-chain.ts';

export const auditSecret = 'an audit secret of this test, 64 characters long, no more no less';
export const auditKey = chainKeyOf(auditSecret);
/** 2026-11-21T05:00:00.000Z. */
export const startedAt = Date.UTC(2026, 10, 21, 5);

export const aRecord = (n: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  type: 'audit',
  ts: new Date(startedAt + n).toISOString(),
  requestId: `req-${n}`,
  traceId: null,
  traceparent: null,
  env: 'test',
  tenant: 'acme',
  subject: 'key:Abcd1234',
  keyId: 'Abcd1234',
  lane: 'key',
  clientInfo: { name: 'client', version: '1.0.0' },
  era: 'modern',
  method: 'tools/call',
  tool: 'search',
  server: 'drawbridge',
  decision: 'allow',
  policyId: null,
  outcome: 'ok',
  rpcCode: null,
  httpStatus: 200,
  units: 1,
  quotaPercent: null,
  argsBytes: 12,
  argsDigest: createHash('sha256').update(String(n)).digest('base64url'),
  resultBytes: 300,
  ms: 7,
  upstreamMs: null,
  upstreamFailure: null,
  missing: null,
  chain: null,
  ...more,
});

/** A container that writes a chain into `log`. */
export const aContainer = (
  name: string,
  log: LogLine[],
  at: { now: number },
  readSecret: () => Promise<string> = async () => auditSecret,
  onGap: (records: number) => void = () => undefined,
) => {
  const later: (() => void)[] = [];
  const key = new AuditKey(readSecret);
  const sink = new ChainedSink({
    writeLine: (line) => void log.push({ ts: at.now, stream: name, line }),
    key,
    env: 'test',
    now: () => at.now,
    random: () => name,
    later: (run) => void later.push(run),
    onGap,
  });
  return { sink, key, later };
};

export const verify = (
  lines: readonly LogLine[],
  options: Partial<Parameters<typeof verifyChains>[1]> = {},
): Promise<ChainReport> =>
  verifyChains(
    (async function* () {
      yield* lines;
    })(),
    { keys: [auditKey], from: startedAt - 1, now: startedAt + 86_400_000, ...options },
  );

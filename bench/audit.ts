// `node scripts/run.mjs bench/audit.ts`: what a record costs as it was, chained, and coded.
import { createHash } from 'node:crypto';
import { ChainedSink } from '../src/audit/audit-chain.ts';
import { AuditKey } from '../src/audit/audit-key.ts';
import { lineSink, type AuditRecord } from '../src/audit/audit-record.ts';
import { verifyChains } from '../src/audit/verify-chain.ts';
import { chainKeyOf } from '../src/audit/audit-key.ts';

const records = 20_000;
const rounds = 7;
const secret = 'x'.repeat(64);
const startedAt = Date.UTC(2026, 10, 21);

const recordOf = (n: number): AuditRecord =>
  ({
    type: 'audit',
    ts: new Date(startedAt + n).toISOString(),
    requestId: `e2acd7eb-7711-4a89-8c00-${String(n).padStart(12, '0')}`,
    traceId: '1-6b013455-b3596582f3364ecba02bf956',
    env: 'bench',
    tenant: 'acme',
    subject: 'key:jmO8JoiB',
    keyId: 'jmO8JoiB',
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
    argsBytes: 32,
    argsDigest: createHash('sha256').update(String(n)).digest('base64url'),
    resultBytes: 990,
    ms: 5,
    upstreamMs: null,
    missing: null,
    chain: null,
  }) as unknown as AuditRecord;

const all = Array.from({ length: records }, (_, n) => recordOf(n));

/** The median of the rounds, in µs a record. */
const measure = async (run: () => Promise<void>): Promise<number> => {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await run();
    times.push(((performance.now() - start) * 1000) / records);
  }
  return times.toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
};

let bytes = 0;
const writeLine = (line: string): void => {
  bytes += line.length + 1;
};

const chained = async (readSecret: () => Promise<string>): Promise<void> => {
  const key = new AuditKey(readSecret);
  await key.secret().catch(() => undefined);
  const sink = new ChainedSink({ writeLine, key, env: 'bench', now: () => startedAt });
  for (const record of all) sink.write(record);
};

const results: (readonly [string, number, number])[] = [];
const add = async (name: string, run: () => Promise<void>): Promise<void> => {
  const us = await measure(run);
  bytes = 0;
  await run();
  results.push([name, us, bytes / records]);
};

await add('a line', async () => {
  const sink = lineSink(writeLine);
  for (const record of all) sink.write(record);
});
await add('chained and coded', () => chained(async () => secret));

const lines: string[] = [];
const key = new AuditKey(async () => secret);
await key.secret();
const sink = new ChainedSink({
  writeLine: (line) => void lines.push(line),
  key,
  env: 'bench',
  now: () => startedAt,
});
for (const record of all) sink.write(record);
sink.checkpoint();
const verifyAll = async (): Promise<void> => {
  const report = await verifyChains(
    (async function* () {
      for (const line of lines) yield { ts: startedAt, stream: 'one', line };
    })(),
    { keys: [chainKeyOf(secret)], from: 0, now: startedAt },
  );
  if (report.problems.length > 0) throw new Error('a clean chain has problems');
};
results.push(['verified', await measure(verifyAll), 0]);

for (const [name, us, size] of results) {
  const ofBytes = size === 0 ? '' : `  ${size.toFixed(0)} bytes`;
  process.stdout.write(`${name.padEnd(20)} ${us.toFixed(2).padStart(7)} µs a record${ofBytes}\n`);
}
process.exit(0);

import type { KeyObject } from 'node:crypto';
import { checkAccess, settlesWithinMs } from './access-check.ts';
import { fieldsOf, type LineFilter, type LogLine, type LogReader } from './log-reader.ts';
import { verifyChains, type ChainReport } from './verify-chain.ts';

/** The audit of a deployment, for operators. */
export interface AuditLog {
  /** What the MCP function, the admin function and operators wrote. */
  readonly records: LogReader;
  readonly access: LogReader;
  /** The chain's keys, the current one first. */
  readonly keys: () => Promise<readonly KeyObject[]>;
}

/** A record as it is in the log: of this version or another. */
export type StoredRecord = Readonly<Record<string, unknown>>;

export interface AuditQuery {
  readonly tenant?: string | undefined;
  readonly keyId?: string | undefined;
  readonly tool?: string | undefined;
  readonly outcome?: string | undefined;
}

const filterOf = (query: AuditQuery): LineFilter => {
  const { tenant, keyId, tool, outcome } = query;
  const given = Object.entries({ type: 'audit', tenant, keyId, tool, outcome });
  return Object.fromEntries(
    given.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
};

export interface TimeRange {
  /** Unix milliseconds; both are included. */
  readonly from: number;
  readonly to: number;
}

/** The newest `limit` records, oldest first. */
export const queryAudit = async (
  { records }: Pick<AuditLog, 'records'>,
  query: AuditQuery,
  range: TimeRange,
  limit: number,
): Promise<readonly StoredRecord[]> => {
  const found: StoredRecord[] = [];
  for await (const { line } of records.read({ ...range, filter: filterOf(query) })) {
    const fields = fieldsOf(line);
    if (fields === undefined) continue;
    found.push(fields);
    if (found.length > 2 * limit) found.splice(0, found.length - limit);
  }
  return found.slice(-limit);
};

export interface FollowOptions {
  readonly from: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Ends early when the signal does. */
  readonly sleep: (ms: number) => Promise<void>;
}

const pollMs = 1_000;
/** CloudWatch shows an event some seconds after it took it. */
const lateMs = 15_000;

/** Records as they come, until the signal ends it. */
export const followAudit = async function* (
  { records }: Pick<AuditLog, 'records'>,
  query: AuditQuery,
  { from, now, signal, sleep }: FollowOptions,
): AsyncGenerator<StoredRecord, void, undefined> {
  const keyOf = ({ ts, stream, line }: LogLine): string => `${ts} ${stream} ${line}`;
  let start = from;
  let seen = new Set<string>();
  while (!signal.aborted) {
    const to = now();
    const round = new Set<string>();
    for await (const found of records.read({ from: start, to, filter: filterOf(query) })) {
      const key = keyOf(found);
      round.add(key);
      const fields = fieldsOf(found.line);
      if (!seen.has(key) && fields !== undefined) yield fields;
    }
    seen = round;
    start = Math.max(from, to - lateMs);
    await sleep(pollMs);
  }
};

export interface AuditReport extends ChainReport {
  readonly from: string;
  readonly to: string;
  /** Requests of the access log that were looked up; null where it was not asked. */
  readonly requests: number | null;
}

/** Checks the chains of a time, and whether each request of the access log has its record. */
export const verifyAudit = async (
  { records, access, keys }: AuditLog,
  {
    from,
    to,
    now,
    checksAccess,
  }: TimeRange & { readonly now: number; readonly checksAccess: boolean },
): Promise<AuditReport> => {
  const recorded = new Set<string>();
  const report = await verifyChains(records.read({ from, to }), {
    keys: await keys(),
    from,
    now,
    onRecord: (requestId) => void recorded.add(requestId),
  });
  const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  if (!checksAccess) return { ...range, ...report, requests: null };
  const settled = Math.min(to, now - settlesWithinMs);
  const checked = await checkAccess(access.read({ from, to: settled }), {
    from,
    to: settled,
    recorded,
  });
  return {
    ...range,
    ...report,
    problems: [...report.problems, ...checked.problems],
    requests: checked.requests,
  };
};

import { setTimeout } from 'node:timers/promises';
import type { AdminPorts } from '../../src/admin/ports.ts';
import {
  followAudit,
  queryAudit,
  verifyAudit,
  type AuditLog,
  type AuditQuery,
  type AuditReport,
  type StoredRecord,
} from '../../src/audit/audit-log.ts';
import type { Moment } from '../audit-times.ts';
import { CliError } from '../errors.ts';

type Ports = Pick<AdminPorts, 'audit' | 'clock'>;

const auditOf = ({ audit }: Ports): AuditLog => {
  if (audit !== undefined) return audit;
  throw new CliError('USAGE', 'the audit of this deployment cannot be read from here');
};

export interface AuditFilterOptions {
  readonly tenant?: string;
  readonly key?: string;
  readonly tool?: string;
  readonly outcome?: string;
}

const queryOf = ({ tenant, key, tool, outcome }: AuditFilterOptions): AuditQuery => ({
  tenant,
  keyId: key,
  tool,
  outcome,
});

export interface AuditRangeOptions {
  readonly from: Moment;
  readonly to?: Moment;
}

const rangeOf = ({ from, to }: AuditRangeOptions, now: number) => {
  const range = { from: from(now), to: to?.(now) ?? now };
  if (range.from > range.to) throw new CliError('USAGE', '--from is after --to');
  return range;
};

export const auditQuery = async (
  ports: Ports,
  options: AuditFilterOptions & AuditRangeOptions & { readonly limit: number },
): Promise<readonly StoredRecord[]> =>
  queryAudit(auditOf(ports), queryOf(options), rangeOf(options, ports.clock()), options.limit);

/** Hands each record on as it comes, until the signal. */
export const auditFollow = async (
  ports: Ports,
  options: AuditFilterOptions & { readonly since: Moment },
  signal: AbortSignal,
  onRecord: (record: StoredRecord) => void,
): Promise<void> => {
  const records = followAudit(auditOf(ports), queryOf(options), {
    from: options.since(ports.clock()),
    now: ports.clock,
    signal,
    sleep: (ms) => setTimeout(ms, undefined, { signal }).catch(() => undefined),
  });
  for await (const record of records) onRecord(record);
};

export const auditVerify = async (
  ports: Ports,
  options: AuditRangeOptions & { readonly access: boolean },
): Promise<AuditReport> => {
  const now = ports.clock();
  const range = rangeOf(options, now);
  return verifyAudit(auditOf(ports), { ...range, now, checksAccess: options.access });
};

/** @throws CliError CHECK_FAILED after the report was printed, when there is a problem. */
export const assertVerified = ({ problems }: AuditReport): void => {
  const { length } = problems;
  if (length === 0) return;
  throw new CliError(
    'CHECK_FAILED',
    `the audit has ${length} ${length === 1 ? 'problem' : 'problems'}`,
  );
};

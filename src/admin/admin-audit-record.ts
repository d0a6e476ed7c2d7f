import type { AuditRecord } from '../audit/audit-record.ts';

export type AdminOutcome =
  | 'ok'
  /** Not done, since it must not or cannot be as it was asked. */
  | 'refused'
  /** Not done, or in part: something broke. */
  | 'failed';

/**
 * The audit of one operation, in the form of every audit record (content/audit.md). `method` is
 * `admin/<thing>.<verb>`.
 */
export type AdminAuditRecord = Omit<AuditRecord, 'outcome' | 'httpStatus'> & {
  readonly outcome: AdminOutcome;
  /** Null where there is no HTTP. */
  readonly httpStatus: number | null;
  /** What was operated on: a tenant's id, a key's id, an ARN, a server's name; null for lists of all. */
  readonly target: string | null;
  /** The `AdminErrorCode` of what was refused or failed. */
  readonly code: string | null;
};

import type { AuditRecord, AuditSink } from '../audit/audit-record.ts';
import type { UpstreamFailure } from '../upstreams/upstream.ts';
import { nearLimitPercent } from './metric-catalogue.ts';
import type { Metrics, MetricValues } from './metrics.ts';

/** Why a message was not let through, as metrics tell it. */
export type RefusalReason =
  | 'quota'
  | 'standing'
  | 'policy'
  | 'pin'
  | 'unauthenticated'
  | 'forbidden'
  | 'malformed'
  | 'unknown-tool'
  | 'other';

/** By what is before the colon of `policyId`. */
const byPolicyId: Readonly<Record<string, RefusalReason>> = {
  quota: 'quota',
  standing: 'standing',
  pin: 'pin',
};

const byStatus: Readonly<Record<number, RefusalReason>> = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'unknown-tool',
  413: 'malformed',
  415: 'malformed',
};

/** Undefined for what was let through, and for what failed by our own fault. */
export const refusalReason = (record: AuditRecord): RefusalReason | undefined => {
  const { policyId, outcome, httpStatus, decision } = record;
  if (policyId !== null) return byPolicyId[policyId.split(':', 1)[0] ?? ''] ?? 'policy';
  if (httpStatus >= 500) return undefined;
  if (outcome === 'refused') return byStatus[httpStatus] ?? 'other';
  return decision === 'deny' ? 'unknown-tool' : undefined;
};

/** The upstream answered, or the caller gave up: it could have been asked. */
const answered: readonly UpstreamFailure[] = ['rpc', 'needs-input', 'too-large', 'aborted'];

const upstreamDown = ({ upstreamFailure, upstreamMs }: AuditRecord): number | undefined => {
  if (upstreamFailure !== null) return answered.includes(upstreamFailure) ? 0 : 1;
  return upstreamMs === null ? undefined : 0;
};

const whole = <T extends Readonly<Record<string, number | string | undefined>>>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const valuesOf = (record: AuditRecord, reason: RefusalReason | undefined): MetricValues => {
  const { outcome, httpStatus, upstreamMs } = record;
  const isError = reason === undefined && (outcome !== 'ok' || httpStatus >= 500);
  const quota = record.quotaPercent ?? (reason === 'quota' ? 100 : undefined);
  return whole({
    Calls: 1,
    CallErrors: isError ? 1 : undefined,
    Refusals: reason === undefined ? undefined : 1,
    Latency: record.ms,
    UpstreamLatency: upstreamMs ?? undefined,
    UpstreamDown: upstreamDown(record),
    QuotaUse: quota,
    QuotaNearLimit: quota !== undefined && quota >= nearLimitPercent ? 1 : undefined,
  });
};

/**
 * Derives the metrics of a message from its audit record: one line for each, and one more for each server that a list
 * lacks.
 */
export const meteredSink = (sink: AuditSink, metrics: Metrics): AuditSink => ({
  write: (record) => {
    try {
      sink.write(record);
    } catch (error) {
      metrics.emit({ AuditGaps: 1 });
      throw error;
    }
    const reason = refusalReason(record);
    const { server, missing } = record;
    metrics.emit(valuesOf(record, reason), whole({ reason, server: server ?? undefined }));
    for (const silent of missing ?? []) metrics.emit({ UpstreamDown: 1 }, { server: silent });
  },
});

import { randomUUID } from 'node:crypto';
import { tenantId } from '../principals/principal.ts';
import { AdminError, type AdminErrorCode } from './admin-error.ts';
import type { AdminAuditRecord, AdminOutcome } from './admin-audit-record.ts';
import { afterOthers } from './incomplete.ts';
import type { Actor } from './operator.ts';
import type { AdminPorts } from './ports.ts';
import { upstreamFailure } from './upstream-failure.ts';

/** Codes of what broke; all others say that an operation must not be, or cannot be as it was asked. */
const broken: ReadonlySet<string> = new Set<AdminErrorCode>([
  'UPSTREAM_NOT_FOUND',
  'UPSTREAM_DENIED',
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_FAILED',
  'ROLLBACK_FAILED',
  'INCOMPLETE',
  'AUDIT_FAILED',
  'DRIFT',
]);

const codeOf = (error: unknown): string => {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z_]{2,39}$/.test(code) ? code : 'INTERNAL';
};

const outcomeOf = (code: string | null): AdminOutcome => {
  if (code === null) return 'ok';
  return broken.has(code) || code === 'INTERNAL' ? 'failed' : 'refused';
};

/** An operation's name in the audit, such as `admin/tenants.suspend`. */
export type AdminMethod = `admin/${string}.${string}`;

export interface AdminOperation {
  readonly method: AdminMethod;
  /** What is operated on; null for lists of all. */
  readonly target: string | null;
  /** Of the HTTP request. @default a random one */
  readonly requestId?: string;
  readonly traceId?: string;
  /** The tenant that the operation is about, where it is known. @default the actor's */
  readonly tenant?: string;
}

/** Of a whole key that was pasted in an identifier's place, its id. */
const withoutKeys = (text: string): string =>
  text.replace(/(smcp_[a-z0-9-]*_[0-9A-Za-z]{8})[0-9A-Za-z]+/gu, '$1…');

/** A target is an identifier: what is longer, or would break a line, was typed wrong. */
const targetText = (target: string | null): string | null =>
  target === null ? null : withoutKeys(target.replace(/[\p{Cc}\p{Cf}]/gu, '')).slice(0, 256);

/** What is no tenant's id was typed wrong too, and is in the target. */
const tenantText = (given: string | undefined, actor: Actor): string | null => {
  const own = actor.kind === 'tenant-admin' ? actor.tenant : null;
  return given !== undefined && tenantId.safeParse(given).success ? given : own;
};

type Ports = Pick<AdminPorts, 'auditSink' | 'clock' | 'env'>;

const recordOf = (
  ports: Ports,
  actor: Actor,
  operation: AdminOperation,
  startedAt: number,
  code: string | null,
): AdminAuditRecord => {
  const outcome = outcomeOf(code);
  return {
    type: 'audit',
    ts: new Date(startedAt).toISOString(),
    requestId: operation.requestId ?? randomUUID(),
    traceId: operation.traceId ?? null,
    traceparent: null,
    env: ports.env,
    tenant: tenantText(operation.tenant, actor),
    subject: actor.subject,
    keyId: null,
    lane: 'iam',
    clientInfo: null,
    era: null,
    method: operation.method,
    tool: null,
    server: null,
    decision: outcome === 'refused' ? 'deny' : 'allow',
    policyId: null,
    outcome,
    rpcCode: null,
    httpStatus: null,
    units: 0,
    quotaPercent: null,
    argsBytes: null,
    argsDigest: null,
    resultBytes: 0,
    ms: Math.max(0, ports.clock() - startedAt),
    upstreamMs: null,
    upstreamFailure: null,
    missing: null,
    chain: null,
    target: targetText(operation.target),
    code,
  };
};

/** @throws AdminError AUDIT_FAILED: nothing was done. */
export const openAudit = async ({ auditSink }: Pick<AdminPorts, 'auditSink'>): Promise<void> => {
  try {
    await auditSink.open();
  } catch (error) {
    const { message } = upstreamFailure('open the audit', error);
    throw new AdminError(
      'AUDIT_FAILED',
      `nothing was done, since it could not be recorded: ${message}`,
      {
        cause: error,
      },
    );
  }
};

/**
 * Runs one operation and writes its audit record, whatever came of it. Where the audit cannot be opened the operation does
 * not run.
 *
 * @throws AdminError AUDIT_FAILED, and whatever `run` throws.
 */
export const withAudit = async <T>(
  ports: Ports,
  actor: Actor,
  operation: AdminOperation,
  run: () => Promise<T>,
): Promise<T> => {
  await openAudit(ports);
  return recorded(ports, actor, operation, run);
};

/** `withAudit` after `openAudit`. */
export const recorded = async <T>(
  ports: Ports,
  actor: Actor,
  operation: AdminOperation,
  run: () => Promise<T>,
): Promise<T> => {
  const startedAt = ports.clock();
  const write = (code: string | null) =>
    ports.auditSink.write(recordOf(ports, actor, operation, startedAt, code));
  let result: T;
  try {
    result = await run();
  } catch (error) {
    // What went wrong is what the operator must hear of; that the record is missing too, beside it.
    await write(codeOf(error)).catch((cause: unknown) => {
      throw new AdminError(
        'AUDIT_FAILED',
        `${error instanceof Error ? error.message : 'the operation failed'} It could not be recorded either.`,
        { cause: new AggregateError([error, cause], 'failed, and not recorded') },
      );
    });
    throw error;
  }
  await afterOthers('record what was done', 'It is done.', () => write(null)).catch(
    (error: unknown) => {
      throw new AdminError('AUDIT_FAILED', error instanceof Error ? error.message : '', {
        cause: error,
      });
    },
  );
  return result;
};

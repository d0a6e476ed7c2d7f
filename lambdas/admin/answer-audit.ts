import type { AdminAuditRecord } from '../../src/admin/admin-audit-record.ts';
import type { AdminMethod, AdminOperation } from '../../src/admin/admin-audit.ts';
import type { Actor } from '../../src/admin/operator.ts';
import type { AdminAuditSink } from '../../src/admin/ports.ts';
import { tenantId } from '../../src/principals/principal.ts';
import type { HttpResponse } from '../middleware/error-response.ts';
import { lastHeaderOf, type AdminEvent } from './incoming.ts';

/** What is audited of a request. A route may learn more of it while it runs. */
export type Facts = { -readonly [Key in keyof AdminOperation]: AdminOperation[Key] };

const traceRoot = /Root=(1-[0-9a-f]{8}-[0-9a-f]{24})/u;

export const factsOf = (event: AdminEvent, method: AdminMethod): Facts => {
  const [, traceId] = traceRoot.exec(lastHeaderOf(event, 'x-amzn-trace-id') ?? '') ?? [];
  const { requestId } = event.requestContext;
  return { method, target: null, requestId, ...(traceId === undefined ? {} : { traceId }) };
};

/** Of an operator: whom it is about. Of a tenant's admin the record says whose admin it is, whatever it asked for. */
export const concern = (facts: Facts, actor: Actor, tenant: string | undefined): void => {
  const parsed = tenantId.safeParse(tenant);
  if (actor.kind === 'operator' && parsed.success) facts.tenant = parsed.data;
};

/** Keeps the record of a request until its answer is known, whose status and size it has. */
export class AnswerAudit implements AdminAuditSink {
  readonly #sink: AdminAuditSink;
  readonly #records: AdminAuditRecord[] = [];

  constructor(sink: AdminAuditSink) {
    this.#sink = sink;
  }

  open(): Promise<void> {
    return this.#sink.open();
  }

  async write(record: AdminAuditRecord): Promise<void> {
    this.#records.push(record);
  }

  async end({ statusCode, body }: HttpResponse): Promise<void> {
    for (const record of this.#records.splice(0)) {
      await this.#sink.write({
        ...record,
        httpStatus: statusCode,
        resultBytes: Buffer.byteLength(body),
      });
    }
  }
}

import type { AdminAuditRecord } from './admin-audit-record.ts';
import type { AdminAuditSink } from './ports.ts';

/** Audit records in a list. Refuses a record before it is opened. */
export class InMemoryAuditSink implements AdminAuditSink {
  readonly records: AdminAuditRecord[] = [];
  #isOpen = false;

  async open(): Promise<void> {
    this.#isOpen = true;
  }

  async write(record: AdminAuditRecord): Promise<void> {
    if (!this.#isOpen) throw new Error('the audit is not open');
    this.records.push(structuredClone(record));
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { MemoryLogSink } from '../../local/log/memory-log-sink.ts';
import type { LogOrigin } from '../../local/log/log-sink.ts';

const auditedCall = z.object({
  type: z.literal('audit'),
  lane: z.string().nullable(),
  keyId: z.string().nullable(),
  era: z.enum(['legacy', 'modern']).nullable(),
  method: z.literal('tools/call'),
  tool: z.string().nullable(),
  outcome: z.string(),
});

export type AuditedCall = z.infer<typeof auditedCall>;

const parsed = (line: string): AuditedCall | undefined => {
  if (!line.includes('"type":"audit"')) return undefined;
  try {
    return auditedCall.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
};

/** The twin's logs, and every tool call in its audit: what the gate itself says of who came. */
export class AuditTape extends MemoryLogSink {
  readonly #calls: AuditedCall[] = [];

  override write(logGroup: string, message: string, origin?: LogOrigin): void {
    super.write(logGroup, message, origin);
    const call = parsed(message);
    if (call !== undefined) this.#calls.push(call);
  }

  get length(): number {
    return this.#calls.length;
  }

  /** Calls since, of whom `isTheirs` holds, once both tools are among them. @throws Error when they are not. */
  async callsOf(
    since: number,
    tools: readonly string[],
    isTheirs: (call: AuditedCall) => boolean,
  ): Promise<readonly AuditedCall[]> {
    for (let waited = 0; ; waited += 50) {
      const calls = this.#calls.slice(since).filter(isTheirs);
      if (tools.every((name) => calls.some(({ tool }) => tool === name))) return calls;
      if (waited > 10_000) {
        throw new Error(`the audit has ${JSON.stringify(this.#calls.slice(since))}`);
      }
      await sleep(50);
    }
  }
}

import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { ByteLines } from '../upstreams/byte-lines.ts';

const isMessage = (value: unknown): value is JSONRPCMessage =>
  typeof value === 'object' && value !== null && (value as { jsonrpc?: unknown }).jsonrpc === '2.0';

/** JSON-RPC messages out of a server's standard output: one on each line. What is none is counted and passed over. */
export class MessageLines {
  readonly #lines: ByteLines;
  /** Lines that were no message: some servers greet on standard output. */
  garbageLines = 0;

  constructor(maxBytes: number) {
    this.#lines = new ByteLines(maxBytes);
  }

  /** @throws LineTooLongError */
  *read(chunk: Buffer): Generator<JSONRPCMessage> {
    for (const line of this.#lines.read(chunk)) yield* this.#parse(line);
  }

  *#parse(line: string): Generator<JSONRPCMessage> {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      if (line.trim() !== '') this.garbageLines++;
      return;
    }
    // Protocol 2025-03-26 has batches.
    const messages: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const message of messages) {
      if (isMessage(message)) yield message;
      else this.garbageLines++;
    }
  }
}

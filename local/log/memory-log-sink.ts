import type { LogSink } from './log-sink.ts';

/** Keeps every line, for tests. */
export class MemoryLogSink implements LogSink {
  readonly #groups = new Map<string, string[]>();

  write(logGroup: string, line: string): void {
    const lines = this.#groups.get(logGroup);
    if (lines === undefined) this.#groups.set(logGroup, [line]);
    else lines.push(line);
  }

  lines(logGroup: string): readonly string[] {
    return this.#groups.get(logGroup) ?? [];
  }
}

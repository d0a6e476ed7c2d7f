import { twinStream, type LogEvent, type LogOrigin, type LogStore } from './log-sink.ts';

/** Keeps every line, for tests. */
export class MemoryLogSink implements LogStore {
  readonly #groups = new Map<string, LogEvent[]>();

  write(logGroup: string, message: string, { stream = twinStream, ts }: LogOrigin = {}): void {
    const now = Date.now();
    const event = { ts: ts ?? now, ingestionTime: now, stream, message };
    const events = this.#groups.get(logGroup);
    if (events === undefined) this.#groups.set(logGroup, [event]);
    else events.push(event);
  }

  events(logGroup: string): readonly LogEvent[] {
    return this.#groups.get(logGroup) ?? [];
  }

  lines(logGroup: string): readonly string[] {
    return this.events(logGroup).map(({ message }) => message);
  }
}

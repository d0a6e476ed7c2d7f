import { fieldsOf, type LogLine, type LogReader } from './log-reader.ts';

/** A log in memory, in the order in which lines are pushed. */
export class InMemoryLogs implements LogReader {
  readonly lines: LogLine[] = [];

  async *read({ from, to, filter = {} }: Parameters<LogReader['read']>[0]) {
    const wanted = Object.entries(filter);
    const found = this.lines.filter(({ ts, line }) => {
      if (ts < from || ts > to) return false;
      if (wanted.length === 0) return true;
      const fields = fieldsOf(line);
      return fields !== undefined && wanted.every(([name, value]) => fields[name] === value);
    });
    yield* found.toSorted((one, other) => one.ts - other.ts);
  }
}

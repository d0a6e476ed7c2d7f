import type { LogDimension, LogQueries, LogQuery, LogQueryRow, QueryRange } from './log-queries.ts';
import {
  fieldsOf,
  type LineFilter,
  type LogLine,
  type LogReader,
  type ReadRange,
} from './log-reader.ts';

type Fields = Readonly<Record<string, unknown>>;

const matches = (fields: Fields | undefined, filter: LineFilter): boolean => {
  const wanted = Object.entries(filter);
  return wanted.every(([name, value]) => fields?.[name] === value);
};

const valueOf = (dimension: LogDimension, fields: Fields, ts: number): string | null => {
  if (dimension === 'day') return new Date(ts).toISOString().slice(0, 10);
  const value = fields[dimension];
  return typeof value === 'string' ? value : null;
};

/** A log in memory, in the order in which lines are pushed. */
export class InMemoryLogs implements LogReader, LogQueries {
  readonly lines: LogLine[] = [];

  async *read({ from, to, filter = {} }: ReadRange): AsyncGenerator<LogLine, void, undefined> {
    const found = this.lines.filter(
      ({ ts, line }) => ts >= from && ts <= to && matches(fieldsOf(line), filter),
    );
    yield* found.toSorted((one, other) => one.ts - other.ts);
  }

  async run(query: LogQuery, { from, to }: QueryRange): Promise<readonly LogQueryRow[]> {
    const rows = new Map<string, { of: LogQueryRow['of']; lines: number; sum: number }>();
    for (const { ts, line } of this.lines) {
      const fields = fieldsOf(line);
      if (ts < from * 1000 || ts >= to * 1000 || !matches(fields, query.filter)) continue;
      const of = Object.fromEntries(
        query.by.map((dimension) => [dimension, valueOf(dimension, fields ?? {}, ts)]),
      );
      const key = JSON.stringify(of);
      const row = rows.get(key) ?? { of, lines: 0, sum: 0 };
      row.lines++;
      row.sum += Number(fields?.[query.sumOf] ?? 0);
      rows.set(key, row);
    }
    return [...rows.values()];
  }
}

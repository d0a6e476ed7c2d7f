import type { LineFilter } from './log-reader.ts';

/** What rows are grouped by: a field of the lines, or the day (`2026-11-28`, UTC). */
export type LogDimension = 'tenant' | 'keyId' | 'tool' | 'outcome' | 'day';

export interface LogQuery {
  readonly filter: LineFilter;
  /** A field of numbers. */
  readonly sumOf: string;
  readonly by: readonly LogDimension[];
}

export interface LogQueryRow {
  /** Null where lines have no value. */
  readonly of: Readonly<Partial<Record<LogDimension, string | null>>>;
  readonly lines: number;
  readonly sum: number;
}

/** Unix seconds: `from` is included, `to` is not. */
export interface QueryRange {
  readonly from: number;
  readonly to: number;
}

/** Counts and sums over JSON lines of a log, in no order. */
export interface LogQueries {
  /** @throws Error when it cannot be answered, or has more rows than can be told. */
  run(query: LogQuery, range: QueryRange): Promise<readonly LogQueryRow[]>;
}

import type { LogEvent } from '../../log/log-sink.ts';
import type { Aggregate, Command, Grouping, Row, Value } from './insights-syntax.ts';

/** The most that a query answers with. */
export const maxRows = 10_000;

export interface QueryResult {
  /** In the order of the result, columns in theirs. A field without a value is left out. */
  readonly rows: readonly Row[];
  readonly scanned: number;
  readonly matched: number;
  readonly scannedBytes: number;
}

const insightsTime = (ts: number): string =>
  new Date(ts).toISOString().replace('T', ' ').replace('Z', '');

/** The fields that Insights finds in an event: those of JSON by their paths, and its own. */
const rowOf = ({ ts, ingestionTime, stream, message }: LogEvent): Row => {
  const row: Record<string, Value> = {};
  const add = (prefix: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        add(prefix === '' ? name : `${prefix}.${name}`, inner);
      }
    } else if (typeof value === 'number' || typeof value === 'string') {
      row[prefix] = value;
    } else if (typeof value === 'boolean') {
      row[prefix] = value ? 1 : 0;
    }
  };
  if (message.startsWith('{')) {
    try {
      add('', JSON.parse(message));
    } catch {
      // Not JSON: it has no fields of its own.
    }
  }
  row['@timestamp'] = ts;
  row['@ingestionTime'] = ingestionTime;
  row['@logStream'] = stream;
  row['@message'] = message;
  return row;
};

const aggregateOf = (rows: readonly Row[], aggregate: Aggregate): Value => {
  const { field, percentile } = aggregate;
  if (field === undefined) return rows.length;
  const present = rows.map((row) => row[field]).filter((value) => (value ?? null) !== null);
  if (aggregate.function === 'count') return present.length;
  const numbers = present.map(Number).filter((value) => !Number.isNaN(value));
  const sum = numbers.reduce((total, value) => total + value, 0);
  if (aggregate.function === 'sum') return sum;
  if (numbers.length === 0) return null;
  const sorted = numbers.toSorted((a, b) => a - b);
  switch (aggregate.function) {
    case 'avg':
      return sum / numbers.length;
    case 'min':
      return sorted[0] ?? null;
    case 'max':
      return sorted.at(-1) ?? null;
    case 'pct':
      return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)] ?? null;
  }
};

const groupValue = (row: Row, { field, binMs }: Grouping): Value => {
  const value = row[field] ?? null;
  return binMs === undefined ? value : insightsTime(Math.floor(Number(value) / binMs) * binMs);
};

const statsOf = (
  rows: readonly Row[],
  { aggregates, by }: Extract<Command, { kind: 'stats' }>,
): readonly Row[] => {
  const groups = new Map<string, { readonly key: readonly Value[]; readonly rows: Row[] }>();
  for (const row of rows) {
    const key = by.map((grouping) => groupValue(row, grouping));
    const name = JSON.stringify(key);
    const group = groups.get(name) ?? { key, rows: [] };
    group.rows.push(row);
    groups.set(name, group);
  }
  return [...groups.values()].map((group) =>
    Object.fromEntries([
      ...by.map(({ name }, index) => [name, group.key[index] ?? null] as const),
      ...aggregates.map((one) => [one.name, aggregateOf(group.rows, one)] as const),
    ]),
  );
};

const order = (one: Value, other: Value): number => {
  if (one === other) return 0;
  if (one === null) return -1;
  if (other === null) return 1;
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return String(one) < String(other) ? -1 : 1;
};

const sorted = (
  rows: readonly Row[],
  keys: Extract<Command, { kind: 'sort' }>['keys'],
): readonly Row[] =>
  rows.toSorted((one, other) => {
    for (const { field, descending } of keys) {
      const difference = order(one[field] ?? null, other[field] ?? null);
      if (difference !== 0) return descending ? -difference : difference;
    }
    return 0;
  });

/** Runs a query over events, newest first unless it sorts. */
export const runQuery = (
  events: readonly LogEvent[],
  commands: readonly Command[],
  limit: number,
): QueryResult => {
  let rows: readonly Row[] = events.map(rowOf).toReversed();
  let matched = rows.length;
  let columns: Extract<Command, { kind: 'fields' }>['columns'] | undefined;
  let isGrouped = false;
  let most = limit;
  for (const command of commands) {
    switch (command.kind) {
      case 'fields':
        columns = [...(columns ?? []), ...command.columns];
        rows = rows.map((row) => ({
          ...row,
          ...Object.fromEntries(
            command.columns.map(({ name, field }) => [name, row[field] ?? null]),
          ),
        }));
        break;
      case 'filter':
        rows = rows.filter(command.test);
        if (!isGrouped) matched = rows.length;
        break;
      case 'stats':
        rows = statsOf(rows, command);
        isGrouped = true;
        break;
      case 'sort':
        rows = sorted(rows, command.keys);
        break;
      case 'limit':
        most = command.count;
        break;
    }
  }
  const shown = columns ?? [
    { name: '@timestamp', field: '@timestamp' },
    { name: '@message', field: '@message' },
  ];
  const named = isGrouped
    ? rows
    : rows.map((row) =>
        Object.fromEntries(shown.map(({ name }) => [name, displayed(name, row[name] ?? null)])),
      );
  return {
    rows: named.slice(0, Math.min(most, maxRows)),
    scanned: events.length,
    matched,
    scannedBytes: events.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0),
  };
};

const displayed = (name: string, value: Value): Value =>
  (name === '@timestamp' || name === '@ingestionTime') && typeof value === 'number'
    ? insightsTime(value)
    : value;

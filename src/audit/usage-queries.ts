import type {
  UsageBreakdownQuery,
  UsageBreakdownRow,
  UsageDimension,
  UsageQueries,
} from '../admin/ports.ts';
import type { LogDimension, LogQueries } from './log-queries.ts';

const dimensions = {
  key: 'keyId',
  tool: 'tool',
  day: 'day',
} as const satisfies Record<UsageDimension, LogDimension>;

type Sums = { -readonly [name in keyof UsageBreakdownRow]: UsageBreakdownRow[name] };

/** Who used what, of the audit's records of calls. */
export class LogUsageQueries implements UsageQueries {
  readonly #queries: LogQueries;

  constructor(queries: LogQueries) {
    this.#queries = queries;
  }

  async breakdown({
    tenant,
    by,
    from,
    to,
  }: UsageBreakdownQuery): Promise<readonly UsageBreakdownRow[]> {
    const dimension = dimensions[by];
    const ofTenant: Record<string, string> = tenant === undefined ? {} : { tenant };
    const rows = await this.#queries.run(
      {
        filter: { type: 'audit', method: 'tools/call', ...ofTenant },
        sumOf: 'units',
        by: [dimension, 'outcome'],
      },
      { from, to },
    );
    const sums = new Map<string | null, Sums>();
    for (const { of, lines, sum } of rows) {
      const name = of[dimension] ?? null;
      const known = sums.get(name) ?? { of: name, calls: 0, units: 0, errors: 0 };
      known.calls += lines;
      known.units += sum;
      if (of.outcome !== 'ok') known.errors += lines;
      sums.set(name, known);
    }
    const text = ({ of }: UsageBreakdownRow): string => of ?? '';
    const byName = [...sums.values()].toSorted((one, other) => (text(one) < text(other) ? -1 : 1));
    return by === 'day' ? byName : byName.toSorted((one, other) => other.units - one.units);
  }
}

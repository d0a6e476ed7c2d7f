import {
  GetQueryResultsCommand,
  StartQueryCommand,
  type CloudWatchLogsClient,
  type ResultField,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogDimension, LogQueries, LogQuery, LogQueryRow, QueryRange } from './log-queries.ts';

export interface InsightsOptions {
  /** Loaded by the first who asks. */
  readonly client: () => Promise<CloudWatchLogsClient>;
  readonly logGroup: string;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** The most rows that Insights answers with. */
const maxRows = 10_000;
const day = 'bin(1d)';
const pollMs = 250;
const maxPolls = 240;

const column = (dimension: LogDimension): string => (dimension === 'day' ? day : dimension);

const textOf = ({ filter, sumOf, by }: LogQuery): string => {
  const conditions = Object.entries(filter).map(
    ([name, value]) => `${name} = "${value.replaceAll(/["\\]/g, '\\$&')}"`,
  );
  return [
    ...(conditions.length === 0 ? [] : [`filter ${conditions.join(' and ')}`]),
    `stats count(*) as lines, sum(${sumOf}) as total${by.length === 0 ? '' : ` by ${by.map(column).join(', ')}`}`,
    `limit ${maxRows}`,
  ].join(' | ');
};

const rowOf = (fields: readonly ResultField[], { by }: LogQuery): LogQueryRow => {
  const values = new Map(fields.map(({ field, value }) => [field, value]));
  const of = by.map((dimension) => {
    const value = values.get(column(dimension)) ?? null;
    return [dimension, dimension === 'day' ? (value?.slice(0, 10) ?? null) : value] as const;
  });
  return {
    of: Object.fromEntries(of),
    lines: Number(values.get('lines') ?? 0),
    sum: Number(values.get('total') ?? 0),
  };
};

const sleepMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** CloudWatch Logs Insights over one log group. It is paid by what it reads, so it is asked for parts of the time. */
export class InsightsQueries implements LogQueries {
  readonly #options: InsightsOptions;

  constructor(options: InsightsOptions) {
    this.#options = options;
  }

  async run(query: LogQuery, { from, to }: QueryRange): Promise<readonly LogQueryRow[]> {
    if (to <= from) return [];
    const { logGroup, sleep = sleepMs } = this.#options;
    const client = await this.#options.client();
    const { queryId } = await client.send(
      new StartQueryCommand({
        logGroupName: logGroup,
        startTime: from,
        // Included there (CloudWatch Logs: "StartQuery").
        endTime: to - 1,
        queryString: textOf(query),
      }),
    );
    for (let poll = 0; poll < maxPolls; poll++) {
      const { status, results = [] } = await client.send(new GetQueryResultsCommand({ queryId }));
      if (status === 'Complete') {
        if (results.length >= maxRows) {
          throw new Error(`the answer has more than ${maxRows} rows: ask for less time`);
        }
        return results.map((fields) => rowOf(fields, query));
      }
      if (status !== 'Scheduled' && status !== 'Running') {
        throw new Error(`CloudWatch Logs Insights ended the query: ${status ?? 'no status'}`);
      }
      await sleep(pollMs);
    }
    throw new Error('CloudWatch Logs Insights did not answer within a minute');
  }
}

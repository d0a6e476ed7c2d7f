import { FilterLogEventsCommand, type CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import {
  fieldsOf,
  type LineFilter,
  type LogLine,
  type LogReader,
  type ReadRange,
} from './log-reader.ts';

export interface CloudWatchLogReaderOptions {
  /** Loaded by the first who reads. */
  readonly client: () => Promise<CloudWatchLogsClient>;
  readonly logGroup: string;
  /** @default as many as CloudWatch gives */
  readonly pageSize?: number;
}

/** CloudWatch Logs: "Filter pattern syntax for JSON". */
const patternOf = (filter: LineFilter): string => {
  const terms = Object.entries(filter).map(
    ([name, value]) => `$.${name} = "${value.replaceAll(/["\\]/g, '\\$&')}"`,
  );
  return terms.length === 0 ? '' : `{ ${terms.join(' && ')} }`;
};

/** In a pattern `*` stands for anything. */
const matches = (line: string, filter: LineFilter): boolean => {
  const wanted = Object.entries(filter);
  if (wanted.length === 0) return true;
  const fields = fieldsOf(line);
  return fields !== undefined && wanted.every(([name, value]) => fields[name] === value);
};

/** A log group, page by page. */
export class CloudWatchLogReader implements LogReader {
  readonly #options: CloudWatchLogReaderOptions;

  constructor(options: CloudWatchLogReaderOptions) {
    this.#options = options;
  }

  async *read({ from, to, filter = {} }: ReadRange): AsyncGenerator<LogLine, void, undefined> {
    const { logGroup, pageSize } = this.#options;
    const client = await this.#options.client();
    let nextToken: string | undefined;
    do {
      const page = await client.send(
        new FilterLogEventsCommand({
          logGroupName: logGroup,
          startTime: from,
          endTime: to,
          filterPattern: patternOf(filter),
          nextToken,
          limit: pageSize,
        }),
      );
      for (const { timestamp = 0, logStreamName = '', message = '' } of page.events ?? []) {
        // What a function writes may keep its line end.
        const line = message.replace(/\n$/, '');
        if (matches(line, filter)) yield { ts: timestamp, stream: logStreamName, line };
      }
      ({ nextToken } = page);
    } while (nextToken !== undefined);
  }
}

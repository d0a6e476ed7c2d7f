import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { AwsError } from '../aws-error.ts';
import { parseInput } from '../aws-service.ts';
import { maxRows, runQuery, type QueryResult } from './insights.ts';
import { parseQuery } from './insights-syntax.ts';
import { groupName, invalidParameter, millis } from './inputs.ts';
import type { LogsCall } from './logs-service.ts';

const startInput = z.strictObject({
  logGroupName: groupName.optional(),
  logGroupNames: z.array(groupName).min(1).max(50).optional(),
  logGroupIdentifiers: z.array(z.string().min(1)).min(1).max(50).optional(),
  /** Unix seconds. */
  startTime: millis,
  endTime: millis,
  queryString: z.string().min(1).max(10_000),
  limit: z.int().min(1).max(maxRows).default(maxRows),
  queryLanguage: z.literal('CWLI').optional(),
});

const resultsInput = z.strictObject({ queryId: z.string().min(1) });

const kept = 100;

interface KeptResult extends QueryResult {
  readonly groups: readonly string[];
}

/** Insights queries. They run when they are started, and their results are kept for a while. */
export class Queries {
  readonly #results = new Map<string, KeptResult>();

  async start({ groups, input, authorize }: LogsCall): Promise<object> {
    const operation = 'logs:StartQuery';
    const parsed = parseInput(startInput, input, operation);
    const { logGroupName, logGroupNames, logGroupIdentifiers, startTime, endTime } = parsed;
    const given = [
      logGroupName === undefined ? undefined : [logGroupName],
      logGroupNames,
      logGroupIdentifiers,
    ].filter((one) => one !== undefined);
    const [named] = given;
    if (named === undefined || given.length > 1) {
      throw invalidParameter('Name log groups by exactly one of the three parameters');
    }
    const names = named.map((one) => groups.nameOf(one));
    for (const name of names) await authorize(operation, groups.resource(name));
    const commands = parseQuery(parsed.queryString);
    if (endTime < startTime)
      throw invalidParameter('End time should not be before the start time.');
    const events = names
      .flatMap((name) => groups.events(name))
      .filter(({ ts }) => ts >= startTime * 1000 && ts < (endTime + 1) * 1000)
      .toSorted((one, other) => one.ts - other.ts);
    const queryId = randomUUID();
    const result = runQuery(events, commands, parsed.limit);
    this.#results.set(queryId, { ...result, groups: names });
    for (const old of [...this.#results.keys()].slice(0, -kept)) this.#results.delete(old);
    return { queryId };
  }

  async results({ groups, input, authorize }: LogsCall): Promise<object> {
    const operation = 'logs:GetQueryResults';
    const { queryId } = parseInput(resultsInput, input, operation);
    const result = this.#results.get(queryId);
    for (const name of result?.groups ?? ['*']) await authorize(operation, groups.resource(name));
    if (result === undefined) {
      throw new AwsError('ResourceNotFoundException', `Query does not exist: ${queryId}`);
    }
    const { rows, scanned, matched, scannedBytes } = result;
    return {
      status: 'Complete',
      queryLanguage: 'CWLI',
      results: rows.map((row) =>
        Object.entries(row)
          .filter(([, value]) => value !== null)
          .map(([field, value]) => ({ field, value: String(value) })),
      ),
      statistics: {
        recordsMatched: matched,
        recordsScanned: scanned,
        bytesScanned: scannedBytes,
      },
    };
  }
}

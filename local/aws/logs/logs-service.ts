import { notImplemented } from '../aws-error.ts';
import {
  jsonReply,
  parseDocument,
  targetOperation,
  type AwsCall,
  type AwsReply,
  type AwsService,
} from '../aws-service.ts';
import { describeLogGroups, describeLogStreams } from './describe.ts';
import { filterLogEvents, getLogEvents } from './read-events.ts';
import type { LogGroups } from './log-groups.ts';
import { Queries } from './queries.ts';
import { createLogStream, putLogEvents } from './write-events.ts';

/** What an operation works with. */
export interface LogsCall {
  readonly groups: LogGroups;
  readonly input: unknown;
  readonly now: () => number;
  /** @throws AwsError AccessDeniedException */
  readonly authorize: (action: string, resource: string) => Promise<void>;
}

type Operation = (call: LogsCall) => Promise<object>;

/** CloudWatch Logs over the twin's log files. */
export class LogsService implements AwsService {
  readonly signingName = 'logs';
  readonly #groups: LogGroups;
  readonly #now: () => number;
  readonly #operations: ReadonlyMap<string, Operation>;

  constructor(groups: LogGroups, now: () => number) {
    this.#groups = groups;
    this.#now = now;
    const queries = new Queries();
    this.#operations = new Map<string, Operation>([
      ['CreateLogStream', createLogStream],
      ['PutLogEvents', putLogEvents],
      ['DescribeLogGroups', describeLogGroups],
      ['DescribeLogStreams', describeLogStreams],
      ['FilterLogEvents', filterLogEvents],
      ['GetLogEvents', getLogEvents],
      ['StartQuery', (call) => queries.start(call)],
      ['GetQueryResults', (call) => queries.results(call)],
    ]);
  }

  async handle(call: AwsCall): Promise<AwsReply> {
    const name = targetOperation(call, 'Logs_20140328', 'logs');
    const operation = this.#operations.get(name);
    if (operation === undefined) throw notImplemented(`logs:${name}`);
    const reply = await operation({
      groups: this.#groups,
      input: parseDocument(call.body),
      now: this.#now,
      authorize: (action, resource) => call.authorize(action, resource),
    });
    return jsonReply(reply, '1.1');
  }
}

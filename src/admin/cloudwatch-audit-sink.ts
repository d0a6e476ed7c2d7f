import {
  CreateLogStreamCommand,
  PutLogEventsCommand,
  type CloudWatchLogsClient,
} from '@aws-sdk/client-cloudwatch-logs';
import { randomBase62 } from '../credentials/base62.ts';
import { ChainedSink } from '../audit/audit-chain.ts';
import type { AuditKey } from '../audit/audit-key.ts';
import type { Clock } from '../clock/clock.ts';
import type { AdminAuditRecord } from './admin-audit-record.ts';
import type { AdminAuditSink } from './ports.ts';

export interface CloudWatchAuditSinkOptions {
  readonly client: CloudWatchLogsClient;
  readonly logGroup: string;
  /** Who operates: the stream is named after them. */
  readonly owner: () => Promise<string>;
  /** Of the chain's codes. An operator who may not read it writes a chain without codes. */
  readonly key: AuditKey;
  readonly env: string;
  readonly clock: Clock;
}

/** CloudWatch Logs: a stream's name has at most 512 characters, and no `:` or `*`. */
const streamName = (owner: string): string =>
  `cli-${owner.replace(/[^\w.=,@/-]+/gu, '-').slice(0, 200)}-${randomBase62(12)}`;

/** Writes records into a log stream of their own for each run: a chain, as the functions write theirs. */
export class CloudWatchAuditSink implements AdminAuditSink {
  readonly #options: CloudWatchAuditSinkOptions;
  readonly #chain: ChainedSink;
  readonly #lines: string[] = [];
  #stream: Promise<string> | undefined;

  constructor(options: CloudWatchAuditSinkOptions) {
    this.#options = options;
    this.#chain = new ChainedSink({
      writeLine: (line) => void this.#lines.push(line),
      key: options.key,
      env: options.env,
      now: options.clock,
      // Each run ends with its record: nothing is left to be closed later.
      later: () => undefined,
    });
  }

  async open(): Promise<void> {
    const { key } = this.#options;
    await Promise.all([this.#openStream(), key.secret().catch(() => undefined)]);
  }

  async write(record: AdminAuditRecord): Promise<void> {
    const logStreamName = await this.#openStream();
    this.#chain.write(record);
    // One that came after the first is closed too, since it may be the last.
    this.#chain.checkpoint();
    const lines = this.#lines.splice(0);
    const timestamp = this.#options.clock();
    const { rejectedLogEventsInfo } = await this.#options.client.send(
      new PutLogEventsCommand({
        logGroupName: this.#options.logGroup,
        logStreamName,
        logEvents: lines.map((message) => ({ message, timestamp })),
      }),
    );
    if (rejectedLogEventsInfo !== undefined) {
      throw new Error('the log did not take the record: is the clock of this machine right?');
    }
  }

  #openStream(): Promise<string> {
    this.#stream ??= this.#create().catch((error: unknown) => {
      this.#stream = undefined;
      throw error;
    });
    return this.#stream;
  }

  async #create(): Promise<string> {
    const { client, logGroup, owner } = this.#options;
    const logStreamName = streamName(await owner());
    await client.send(new CreateLogStreamCommand({ logGroupName: logGroup, logStreamName }));
    return logStreamName;
  }
}

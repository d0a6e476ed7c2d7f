import { join } from 'node:path';
import * as z from 'zod';
import type { LogEvent, LogStore } from '../../log/log-sink.ts';
import { JsonFile } from '../../state/json-file.ts';
import type { Deployment } from '../../template/deployment.ts';
import { AwsError } from '../aws-error.ts';

const dayMs = 86_400_000;

const groupProperties = z.object({ RetentionInDays: z.coerce.number().int().optional() });
const createdStreams = z.record(z.string(), z.record(z.string(), z.number()));

export interface LogGroup {
  readonly name: string;
  /** Undefined: kept for ever. */
  readonly retentionDays: number | undefined;
}

export interface LogStream {
  readonly name: string;
  readonly creationTime: number;
  readonly firstTs?: number;
  readonly lastTs?: number;
  readonly lastIngestionTime?: number;
}

/** The log groups of the template over what the twin keeps of them. What is past its retention is not there. */
export class LogGroups {
  readonly #deployment: Deployment;
  readonly #store: LogStore;
  readonly #now: () => number;
  readonly #groups: ReadonlyMap<string, LogGroup>;
  readonly #created: JsonFile<typeof createdStreams>;

  constructor(deployment: Deployment, store: LogStore, stateDir: string, now: () => number) {
    this.#deployment = deployment;
    this.#store = store;
    this.#now = now;
    this.#groups = new Map(
      deployment.ofType('AWS::Logs::LogGroup').map(({ physicalId: name, properties }) => {
        const { RetentionInDays: retentionDays } = groupProperties.parse(properties);
        return [name, { name, retentionDays }];
      }),
    );
    this.#created = new JsonFile(join(stateDir, 'log-streams.json'), createdStreams, {});
  }

  get all(): readonly LogGroup[] {
    return [...this.#groups.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** As IAM names a group, or a stream of it. */
  resource(group: string, stream = ''): string {
    const { region, accountId } = this.#deployment;
    return `arn:aws:logs:${region}:${accountId}:log-group:${group}:log-stream:${stream}`;
  }

  /** The name in a name or an ARN, with `:*` at its end or not. */
  nameOf(identifier: string): string {
    const [, name] = /^arn:aws:logs:[^:]*:\d*:log-group:([^:]+)(?::\*)?$/.exec(identifier) ?? [];
    return name ?? identifier;
  }

  /** @throws AwsError ResourceNotFoundException */
  group(name: string): LogGroup {
    const group = this.#groups.get(name);
    if (group !== undefined) return group;
    throw new AwsError(
      'ResourceNotFoundException',
      `The specified log group does not exist. (${name})`,
    );
  }

  /** By time; those of the same time in the order in which they came. */
  events(name: string): readonly LogEvent[] {
    const { retentionDays } = this.group(name);
    const oldest =
      retentionDays === undefined ? Number.NEGATIVE_INFINITY : this.#now() - retentionDays * dayMs;
    return this.#store
      .events(name)
      .filter(({ ts }) => ts >= oldest)
      .toSorted((one, other) => one.ts - other.ts);
  }

  streams(name: string): readonly LogStream[] {
    const streams = new Map<string, LogStream>();
    for (const { stream, ts, ingestionTime } of this.events(name)) {
      const known = streams.get(stream) ?? { name: stream, creationTime: ts, firstTs: ts };
      streams.set(stream, { ...known, lastTs: ts, lastIngestionTime: ingestionTime });
    }
    for (const [stream, creationTime] of Object.entries(this.#created.value[name] ?? {})) {
      streams.set(stream, { ...streams.get(stream), name: stream, creationTime });
    }
    return [...streams.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws AwsError ResourceAlreadyExistsException */
  createStream(name: string, stream: string): void {
    if (this.streams(name).some((known) => known.name === stream)) {
      throw new AwsError(
        'ResourceAlreadyExistsException',
        'The specified log stream already exists',
      );
    }
    const { value } = this.#created;
    this.#created.save({ ...value, [name]: { ...value[name], [stream]: this.#now() } });
  }

  put(group: string, stream: string, ts: number, message: string): void {
    this.#store.write(group, message, { stream, ts });
  }
}

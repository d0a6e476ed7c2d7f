import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { countingLimits, createAwsCall, type AwsCall } from '../../src/aws/aws-client.ts';
import type { Principal } from '../../src/principals/principal.ts';
import { DynamoDbMeter } from '../../src/quota/dynamodb-meter.ts';
import { DynamoDbStanding } from '../../src/quota/dynamodb-standing.ts';
import { DynamoDbUsage } from '../../src/quota/dynamodb-usage.ts';
import type { Meter, StandingWriter, UsageReader } from '../../src/quota/meter.ts';
import { maxShards, planTable, type PlanTable } from '../../src/quota/plan-limits.ts';
import { startUsageTable, type DynaliteTable } from './dynalite-table.ts';

/** 2026-11-28T12:00:00Z, a Saturday. */
export const noon = Date.UTC(2026, 10, 28, 12);

export const plans = (table: Record<string, unknown>): PlanTable => planTable.parse(table);

export const aCaller = (changes: Partial<Principal> = {}): Principal => ({
  tenant: 'acme',
  subject: 'key:AAAAAAAA',
  role: 'user',
  lane: 'key',
  plan: 'plan',
  ...changes,
});

/** A clock that tests set. */
export class TestClock {
  now = noon;
  readonly read = (): number => this.now;
}

export interface MeterWorld extends AsyncDisposable {
  readonly meter: Meter;
  readonly usage: UsageReader;
  readonly standing: StandingWriter;
  readonly clock: TestClock;
}

export interface SentCall {
  readonly operation: string;
  readonly input: object;
}

/** The adapters on a dynalite of their own, with a record of what the meter sent. */
export class DynamoDbWorld implements MeterWorld {
  readonly clock = new TestClock();
  readonly sent: SentCall[] = [];
  readonly table: DynaliteTable;
  readonly standing: StandingWriter;
  readonly usage: UsageReader;
  readonly meter: Meter;
  readonly #plans: PlanTable;
  readonly #call: AwsCall;

  private constructor(table: DynaliteTable, plansOfWorld: PlanTable) {
    this.table = table;
    this.#plans = plansOfWorld;
    this.#call = createAwsCall(
      {
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'AKIDTEST',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_ENDPOINT_URL: table.endpoint,
      },
      'dynamodb',
      { ...countingLimits, timeoutMs: 10_000 },
    );
    this.meter = this.container();
    const { tableName, client } = table;
    this.usage = new DynamoDbUsage({
      getItem: (input) => this.#send('GetItem', input),
      tableName,
      plans: plansOfWorld,
      maxShards: maxShards(plansOfWorld),
      now: this.clock.read,
    });
    this.standing = new DynamoDbStanding({
      client,
      tableName,
      maxShards: maxShards(plansOfWorld),
      now: this.clock.read,
    });
  }

  static async start(plansOfWorld: PlanTable): Promise<DynamoDbWorld> {
    return new DynamoDbWorld(await startUsageTable(), plansOfWorld);
  }

  /** A meter that has seen nothing yet, as in a new container. */
  container(random?: () => number): Meter {
    return new DynamoDbMeter({
      updateItem: (input) => this.#send('UpdateItem', input),
      tableName: this.table.tableName,
      plans: this.#plans,
      now: this.clock.read,
      ...(random === undefined ? {} : { random }),
    });
  }

  /** The names of all attributes of one of the tenant's items, and its size as DynamoDB counts it, about. */
  async item(tenant = 'acme', shard = 0): Promise<Record<string, { N?: string; S?: string }>> {
    const output = (await this.#call('GetItem', {
      TableName: this.table.tableName,
      Key: { pk: { S: `TENANT#${tenant}#${shard}` } },
    })) as { Item?: Record<string, { N?: string; S?: string }> };
    return output.Item ?? {};
  }

  async plant(numbers: Record<string, number>, tenant = 'acme', shard = 0): Promise<void> {
    const names = Object.keys(numbers);
    await this.table.client.send(
      new UpdateItemCommand({
        TableName: this.table.tableName,
        Key: { pk: { S: `TENANT#${tenant}#${shard}` } },
        UpdateExpression: `SET ${names.map((_, index) => `#${index} = :${index}`).join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(
          names.map((name, index) => [`#${index}`, name]),
        ),
        ExpressionAttributeValues: Object.fromEntries(
          names.map((name, index) => [`:${index}`, { N: String(numbers[name]) }]),
        ),
      }),
    );
  }

  #send(operation: string, input: object): Promise<unknown> {
    this.sent.push({ operation, input });
    return this.#call(operation, input);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.table[Symbol.asyncDispose]();
  }
}

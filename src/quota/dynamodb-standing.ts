import {
  ConditionalCheckFailedException,
  UpdateItemCommand,
  type DynamoDBClient,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Clock } from '../clock/clock.ts';
import type { StandingWriter } from './meter.ts';
import { parseUsageItem, type UsageItem } from './usage-item.ts';
import { attributes, revokedAttribute, usagePk } from './usage-table.ts';

export interface DynamoDbStandingDeps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** The most shards of any plan. Every one is written, also those that the tenant's plan does not use: it may change. */
  readonly maxShards: number;
  readonly now: Clock;
}

type Update = Pick<
  UpdateItemCommandInput,
  | 'UpdateExpression'
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'ReturnValues'
>;

/** API Gateway keeps an authorizer's answer for an hour at most; after two, the record itself refuses. */
const markSeconds = 7_200;
/** AWS takes no signature of a clock that is further off, so no operator's is. */
const maxClockSkewSeconds = 900;
const maxRemoved = 20;

/** Keys and IAM principals are refused by their records in the end. Users of an issuer have none: their marks stay. */
const passingMark = /^x(?:key|iam):/u;

/** Writes what operators decide into every item of a tenant. Each write may be repeated. */
export class DynamoDbStanding implements StandingWriter {
  readonly #deps: DynamoDbStandingDeps;

  constructor(deps: DynamoDbStandingDeps) {
    this.#deps = deps;
  }

  revoke(tenant: string, subject: string, at: number): Promise<void> {
    // A mark for long ago would pass for one that has done its work, and be removed.
    const from = Math.max(at, this.#seconds() - maxClockSkewSeconds);
    return this.#everyShard(async (shard) => {
      const item = await this.#update(tenant, shard, {
        UpdateExpression: 'SET #mark = :at',
        ExpressionAttributeNames: { '#mark': revokedAttribute(subject) },
        ExpressionAttributeValues: { ':at': { N: String(from) } },
        ReturnValues: 'ALL_NEW',
      });
      await this.#removePassed(tenant, shard, item);
    });
  }

  readmit(tenant: string, subject: string): Promise<void> {
    return this.#remove(tenant, revokedAttribute(subject));
  }

  suspend(tenant: string): Promise<void> {
    return this.#everyShard((shard) =>
      this.#update(tenant, shard, {
        UpdateExpression: 'SET #suspended = :yes',
        ExpressionAttributeNames: { '#suspended': attributes.suspended },
        ExpressionAttributeValues: { ':yes': { N: '1' } },
      }),
    );
  }

  resume(tenant: string): Promise<void> {
    return this.#remove(tenant, attributes.suspended);
  }

  /** Of two at once the newer stays. */
  setPolicyVersion(tenant: string, version: number): Promise<void> {
    return this.#everyShard((shard) =>
      unlessConditionFails(
        this.#update(tenant, shard, {
          UpdateExpression: 'SET #version = :version',
          ConditionExpression: 'attribute_not_exists(#version) OR #version < :version',
          ExpressionAttributeNames: { '#version': attributes.policyVersion },
          ExpressionAttributeValues: { ':version': { N: String(version) } },
        }),
      ),
    );
  }

  #remove(tenant: string, name: string): Promise<void> {
    return this.#everyShard((shard) =>
      this.#update(tenant, shard, {
        UpdateExpression: 'REMOVE #name',
        ExpressionAttributeNames: { '#name': name },
      }),
    );
  }

  /**
   * Marks are removed here and not by charges: one that an operator has set anew meanwhile must stay, so the removal needs
   * a condition of its own.
   */
  async #removePassed(tenant: string, shard: number, item: UsageItem): Promise<void> {
    const before = this.#seconds() - markSeconds;
    const passed = [...item]
      .filter(([name, at]) => passingMark.test(name) && at < before)
      .slice(0, maxRemoved);
    if (passed.length === 0) return;
    await unlessConditionFails(
      this.#update(tenant, shard, {
        UpdateExpression: `REMOVE ${passed.map((_, index) => `#${index}`).join(', ')}`,
        ConditionExpression: passed.map((_, index) => `#${index} = :${index}`).join(' AND '),
        ExpressionAttributeNames: Object.fromEntries(
          passed.map(([name], index) => [`#${index}`, name]),
        ),
        ExpressionAttributeValues: Object.fromEntries(
          passed.map(([, at], index) => [`:${index}`, { N: String(at) }]),
        ),
      }),
    );
  }

  #seconds(): number {
    return Math.floor(this.#deps.now() / 1000);
  }

  async #everyShard(write: (shard: number) => Promise<unknown>): Promise<void> {
    await Promise.all(Array.from({ length: this.#deps.maxShards }, (_, shard) => write(shard)));
  }

  async #update(tenant: string, shard: number, update: Update): Promise<UsageItem> {
    const { client, tableName } = this.#deps;
    const { Attributes } = await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: { pk: { S: usagePk(tenant, shard) } },
        ...update,
      }),
    );
    return parseUsageItem(Attributes);
  }
}

const unlessConditionFails = async (write: Promise<unknown>): Promise<void> => {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
};

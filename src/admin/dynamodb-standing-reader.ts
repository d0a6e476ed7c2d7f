import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { getOutput, noUsage } from '../quota/usage-item.ts';
import { attributes, revokedAttribute, usagePk } from '../quota/usage-table.ts';
import type { Standing, StandingReader } from './ports.ts';

/** Reads each counter of a tenant with one strongly consistent GetItem. */
export class DynamoDbStandingReader implements StandingReader {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #maxShards: number;

  constructor(options: {
    readonly client: DynamoDBClient;
    readonly tableName: string;
    /** The most shards of any plan. */
    readonly maxShards: number;
  }) {
    this.#client = options.client;
    this.#tableName = options.tableName;
    this.#maxShards = options.maxShards;
  }

  standings(tenant: string, subject?: string): Promise<readonly Standing[]> {
    return Promise.all(
      Array.from({ length: this.#maxShards }, async (_, shard) => {
        const output = await this.#client.send(
          new GetItemCommand({
            TableName: this.#tableName,
            Key: { pk: { S: usagePk(tenant, shard) } },
            ConsistentRead: true,
          }),
        );
        const item = getOutput.parse(output).Item ?? noUsage;
        const policyVersion = item.get(attributes.policyVersion);
        const revokedAt = subject === undefined ? undefined : item.get(revokedAttribute(subject));
        return {
          suspended: item.has(attributes.suspended),
          ...(policyVersion === undefined ? {} : { policyVersion }),
          ...(revokedAt === undefined ? {} : { revokedAt }),
        };
      }),
    );
  }
}

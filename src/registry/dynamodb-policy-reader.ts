import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import type { PolicyReader } from '../policy/tenant-policies.ts';
import type { KeyTable } from './dynamodb-key-reader.ts';
import { parsePolicyItem } from './parse-item.ts';
import type { PolicyRecord } from './records.ts';
import { policyPk } from './registry-table.ts';

type Item = Parameters<typeof unmarshall>[0];

/** Of the item only its outline: what is in it, `parsePolicyItem` looks at. */
const output = z.looseObject({
  Item: z.custom<Item>((item) => typeof item === 'object' && item !== null).optional(),
});

/** Reads a version of a tenant's policies with one strongly consistent GetItem: it may have been written just now. */
export class DynamoDbPolicyReader implements PolicyReader {
  readonly #table: KeyTable;

  constructor(table: KeyTable) {
    this.#table = table;
  }

  async getPolicy(tenant: string, version: number): Promise<PolicyRecord | undefined> {
    const pk = policyPk(tenant, version);
    const { Item } = output.parse(
      await this.#table.getItem({
        TableName: this.#table.tableName,
        Key: { pk: { S: pk } },
        ConsistentRead: true,
      }),
    );
    return Item === undefined ? undefined : parsePolicyItem(pk, unmarshall(Item));
  }
}

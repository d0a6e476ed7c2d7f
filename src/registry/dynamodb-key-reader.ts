import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { parseKeyItem } from './parse-item.ts';
import type { KeyRecord } from './records.ts';
import { keyPk } from './registry-table.ts';
import type { KeyReader } from './registry.ts';

/** DynamoDB's GetItem, by whichever client there is: input and output as in its API reference. */
export type GetItem = (input: {
  readonly TableName: string;
  readonly Key: { readonly pk: { readonly S: string } };
  readonly ConsistentRead: true;
}) => Promise<unknown>;

export interface KeyTable {
  readonly getItem: GetItem;
  readonly tableName: string;
}

type Item = Parameters<typeof unmarshall>[0];

/** Of the item only its outline: what is in it, `parseKeyItem` looks at. */
const output = z.looseObject({
  Item: z.custom<Item>((item) => typeof item === 'object' && item !== null).optional(),
});

/** Reads a key with one strongly consistent GetItem, so that a revocation holds from the next read on. */
export class DynamoDbKeyReader implements KeyReader {
  readonly #table: KeyTable;

  constructor(table: KeyTable) {
    this.#table = table;
  }

  async getKey(keyId: string): Promise<KeyRecord | undefined> {
    const pk = keyPk(keyId);
    const { Item } = output.parse(
      await this.#table.getItem({
        TableName: this.#table.tableName,
        Key: { pk: { S: pk } },
        ConsistentRead: true,
      }),
    );
    if (Item === undefined) return undefined;
    return parseKeyItem(pk, unmarshall(Item));
  }
}

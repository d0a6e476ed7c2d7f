import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { parseKeyItem } from './parse-item.ts';
import type { KeyRecord } from './records.ts';
import { keyPk } from './registry-table.ts';
import type { KeyReader } from './registry.ts';

export interface DynamoDbTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** Reads a key with one strongly consistent GetItem, so that a revocation holds from the next read on. */
export class DynamoDbKeyReader implements KeyReader {
  readonly #table: DynamoDbTable;

  constructor(table: DynamoDbTable) {
    this.#table = table;
  }

  async getKey(keyId: string): Promise<KeyRecord | undefined> {
    const pk = keyPk(keyId);
    const { Item } = await this.#table.client.send(
      new GetItemCommand({
        TableName: this.#table.tableName,
        Key: { pk: { S: pk } },
        ConsistentRead: true,
      }),
    );
    return Item === undefined ? undefined : parseKeyItem(pk, unmarshall(Item));
  }
}

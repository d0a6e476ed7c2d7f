import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { held } from './conditional-write.ts';
import type { DynamoDbTable } from './dynamodb-registry.ts';
import { DynamoDbUpstreamReader } from './dynamodb-upstream-reader.ts';
import { definitionsPk, pinPk, upstreamPk } from './registry-table.ts';
import {
  definitionsItem,
  parseDefinitionsItem,
  parsePinItem,
  parseUpstreamItem,
  pinItem,
  upstreamItem,
} from './upstream-items.ts';
import type {
  DefinitionsRecord,
  PinRecord,
  UpstreamRecord,
  UpstreamScope,
} from './upstream-records.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

/** Upstreams and pins on the `Registry` table. `get` is strongly consistent; lists come from the index. */
export class DynamoDbUpstreamRegistry implements UpstreamRegistry {
  readonly #table: DynamoDbTable;
  readonly #reader: DynamoDbUpstreamReader;

  constructor(table: DynamoDbTable) {
    this.#table = table;
    this.#reader = new DynamoDbUpstreamReader({
      query: (input) => table.client.send(new QueryCommand(input)),
      tableName: table.tableName,
    });
  }

  listUpstreams(): Promise<readonly UpstreamRecord[]> {
    return this.#reader.listUpstreams();
  }

  listPins(): Promise<readonly PinRecord[]> {
    return this.#reader.listPins();
  }

  getUpstream(scope: UpstreamScope, name: string): Promise<UpstreamRecord | undefined> {
    return this.#get(upstreamPk(scope, name), parseUpstreamItem);
  }

  async putUpstream(record: UpstreamRecord): Promise<boolean> {
    return this.#put(upstreamItem(record), record.revision);
  }

  deleteUpstream(scope: UpstreamScope, name: string): Promise<boolean> {
    return this.#delete(upstreamPk(scope, name));
  }

  getPins(scope: UpstreamScope, server: string): Promise<PinRecord | undefined> {
    return this.#get(pinPk(scope, server), parsePinItem);
  }

  async putPins(record: PinRecord): Promise<boolean> {
    return this.#put(pinItem(record), record.revision);
  }

  async deletePins(scope: UpstreamScope, server: string): Promise<boolean> {
    await this.#delete(definitionsPk(scope, server));
    return this.#delete(pinPk(scope, server));
  }

  getDefinitions(scope: UpstreamScope, server: string): Promise<DefinitionsRecord | undefined> {
    return this.#get(definitionsPk(scope, server), parseDefinitionsItem);
  }

  async putDefinitions(record: DefinitionsRecord): Promise<void> {
    await this.#table.client.send(
      new PutItemCommand({
        TableName: this.#table.tableName,
        Item: marshall(definitionsItem(record)),
      }),
    );
  }

  async #get<T>(pk: string, parse: (pk: string, item: unknown) => T): Promise<T | undefined> {
    const { Item } = await this.#table.client.send(
      new GetItemCommand({
        TableName: this.#table.tableName,
        Key: { pk: { S: pk } },
        ConsistentRead: true,
      }),
    );
    return Item === undefined ? undefined : parse(pk, unmarshall(Item));
  }

  #put(item: Record<string, unknown>, revision: number): Promise<boolean> {
    return held(
      this.#table.client.send(
        new PutItemCommand({
          TableName: this.#table.tableName,
          Item: marshall(item),
          ...(revision === 1
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: '#revision = :before',
                ExpressionAttributeNames: { '#revision': 'revision' },
                ExpressionAttributeValues: { ':before': { N: String(revision - 1) } },
              }),
        }),
      ),
    );
  }

  #delete(pk: string): Promise<boolean> {
    return held(
      this.#table.client.send(
        new DeleteItemCommand({
          TableName: this.#table.tableName,
          Key: { pk: { S: pk } },
          ConditionExpression: 'attribute_exists(pk)',
        }),
      ),
    );
  }
}

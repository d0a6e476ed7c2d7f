import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { expect, it } from 'vitest';
import { DynamoDbKeyReader } from '../../src/registry/dynamodb-key-reader.ts';
import { DynamoDbRegistry } from '../../src/registry/dynamodb-registry.ts';
import { InMemoryRegistry, type StoredItem } from '../../src/registry/in-memory-registry.ts';
import { startDynaliteTable } from './dynalite-table.ts';
import { aKey, registryContract } from './registry.contract.ts';

registryContract('in memory', async () => {
  const items = new Map<string, StoredItem>();
  return {
    registry: new InMemoryRegistry(items),
    plant: async (place, item) => void items.set(place.pk, { place, item }),
    [Symbol.asyncDispose]: async () => undefined,
  };
});

registryContract('DynamoDB', async () => {
  const table = await startDynaliteTable();
  return {
    registry: new DynamoDbRegistry(table),
    plant: async (place, item) => {
      const Item = marshall({ ...item, ...place });
      await table.client.send(new PutItemCommand({ TableName: table.tableName, Item }));
    },
    [Symbol.asyncDispose]: () => table[Symbol.asyncDispose](),
  };
});

it('the key reader makes one strongly consistent GetItem', async () => {
  await using table = await startDynaliteTable();
  const key = aKey('Reader00', 'reader');
  await new DynamoDbRegistry(table).createKey(key);
  const sent: unknown[] = [];
  const reader = new DynamoDbKeyReader({
    tableName: table.tableName,
    getItem: (input) => {
      sent.push(input);
      return table.client.send(new GetItemCommand(input));
    },
  });
  expect(await reader.getKey('Reader00')).toEqual(key);
  expect(sent).toEqual([
    { TableName: 'Registry', Key: { pk: { S: 'KEY#Reader00' } }, ConsistentRead: true },
  ]);
});

it('the key reader throws when the table cannot be reached', async () => {
  await using table = await startDynaliteTable();
  const reader = new DynamoDbKeyReader({
    tableName: 'NotThere',
    getItem: (input) => table.client.send(new GetItemCommand(input)),
  });
  await expect(reader.getKey('Reader00')).rejects.toThrow();
});

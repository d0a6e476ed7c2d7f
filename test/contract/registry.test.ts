import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { expect, it } from 'vitest';
import { DynamoDbKeyReader } from '../../src/registry/dynamodb-key-reader.ts';
import { DynamoDbPrincipalReader } from '../../src/registry/dynamodb-principal-reader.ts';
import { DynamoDbRegistry } from '../../src/registry/dynamodb-registry.ts';
import { InMemoryRegistry, type StoredItem } from '../../src/registry/in-memory-registry.ts';
import { startDynaliteTable } from './dynalite-table.ts';
import { registryChangesContract } from './registry-changes.contract.ts';
import {
  aKey,
  aPrincipal,
  aTenant,
  registryContract,
  type RegistryUnderTest,
} from './registry.contract.ts';

const inMemory = async (): Promise<RegistryUnderTest> => {
  const items = new Map<string, StoredItem>();
  return {
    registry: new InMemoryRegistry(items),
    plant: async (place, item) => void items.set(place.pk, { place, item }),
    [Symbol.asyncDispose]: async () => undefined,
  };
};

const onDynamoDb = async (): Promise<RegistryUnderTest> => {
  const table = await startDynaliteTable();
  return {
    registry: new DynamoDbRegistry(table),
    plant: async (place, item) => {
      const Item = marshall({ ...item, ...place });
      await table.client.send(new PutItemCommand({ TableName: table.tableName, Item }));
    },
    [Symbol.asyncDispose]: () => table[Symbol.asyncDispose](),
  };
};

registryContract('in memory', inMemory);
registryContract('DynamoDB', onDynamoDb);
registryChangesContract('in memory', inMemory);
registryChangesContract('DynamoDB', onDynamoDb);

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

it('the principal reader makes one strongly consistent GetItem for each record', async () => {
  await using table = await startDynaliteTable();
  const registry = new DynamoDbRegistry(table);
  const tenant = aTenant('reader');
  const principal = aPrincipal('reader', 'reader');
  await registry.createTenant(tenant);
  await registry.createPrincipal(principal);
  const sent: unknown[] = [];
  const reader = new DynamoDbPrincipalReader({
    tableName: table.tableName,
    getItem: (input) => {
      sent.push(input);
      return table.client.send(new GetItemCommand(input));
    },
  });
  expect(await reader.getPrincipal(principal.arn)).toEqual(principal);
  expect(await reader.getTenant('reader')).toEqual(tenant);
  expect(await reader.getTenant('nobody')).toBeUndefined();
  const read = (pk: string) => ({
    TableName: 'Registry',
    Key: { pk: { S: pk } },
    ConsistentRead: true,
  });
  expect(sent).toEqual([
    read('PRINCIPAL#arn:aws:iam::123456789012:role/reader'),
    read('TENANT#reader'),
    read('TENANT#nobody'),
  ]);
});

it('the principal reader throws when the answer is none', async () => {
  const reader = new DynamoDbPrincipalReader({
    tableName: 'Registry',
    getItem: async () => 'not an answer',
  });
  await expect(reader.getTenant('reader')).rejects.toThrow();
});

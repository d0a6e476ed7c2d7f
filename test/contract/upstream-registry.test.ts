import { PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { expect, it } from 'vitest';
import { DynamoDbUpstreamReader, type Query } from '../../src/registry/dynamodb-upstream-reader.ts';
import { DynamoDbUpstreamRegistry } from '../../src/registry/dynamodb-upstream-registry.ts';
import type { StoredItem } from '../../src/registry/in-memory-registry.ts';
import { InMemoryUpstreamRegistry } from '../../src/registry/in-memory-upstream-registry.ts';
import { pinPlace, upstreamPlace, type ItemPlace } from '../../src/registry/registry-table.ts';
import { startDynaliteTable, type DynaliteTable } from './dynalite-table.ts';
import { aPin, anUpstream, upstreamRegistryContract } from './upstream-registry.contract.ts';

upstreamRegistryContract('in memory', async () => {
  const items = new Map<string, StoredItem>();
  return {
    registry: new InMemoryUpstreamRegistry(items),
    plant: async (place, item) => void items.set(place.pk, { place, item }),
    [Symbol.asyncDispose]: async () => undefined,
  };
});

const plantIn =
  (table: DynaliteTable) =>
  async (place: ItemPlace, item: Record<string, unknown>): Promise<void> => {
    const Item = marshall({ ...item, ...place });
    await table.client.send(new PutItemCommand({ TableName: table.tableName, Item }));
  };

upstreamRegistryContract('DynamoDB', async () => {
  const table = await startDynaliteTable();
  return {
    registry: new DynamoDbUpstreamRegistry(table),
    plant: plantIn(table),
    [Symbol.asyncDispose]: () => table[Symbol.asyncDispose](),
  };
});

const readerOf = (table: DynaliteTable, onMalformed?: (error: unknown) => void) => {
  const sent: Parameters<Query>[0][] = [];
  const reader = new DynamoDbUpstreamReader({
    tableName: table.tableName,
    query: (input) => {
      sent.push(input);
      return table.client.send(new QueryCommand(input));
    },
    ...(onMalformed === undefined ? {} : { onMalformed }),
  });
  return { reader, sent };
};

it('the reader makes one Query of the index for each collection', async () => {
  await using table = await startDynaliteTable();
  const registry = new DynamoDbUpstreamRegistry(table);
  await registry.putUpstream(anUpstream('reader'));
  await registry.putPins(aPin('reader'));
  const { reader, sent } = readerOf(table);
  expect(await reader.listUpstreams()).toEqual([anUpstream('reader')]);
  expect(await reader.listPins()).toEqual([aPin('reader')]);
  const query = (collection: string) => ({
    TableName: 'Registry',
    IndexName: 'byCollection',
    KeyConditionExpression: '#collection = :collection',
    ExpressionAttributeNames: { '#collection': 'collection' },
    ExpressionAttributeValues: { ':collection': { S: collection } },
  });
  expect(sent).toEqual([query('UPSTREAMS'), query('PINS')]);
});

it('an upstream that cannot be read is off, is told, and the others go on', async () => {
  await using table = await startDynaliteTable();
  const registry = new DynamoDbUpstreamRegistry(table);
  await registry.putUpstream(anUpstream('healthy'));
  const broken = anUpstream('broken', { scope: 'acme' });
  await plantIn(table)(upstreamPlace(broken), { ...broken, spec: 'not JSON' });
  const nobody = { pk: 'UPSTREAM#?#?', collection: 'UPSTREAMS', position: '?' };
  await plantIn(table)(nobody, {});
  const told: string[] = [];
  const { reader } = readerOf(table, (error) => told.push(String(error)));
  expect(await reader.listUpstreams()).toMatchObject([
    { scope: '*', name: 'healthy', enabled: true },
    { scope: 'acme', name: 'broken', enabled: false },
  ]);
  expect((await reader.listUpstreams())[1]).not.toHaveProperty('spec');
  expect(told).toEqual([
    expect.stringMatching(/UPSTREAM#\?#\? is not a server record/),
    expect.stringMatching(/UPSTREAM#acme#broken is not a server record: check spec/),
    expect.any(String),
    expect.any(String),
  ]);
});

it('pins that cannot be read fail the list, whoever listens', async () => {
  await using table = await startDynaliteTable();
  const pin = aPin('broken');
  await plantIn(table)(pinPlace(pin), { ...pin, tools: '{}', revision: 'x' });
  const { reader } = readerOf(table, () => undefined);
  await expect(reader.listPins()).rejects.toThrow(/PIN#\*#broken/);
});

it('the reader throws when the table cannot be reached or the answer is none', async () => {
  const failing = (query: Query) => new DynamoDbUpstreamReader({ tableName: 'Registry', query });
  await expect(failing(() => Promise.reject(new Error('down'))).listUpstreams()).rejects.toThrow(
    'down',
  );
  await expect(failing(async () => 'not an answer').listPins()).rejects.toThrow();
});

it('a list that does not end is given up', async () => {
  const endless = new DynamoDbUpstreamReader({
    tableName: 'Registry',
    query: async () => ({ Items: [], LastEvaluatedKey: { pk: { S: 'more' } } }),
  });
  await expect(endless.listUpstreams()).rejects.toThrow('more than 50 pages');
});

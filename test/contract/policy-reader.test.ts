import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import type { PolicyReader } from '../../src/policy/tenant-policies.ts';
import { DynamoDbPolicyReader } from '../../src/registry/dynamodb-policy-reader.ts';
import { DynamoDbRegistry } from '../../src/registry/dynamodb-registry.ts';
import { InMemoryRegistry } from '../../src/registry/in-memory-registry.ts';
import type { PolicyRecord } from '../../src/registry/records.ts';
import { startDynaliteTable } from './dynalite-table.ts';

const record: PolicyRecord = {
  tenant: 'acme',
  version: 2,
  text: 'permit (principal, action, resource);',
  createdAt: '2026-11-28T00:00:00.000Z',
  createdBy: 'arn:aws:iam::111122223333:role/ops',
};

const expectsToRead = async (reader: PolicyReader): Promise<void> => {
  expect(await reader.getPolicy('acme', 2)).toEqual(record);
  expect(await reader.getPolicy('acme', 1)).toBeUndefined();
  expect(await reader.getPolicy('globex', 2)).toBeUndefined();
};

it('in memory, a version is read by tenant and number', async () => {
  const registry = new InMemoryRegistry();
  await registry.createPolicy(record);
  await expectsToRead(registry);
});

it('in DynamoDB, a version is read by one strongly consistent GetItem', async () => {
  await using table = await startDynaliteTable();
  const registry = new DynamoDbRegistry(table);
  await registry.createPolicy(record);
  const sent: unknown[] = [];
  const reader = new DynamoDbPolicyReader({
    tableName: table.tableName,
    getItem: (input) => {
      sent.push(input);
      return table.client.send(new GetItemCommand(input));
    },
  });
  await expectsToRead(reader);
  expect(sent[0]).toEqual({
    TableName: table.tableName,
    Key: { pk: { S: 'POLICY#acme#2' } },
    ConsistentRead: true,
  });
  expect(sent).toHaveLength(3);
  await expectsToRead(registry);
});

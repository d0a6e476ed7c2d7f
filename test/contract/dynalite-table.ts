import { createRequire } from 'node:module';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  waitUntilTableExists,
  type CreateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { usageTable } from '../../src/quota/usage-table.ts';
import { registryTable } from '../../src/registry/registry-table.ts';

const require = createRequire(import.meta.url);
require('../../local/aws/dynamodb/dynalite-conditions.cjs');
const dynalite = require('dynalite') as (options: {
  createTableMs: number;
  deleteTableMs: number;
  updateTableMs: number;
}) => Server;

export interface DynaliteTable extends AsyncDisposable {
  readonly client: DynamoDBClient;
  readonly endpoint: string;
  readonly tableName: string;
}

type TableShape = Omit<CreateTableCommandInput, 'TableName' | 'BillingMode'>;

const { index } = registryTable;
const registryShape: TableShape = {
  AttributeDefinitions: [registryTable.partitionKey, index.partitionKey, index.sortKey].map(
    (name) => ({ AttributeName: name, AttributeType: 'S' as const }),
  ),
  KeySchema: [{ AttributeName: registryTable.partitionKey, KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [
    {
      IndexName: index.name,
      KeySchema: [
        { AttributeName: index.partitionKey, KeyType: 'HASH' },
        { AttributeName: index.sortKey, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
};

const usageShape: TableShape = {
  AttributeDefinitions: [{ AttributeName: usageTable.partitionKey, AttributeType: 'S' }],
  KeySchema: [{ AttributeName: usageTable.partitionKey, KeyType: 'HASH' }],
};

/** An empty `Registry` table on a dynalite of its own, at a port that was free. */
export const startDynaliteTable = (tableName = 'Registry'): Promise<DynaliteTable> =>
  startTable(tableName, registryShape);

/** An empty `Usage` table on a dynalite of its own. */
export const startUsageTable = (): Promise<DynaliteTable> => startTable('Usage', usageShape);

const startTable = async (tableName: string, shape: TableShape): Promise<DynaliteTable> => {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDTEST', secretAccessKey: 'test' },
  });
  await client.send(
    new CreateTableCommand({ TableName: tableName, BillingMode: 'PAY_PER_REQUEST', ...shape }),
  );
  const active = async (): Promise<boolean> =>
    (await client.send(new DescribeTableCommand({ TableName: tableName }))).Table?.TableStatus ===
    'ACTIVE';
  if (!(await active())) {
    await waitUntilTableExists(
      { client, minDelay: 1, maxDelay: 1, maxWaitTime: 10 },
      { TableName: tableName },
    );
  }
  return {
    client,
    endpoint,
    tableName,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynaliteProcess } from '../../../local/aws/dynamodb/dynalite-process.ts';
import { createTables } from '../../../local/aws/dynamodb/create-tables.ts';
import { tableDefinitions } from '../../../local/aws/dynamodb/table-definitions.ts';
import { sweepTable } from '../../../local/aws/dynamodb/ttl-sweeper.ts';
import {
  AwsFixture,
  accountId,
  deploymentOf,
  region,
  registry,
  tableArn,
  template,
} from './aws-fixture.ts';

const TableName = 'Registry';
const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'x' } });

let fixture: AwsFixture;
let role: DynamoDBClient;
let operator: DynamoDBClient;

beforeAll(async () => {
  fixture = await AwsFixture.start();
  role = new DynamoDBClient(fixture.clientOptions());
  operator = new DynamoDBClient(fixture.clientOptions('operator'));
});

afterAll(() => fixture[Symbol.asyncDispose]());

describe('DynamoDB for a function', () => {
  it('has the tables of the template and serves what the role allows', async () => {
    await role.send(
      new PutItemCommand({ TableName, Item: { ...key('a'), tenant: { S: 't' }, n: { N: '1' } } }),
    );
    const got = await role.send(new GetItemCommand({ TableName, Key: key('a') }));
    expect(got.Item?.['n']).toEqual({ N: '1' });
    const queried = await role.send(
      new QueryCommand({
        TableName,
        IndexName: 'by-tenant',
        KeyConditionExpression: 'tenant = :t',
        ExpressionAttributeValues: { ':t': { S: 't' } },
      }),
    );
    expect(queried.Items).toHaveLength(1);
    const batch = await role.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key('a')] } } }),
    );
    expect(batch.Responses?.[TableName]).toHaveLength(1);
  });

  it('knows a table by its ARN too', async () => {
    const got = await role.send(new GetItemCommand({ TableName: tableArn, Key: key('a') }));
    expect(got.Item?.['pk']).toEqual({ S: 'a' });
  });

  it('refuses what the role does not allow, naming caller, action and resource', async () => {
    await expect(
      role.send(new DeleteItemCommand({ TableName, Key: key('a') })),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:sts::${accountId}:assumed-role/FunctionRole/mcp (Test/Mcp) is not authorized to perform: dynamodb:DeleteItem on resource: ${tableArn} because no identity-based policy allows the dynamodb:DeleteItem action`,
    });
    await expect(
      role.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :p',
          ExpressionAttributeValues: { ':p': { S: 'a' } },
        }),
      ),
    ).rejects.toThrow(/dynamodb:Query/);
    expect(fixture.refusals.map(({ action, resource }) => [action, resource])).toEqual([
      ['dynamodb:DeleteItem', tableArn],
      ['dynamodb:Query', tableArn],
    ]);
    expect(fixture.endpoint.counters()['dynamodb:Query']).toEqual({ allowed: 1, refused: 1 });
    expect(fixture.calls.some(({ action }) => action === 'dynamodb:PutItem')).toBe(true);
  });

  it('does not let a role see a table that is not its own, even to learn that it is not there', async () => {
    await expect(
      role.send(new GetItemCommand({ TableName: 'Other', Key: key('a') })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('gives the item of a failed condition', async () => {
    const put = new PutItemCommand({
      TableName,
      Item: key('a'),
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    const error: unknown = await role.send(put).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConditionalCheckFailedException);
    expect((error as ConditionalCheckFailedException).Item?.['n']).toEqual({ N: '1' });
  });

  it('gives no item where none was asked for, or where there is none', async () => {
    const itemOf = async (input: ConstructorParameters<typeof PutItemCommand>[0]) => {
      const error: unknown = await role
        .send(new PutItemCommand(input))
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConditionalCheckFailedException);
      return (error as ConditionalCheckFailedException).Item;
    };
    const failing = { TableName, Item: key('a'), ConditionExpression: 'attribute_not_exists(pk)' };
    expect(await itemOf(failing)).toBeUndefined();
    expect(
      await itemOf({ ...failing, ReturnValuesOnConditionCheckFailure: 'NONE' }),
    ).toBeUndefined();
    expect(
      await itemOf({
        TableName,
        Item: key('absent'),
        ConditionExpression: 'attribute_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    ).toBeUndefined();
  });
});

describe('DynamoDB for an operator', () => {
  it('serves every operation that the twin has', async () => {
    expect((await operator.send(new ListTablesCommand({}))).TableNames).toEqual([TableName]);
    expect((await operator.send(new ScanCommand({ TableName }))).Count).toBe(1);
    const described = await operator.send(new DescribeTableCommand({ TableName }));
    expect(described.Table?.TableArn).toBe(tableArn);
    const ttl = await operator.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(ttl.TimeToLiveDescription).toEqual({
      TimeToLiveStatus: 'ENABLED',
      AttributeName: 'expires',
    });
  });

  it('refuses by name what dynalite would ignore or does not have', async () => {
    await expect(
      operator.send(new TransactWriteItemsCommand({ TransactItems: [] })),
    ).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: 'The twin does not implement dynamodb:TransactWriteItems',
    });
    const unknown = new GetItemCommand({ TableName, Key: key('a') });
    unknown.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string };
        request.body = JSON.stringify({ TableName, Key: key('a'), Novelty: 1 });
        return next(args);
      },
      { step: 'build', priority: 'high' },
    );
    await expect(operator.send(unknown)).rejects.toThrow(/DynamoDB parameter Novelty/);
  });
});

describe('an outage', () => {
  it('answers at once while DynamoDB is down, and the items are there when it is back', async () => {
    await fixture.endpoint.dynamodb.stop();
    const started = performance.now();
    await expect(role.send(new GetItemCommand({ TableName, Key: key('a') }))).rejects.toMatchObject(
      { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } },
    );
    expect(performance.now() - started).toBeLessThan(5_000);
    await fixture.endpoint.dynamodb.start();
    const got = await role.send(new GetItemCommand({ TableName, Key: key('a') }));
    expect(got.Item?.['n']).toEqual({ N: '1' });
  });
});

describe('a crash of dynalite', () => {
  it('is reported, and it is started again with its items', async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'twin-crash-'));
    const crashes: Error[] = [];
    const dynalite = new DynaliteProcess({
      dataDirectory,
      region,
      accountId,
      onCrash: (error) => crashes.push(error),
    });
    await dynalite.start();
    await createTables(dynalite, tableDefinitions(deploymentOf(template)));
    process.kill(dynalite.pid ?? 0, 'SIGKILL');
    const back = async (): Promise<boolean> =>
      dynalite.request('DescribeTable', JSON.stringify({ TableName })).then(
        ({ status }) => status === 200,
        () => false,
      );
    while (crashes.length === 0 || !(await back())) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(crashes.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^DynamoDB \(dynalite\) ended: SIGKILL/),
    ]);
    await dynalite.stop();
    rmSync(dataDirectory, { recursive: true });
  });
});

describe('a restart', () => {
  it('keeps items, and refuses a changed key schema', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'twin-aws-'));
    {
      await using first = await AwsFixture.start({ stateDir });
      const client = new DynamoDBClient(first.clientOptions());
      await client.send(new PutItemCommand({ TableName, Item: key('kept') }));
    }
    {
      await using second = await AwsFixture.start({ stateDir });
      const client = new DynamoDBClient(second.clientOptions());
      const got = await client.send(new GetItemCommand({ TableName, Key: key('kept') }));
      expect(got.Item).toEqual(key('kept'));
    }
    const changed = {
      ...registry,
      properties: {
        ...registry.properties,
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      },
    };
    const resources = [changed, ...template.filter((one) => one !== registry)];
    await expect(AwsFixture.start({ stateDir, resources })).rejects.toThrow(
      /^Test\/Registry: the keys or indexes of the table changed\. Start with --reset/,
    );
    rmSync(stateDir, { recursive: true });
  });
});

describe('time to live', () => {
  it('removes items whose time is over and no other', async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'twin-ttl-'));
    const dynalite = new DynaliteProcess({ dataDirectory, region, accountId });
    await dynalite.start();
    const [table] = tableDefinitions(deploymentOf(template));
    if (table?.ttlAttribute === undefined) throw new Error('no TTL');
    await createTables(dynalite, [table]);
    const put = (pk: string, expires: unknown) =>
      dynalite.request(
        'PutItem',
        JSON.stringify({ TableName, Item: { ...key(pk), ...(expires ? { expires } : {}) } }),
      );
    await put('past', { N: '999' });
    await put('future', { N: '1001' });
    await put('text', { S: '1' });
    await put('none', undefined);
    const { ttlAttribute } = table;
    expect(await sweepTable(dynalite, { ...table, ttlAttribute }, 1000)).toBe(1);
    const left = await dynalite.request('Scan', JSON.stringify({ TableName, Select: 'COUNT' }));
    expect(JSON.parse(left.body.toString())).toMatchObject({ Count: 3 });
    await dynalite.stop();
    rmSync(dataDirectory, { recursive: true });
  });
});

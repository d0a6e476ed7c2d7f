import {
  DeleteItemCommand,
  GetItemCommand,
  paginateScan,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type DynamoDBClient,
  type GetItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { held } from './conditional-write.ts';
import { DynamoDbKeyReader } from './dynamodb-key-reader.ts';
import { DynamoDbPrincipalReader } from './dynamodb-principal-reader.ts';
import { decodeCursor, encodeCursor, pageLimit } from './paging.ts';
import {
  parseKeyItem,
  parsePolicyItem,
  parsePrincipalItem,
  parseTenantItem,
} from './parse-item.ts';
import type { KeyRecord, PolicyRecord, PrincipalRecord, TenantRecord } from './records.ts';
import {
  keyPk,
  keyPlace,
  keysCollection,
  policiesCollection,
  policyPk,
  policyPlace,
  principalPk,
  principalPlace,
  principalsCollection,
  registryTable,
  tenantPk,
  tenantPlace,
  tenantsCollection,
  type ItemPlace,
} from './registry-table.ts';
import type {
  ExpectedKey,
  KeyChanges,
  Page,
  PageQuery,
  Registry,
  TenantChanges,
} from './registry.ts';
import { keyUpdate, principalUpdate, tenantUpdate, type ItemUpdate } from './update-expression.ts';

const listedItem = z.looseObject({ pk: z.string(), collection: z.string(), position: z.string() });

export interface DynamoDbTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/**
 * The registry on its DynamoDB table. `get` is strongly consistent; lists come from the index, which follows writes
 * within a moment.
 */
export class DynamoDbRegistry implements Registry {
  readonly #table: DynamoDbTable;
  readonly #keys: DynamoDbKeyReader;
  readonly #principals: DynamoDbPrincipalReader;

  constructor(table: DynamoDbTable) {
    this.#table = table;
    const reads = {
      getItem: (input: GetItemCommandInput) => table.client.send(new GetItemCommand(input)),
      tableName: table.tableName,
    };
    this.#keys = new DynamoDbKeyReader(reads);
    this.#principals = new DynamoDbPrincipalReader(reads);
  }

  getKey(keyId: string): Promise<KeyRecord | undefined> {
    return this.#keys.getKey(keyId);
  }

  getTenant(tenant: string): Promise<TenantRecord | undefined> {
    return this.#principals.getTenant(tenant);
  }

  getPrincipal(arn: string): Promise<PrincipalRecord | undefined> {
    return this.#principals.getPrincipal(arn);
  }

  listTenants(query?: PageQuery): Promise<Page<TenantRecord>> {
    return this.#list(tenantsCollection, parseTenantItem, query);
  }

  listKeys(tenant: string, query?: PageQuery): Promise<Page<KeyRecord>> {
    return this.#list(keysCollection(tenant), parseKeyItem, query);
  }

  listPrincipals(tenant: string, query?: PageQuery): Promise<Page<PrincipalRecord>> {
    return this.#list(principalsCollection(tenant), parsePrincipalItem, query);
  }

  async scanPrincipals(): Promise<readonly PrincipalRecord[]> {
    const pages = paginateScan(
      { client: this.#table.client },
      {
        TableName: this.#table.tableName,
        FilterExpression: 'begins_with(pk, :prefix)',
        ExpressionAttributeValues: { ':prefix': { S: principalPk('') } },
      },
    );
    const records: PrincipalRecord[] = [];
    for await (const { Items = [] } of pages) {
      for (const item of Items.map((each) => listedItem.parse(unmarshall(each)))) {
        records.push(parsePrincipalItem(item.pk, item));
      }
    }
    return records;
  }

  createTenant(record: TenantRecord): Promise<boolean> {
    return this.#create({ ...record, ...tenantPlace(record) });
  }

  createKey(record: KeyRecord): Promise<boolean> {
    return this.#create({ ...record, ...keyPlace(record) });
  }

  createPrincipal(record: PrincipalRecord): Promise<boolean> {
    return this.#create({ ...record, ...principalPlace(record) });
  }

  async deleteTenant(tenant: string): Promise<void> {
    await this.#table.client.send(
      new DeleteItemCommand({
        TableName: this.#table.tableName,
        Key: { pk: { S: tenantPk(tenant) } },
      }),
    );
  }

  deletePrincipal(arn: string): Promise<boolean> {
    return held(
      this.#table.client.send(
        new DeleteItemCommand({
          TableName: this.#table.tableName,
          Key: { pk: { S: principalPk(arn) } },
          ConditionExpression: 'attribute_exists(pk)',
        }),
      ),
    );
  }

  updateTenant(tenant: string, changes: TenantChanges, expectedRevision: number): Promise<boolean> {
    return this.#update(tenantPk(tenant), tenantUpdate(changes, expectedRevision));
  }

  updateKey(keyId: string, changes: KeyChanges, expected: ExpectedKey = {}): Promise<boolean> {
    return this.#update(keyPk(keyId), keyUpdate(changes, expected));
  }

  updatePrincipal(
    expected: PrincipalRecord,
    changes: Pick<PrincipalRecord, 'role'>,
  ): Promise<boolean> {
    return this.#update(principalPk(expected.arn), principalUpdate(expected, changes));
  }

  createPolicy(record: PolicyRecord): Promise<boolean> {
    return this.#create({ ...record, ...policyPlace(record) });
  }

  async getPolicy(tenant: string, version: number): Promise<PolicyRecord | undefined> {
    const pk = policyPk(tenant, version);
    const { Item } = await this.#table.client.send(
      new GetItemCommand({
        TableName: this.#table.tableName,
        Key: { pk: { S: pk } },
        ConsistentRead: true,
      }),
    );
    return Item === undefined ? undefined : parsePolicyItem(pk, unmarshall(Item));
  }

  listPolicies(tenant: string, query?: PageQuery): Promise<Page<PolicyRecord>> {
    return this.#list(policiesCollection(tenant), parsePolicyItem, query, 'newest first');
  }

  #update(pk: string, update: ItemUpdate): Promise<boolean> {
    return held(
      this.#table.client.send(
        new UpdateItemCommand({
          TableName: this.#table.tableName,
          Key: { pk: { S: pk } },
          ...update,
        }),
      ),
    );
  }

  #create(item: ItemPlace & Record<string, unknown>): Promise<boolean> {
    return held(
      this.#table.client.send(
        new PutItemCommand({
          TableName: this.#table.tableName,
          Item: marshall(item, { removeUndefinedValues: true }),
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    );
  }

  async #list<T>(
    collection: string,
    parse: (pk: string, item: unknown) => T,
    query?: PageQuery,
    order: 'by position' | 'newest first' = 'by position',
  ): Promise<Page<T>> {
    const limit = pageLimit(query);
    const { Items = [], LastEvaluatedKey } = await this.#table.client.send(
      new QueryCommand({
        TableName: this.#table.tableName,
        IndexName: registryTable.index.name,
        KeyConditionExpression: '#collection = :collection',
        ExpressionAttributeNames: { '#collection': registryTable.index.partitionKey },
        ExpressionAttributeValues: { ':collection': { S: collection } },
        Limit: limit + 1,
        ScanIndexForward: order === 'by position',
        ...(query?.cursor === undefined
          ? {}
          : { ExclusiveStartKey: marshall(decodeCursor(query.cursor, collection)) }),
      }),
    );
    const page = Items.slice(0, limit).map((item) => listedItem.parse(unmarshall(item)));
    const items = page.map((item) => parse(item.pk, item));
    const last = page.at(-1);
    const more = Items.length > limit || LastEvaluatedKey !== undefined;
    return last === undefined || !more ? { items } : { items, cursor: encodeCursor(last) };
  }
}

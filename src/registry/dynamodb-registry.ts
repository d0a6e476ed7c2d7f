import {
  DeleteItemCommand,
  GetItemCommand,
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
import { parseKeyItem, parsePrincipalItem, parseTenantItem } from './parse-item.ts';
import type { KeyRecord, PrincipalRecord, TenantRecord } from './records.ts';
import {
  keyPk,
  keyPlace,
  keysCollection,
  principalPk,
  principalPlace,
  principalsCollection,
  registryTable,
  tenantPk,
  tenantPlace,
  tenantsCollection,
  type ItemPlace,
} from './registry-table.ts';
import type { KeyChanges, Page, PageQuery, Registry } from './registry.ts';

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

  updateKey(keyId: string, changes: KeyChanges): Promise<boolean> {
    const fields = Object.entries(changes).filter(([, value]) => value !== undefined);
    const values = Object.fromEntries(fields.map(([name, value]) => [`:${name}`, value]));
    return held(
      this.#table.client.send(
        new UpdateItemCommand({
          TableName: this.#table.tableName,
          Key: { pk: { S: keyPk(keyId) } },
          ConditionExpression: [
            'attribute_exists(pk)',
            '#status <> :final',
            ...(changes.replacedBy === undefined ? [] : ['attribute_not_exists(#replacedBy)']),
          ].join(' AND '),
          ...(fields.length === 0
            ? {}
            : {
                UpdateExpression: `SET ${fields.map(([name]) => `#${name} = :${name}`).join(', ')}`,
              }),
          ExpressionAttributeNames: {
            '#status': 'status',
            ...Object.fromEntries(fields.map(([name]) => [`#${name}`, name])),
          },
          ExpressionAttributeValues: marshall({ ...values, ':final': 'revoked' }),
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

import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import type { KeyTable } from './dynamodb-key-reader.ts';
import { parsePrincipalItem, parseTenantItem } from './parse-item.ts';
import type { PrincipalRecord, TenantRecord } from './records.ts';
import { principalPk, tenantPk } from './registry-table.ts';
import type { PrincipalReader } from './registry.ts';

type Item = Parameters<typeof unmarshall>[0];

/** Of the item only its outline: what is in it, the parser of its kind looks at. */
const output = z.looseObject({
  Item: z.custom<Item>((item) => typeof item === 'object' && item !== null).optional(),
});

/** Reads the principals of IAM callers and their tenants, one strongly consistent GetItem each. */
export class DynamoDbPrincipalReader implements PrincipalReader {
  readonly #table: KeyTable;

  constructor(table: KeyTable) {
    this.#table = table;
  }

  getPrincipal(arn: string): Promise<PrincipalRecord | undefined> {
    return this.#get(principalPk(arn), parsePrincipalItem);
  }

  getTenant(tenant: string): Promise<TenantRecord | undefined> {
    return this.#get(tenantPk(tenant), parseTenantItem);
  }

  async #get<T>(pk: string, parse: (pk: string, item: unknown) => T): Promise<T | undefined> {
    const { Item } = output.parse(
      await this.#table.getItem({
        TableName: this.#table.tableName,
        Key: { pk: { S: pk } },
        ConsistentRead: true,
      }),
    );
    return Item === undefined ? undefined : parse(pk, unmarshall(Item));
  }
}

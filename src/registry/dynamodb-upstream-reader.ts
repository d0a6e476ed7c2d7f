import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { pinsCollection, registryTable, upstreamsCollection } from './registry-table.ts';
import { parsePinItem, parseUpstreamItem } from './upstream-items.ts';
import { upstreamScope, type PinRecord, type UpstreamRecord } from './upstream-records.ts';
import type { UpstreamReader } from './upstream-registry.ts';
import { upstreamName } from '../upstreams/upstream-spec.ts';

type Attributes = Record<string, AttributeValue>;

/** DynamoDB's Query, by whichever client there is: input and output as in its API reference. */
export type Query = (input: {
  readonly TableName: string;
  readonly IndexName: string;
  readonly KeyConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Record<string, { readonly S: string }>;
  readonly ExclusiveStartKey?: Attributes;
}) => Promise<unknown>;

export interface UpstreamTable {
  readonly query: Query;
  readonly tableName: string;
  /**
   * Hears of an upstream's item that cannot be read; the upstream is then off, and the others go on. Without it, one
   * such item fails the list.
   */
  readonly onMalformed?: (error: unknown) => void;
}

const attributes = z.custom<Attributes>((item) => typeof item === 'object' && item !== null);
const output = z.looseObject({
  Items: z.array(attributes).default([]),
  LastEvaluatedKey: attributes.optional(),
});
const outline = z.looseObject({ pk: z.string() });

/** A page has up to 1 MB. Beyond this many, something else than operators writes there. */
const maxPages = 50;

const epoch = new Date(0).toISOString();

/** What stands for an item that cannot be read: a server of its name, switched off. */
const switchedOff = (pk: string): readonly UpstreamRecord[] => {
  const [, scope, name] = pk.split('#');
  const parsed = z.object({ scope: upstreamScope, name: upstreamName }).safeParse({ scope, name });
  return parsed.success
    ? [{ ...parsed.data, enabled: false, revision: 1, createdAt: epoch, updatedAt: epoch }]
    : [];
};

/** Reads live upstreams and pins from the index `byCollection`, which follows writes within a moment. */
export class DynamoDbUpstreamReader implements UpstreamReader {
  readonly #table: UpstreamTable;

  constructor(table: UpstreamTable) {
    this.#table = table;
  }

  async listUpstreams(): Promise<readonly UpstreamRecord[]> {
    const { onMalformed } = this.#table;
    const items = await this.#all(upstreamsCollection);
    return items.flatMap((item) => {
      try {
        return [parseUpstreamItem(item.pk, item)];
      } catch (error) {
        if (onMalformed === undefined) throw error;
        onMalformed(error);
        return switchedOff(item.pk);
      }
    });
  }

  async listPins(): Promise<readonly PinRecord[]> {
    const items = await this.#all(pinsCollection);
    return items.map((item) => parsePinItem(item.pk, item));
  }

  async #all(collection: string): Promise<readonly z.infer<typeof outline>[]> {
    const items: z.infer<typeof outline>[] = [];
    let after: Attributes | undefined;
    for (let page = 0; page < maxPages; page += 1) {
      const { Items, LastEvaluatedKey } = output.parse(
        await this.#table.query({
          TableName: this.#table.tableName,
          IndexName: registryTable.index.name,
          KeyConditionExpression: '#collection = :collection',
          ExpressionAttributeNames: { '#collection': registryTable.index.partitionKey },
          ExpressionAttributeValues: { ':collection': { S: collection } },
          ...(after === undefined ? {} : { ExclusiveStartKey: after }),
        }),
      );
      items.push(...Items.map((item) => outline.parse(unmarshall(item))));
      if (LastEvaluatedKey === undefined) return items;
      after = LastEvaluatedKey;
    }
    throw new Error(`the collection ${collection} has more than ${maxPages} pages`);
  }
}

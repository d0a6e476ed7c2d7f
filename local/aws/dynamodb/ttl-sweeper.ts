import * as z from 'zod';
import type { DynaliteProcess } from './dynalite-process.ts';
import type { TableDefinition } from './table-definitions.ts';

const SWEEP_EVERY_MS = 60_000;

const attributes = z.record(z.string(), z.unknown());
const scanned = z.object({
  Items: z.array(attributes),
  LastEvaluatedKey: attributes.optional(),
});

type Expiring = TableDefinition & { readonly ttlAttribute: string };

const expiring = (table: TableDefinition): table is Expiring => table.ttlAttribute !== undefined;

const request = async (
  dynalite: DynaliteProcess,
  operation: string,
  input: unknown,
): Promise<unknown> => {
  const reply = await dynalite.request(operation, JSON.stringify(input));
  const document: unknown = JSON.parse(reply.body.toString());
  if (reply.status !== 200) throw new Error(`${operation} answered ${reply.body.toString()}`);
  return document;
};

/** Removes what expired before `nowSeconds`. On AWS this may take days; readers must filter by themselves. */
export const sweepTable = async (
  dynalite: DynaliteProcess,
  table: Expiring,
  nowSeconds: number,
): Promise<number> => {
  const keyNames = table.shape.KeySchema.map(({ AttributeName }) => AttributeName);
  const condition = {
    ExpressionAttributeNames: { '#ttl': table.ttlAttribute },
    ExpressionAttributeValues: { ':now': { N: String(nowSeconds) }, ':number': { S: 'N' } },
  };
  const expired = 'attribute_type(#ttl, :number) AND #ttl < :now';
  let removed = 0;
  let start: unknown;
  do {
    const page = scanned.parse(
      await request(dynalite, 'Scan', {
        TableName: table.name,
        FilterExpression: expired,
        ...condition,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    for (const item of page.Items) {
      const Key = Object.fromEntries(keyNames.map((name) => [name, item[name]]));
      const input = { TableName: table.name, Key, ConditionExpression: expired, ...condition };
      const reply = await dynalite.request('DeleteItem', JSON.stringify(input));
      if (reply.status === 200) removed++;
    }
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return removed;
};

/** Sweeps each table that has a TTL, once a minute. A sweep that fails, as while DynamoDB is down, is reported. */
export const startTtlSweeper = (
  dynalite: DynaliteProcess,
  tables: readonly TableDefinition[],
  nowSeconds: () => number,
  onError: (error: unknown) => void,
): { stop(): void } => {
  const sweep = async (): Promise<void> => {
    for (const table of tables.filter(expiring)) await sweepTable(dynalite, table, nowSeconds());
  };
  const timer = setInterval(() => void sweep().catch(onError), SWEEP_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
};

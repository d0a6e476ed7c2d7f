import * as z from 'zod';
import type { DynaliteProcess } from './dynalite-process.ts';
import { canonicalShape, shapeOnly, type TableDefinition } from './table-definitions.ts';

const described = z.object({ Table: shapeOnly.extend({ TableStatus: z.string() }) });

const POLL_MS = 5;
const ACTIVE_WITHIN_MS = 10_000;

const describe = async (
  dynalite: DynaliteProcess,
  name: string,
): Promise<z.infer<typeof described>['Table'] | undefined> => {
  const reply = await dynalite.request('DescribeTable', JSON.stringify({ TableName: name }));
  if (reply.status !== 200) return undefined;
  return described.parse(JSON.parse(reply.body.toString())).Table;
};

const create = async (dynalite: DynaliteProcess, table: TableDefinition): Promise<void> => {
  const reply = await dynalite.request(
    'CreateTable',
    JSON.stringify({ TableName: table.name, BillingMode: 'PAY_PER_REQUEST', ...table.shape }),
  );
  if (reply.status !== 200) {
    throw new Error(`${table.displayName}: CreateTable answered ${reply.body.toString()}`);
  }
  const end = Date.now() + ACTIVE_WITHIN_MS;
  while ((await describe(dynalite, table.name))?.TableStatus !== 'ACTIVE') {
    if (Date.now() > end) throw new Error(`${table.displayName}: the table did not become ACTIVE.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};

/**
 * Creates the tables that are not there yet. A table whose keys or indexes are not the template's any more is left
 * alone. @throws Error saying so: CloudFormation would replace it, and the twin does not throw data away unasked.
 */
export const createTables = async (
  dynalite: DynaliteProcess,
  tables: readonly TableDefinition[],
): Promise<void> => {
  for (const table of tables) {
    const existing = await describe(dynalite, table.name);
    if (existing === undefined) {
      await create(dynalite, table);
    } else if (JSON.stringify(canonicalShape(existing)) !== JSON.stringify(table.shape)) {
      throw new Error(
        `${table.displayName}: the keys or indexes of the table changed. Start with --reset to create it anew; its items are lost.`,
      );
    }
  }
};

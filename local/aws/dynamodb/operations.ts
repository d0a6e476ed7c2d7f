import * as z from 'zod';
import { AwsError, notImplemented } from '../aws-error.ts';

/** Only what IAM and the twin need; dynalite validates the rest. */
const oneTable = z.looseObject({ TableName: z.string(), IndexName: z.string().optional() });
const batch = z.looseObject({ RequestItems: z.record(z.string(), z.unknown()) });

export interface TableResource {
  readonly table: string;
  readonly index?: string;
}

type Scope = (input: unknown) => readonly TableResource[];

const invalid = (): AwsError =>
  new AwsError('ValidationException', 'The parameter TableName is required but was not present.');

const tableScope: Scope = (input) => {
  const parsed = oneTable.safeParse(input);
  if (!parsed.success) throw invalid();
  const { TableName: table, IndexName: index } = parsed.data;
  return [index === undefined ? { table } : { table, index }];
};

const batchScope: Scope = (input) => {
  const parsed = batch.safeParse(input);
  if (!parsed.success) throw new AwsError('ValidationException', 'RequestItems is required.');
  return Object.keys(parsed.data.RequestItems).map((table) => {
    if (table.startsWith('arn:')) throw notImplemented('a table ARN in RequestItems');
    return { table };
  });
};

/** The operations that pass to dynalite, and the tables that each one touches: the resources of its IAM check. */
export const PASSED_OPERATIONS: ReadonlyMap<string, Scope> = new Map([
  ['GetItem', tableScope],
  ['PutItem', tableScope],
  ['UpdateItem', tableScope],
  ['DeleteItem', tableScope],
  ['Query', tableScope],
  ['Scan', tableScope],
  ['DescribeTable', tableScope],
  ['BatchGetItem', batchScope],
  ['BatchWriteItem', batchScope],
]);

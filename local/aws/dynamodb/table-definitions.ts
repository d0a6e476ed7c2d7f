import * as z from 'zod';
import type { DeployedResource, Deployment } from '../../template/deployment.ts';

const keySchema = z.array(
  z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }),
);
const projection = z.object({
  ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
  NonKeyAttributes: z.array(z.string()).optional(),
});
const index = z.object({ IndexName: z.string(), KeySchema: keySchema, Projection: projection });
const attribute = z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) });

const tableProperties = z.object({
  AttributeDefinitions: z.array(attribute),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z.array(index).optional(),
  LocalSecondaryIndexes: z.array(index).optional(),
  TimeToLiveSpecification: z
    .object({
      AttributeName: z.string().optional(),
      Enabled: z.stringbool().or(z.boolean()),
    })
    .optional(),
});

/** What CreateTable takes, from the template: the parts of a table that a change would have to rebuild. */
export interface TableShape {
  readonly AttributeDefinitions: readonly z.infer<typeof attribute>[];
  readonly KeySchema: z.infer<typeof keySchema>;
  readonly GlobalSecondaryIndexes?: readonly z.infer<typeof index>[];
  readonly LocalSecondaryIndexes?: readonly z.infer<typeof index>[];
}

export interface TableDefinition {
  readonly name: string;
  readonly displayName: string;
  readonly shape: TableShape;
  /** The attribute whose Unix seconds end an item's life. */
  readonly ttlAttribute?: string;
}

const toDefinition = (resource: DeployedResource): TableDefinition => {
  const parsed = tableProperties.safeParse(resource.properties);
  if (!parsed.success) {
    throw new Error(`${resource.displayName}: ${z.prettifyError(parsed.error)}`);
  }
  const { TimeToLiveSpecification: ttl, ...shape } = parsed.data;
  return {
    name: resource.physicalId,
    displayName: resource.displayName,
    shape: canonicalShape(shape),
    ...(ttl?.Enabled && ttl.AttributeName !== undefined ? { ttlAttribute: ttl.AttributeName } : {}),
  };
};

/** One order for what the API treats as sets, and only the parts that make the shape: two shapes compare as JSON. */
export const canonicalShape = (table: z.infer<typeof shapeOnly>): TableShape => {
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes } =
    shapeOnly.parse(table);
  const byName = <T extends { readonly IndexName: string }>(indexes: readonly T[]): T[] =>
    [...indexes].sort((a, b) => (a.IndexName < b.IndexName ? -1 : 1));
  return {
    AttributeDefinitions: [...AttributeDefinitions].sort((a, b) =>
      a.AttributeName < b.AttributeName ? -1 : 1,
    ),
    KeySchema,
    ...(GlobalSecondaryIndexes?.length
      ? { GlobalSecondaryIndexes: byName(GlobalSecondaryIndexes) }
      : {}),
    ...(LocalSecondaryIndexes?.length
      ? { LocalSecondaryIndexes: byName(LocalSecondaryIndexes) }
      : {}),
  };
};

/** DescribeTable's answer has the same members, among others. */
export const shapeOnly = tableProperties.omit({ TimeToLiveSpecification: true });

/** Every table of the template: AWS::DynamoDB::GlobalTable (CDK TableV2) and AWS::DynamoDB::Table. */
export const tableDefinitions = (deployment: Deployment): readonly TableDefinition[] =>
  ['AWS::DynamoDB::GlobalTable', 'AWS::DynamoDB::Table']
    .flatMap((type) => deployment.ofType(type))
    .map(toDefinition);

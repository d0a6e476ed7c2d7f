import * as z from 'zod';
import { parsed, stored } from './parse-item.ts';
import {
  definitionsPk,
  pinPk,
  pinPlace,
  upstreamPk,
  upstreamPlace,
  type ItemPlace,
} from './registry-table.ts';
import {
  definitionsRecord,
  pinRecord,
  upstreamRecord,
  type DefinitionsRecord,
  type PinRecord,
  type UpstreamRecord,
} from './upstream-records.ts';

/** Below DynamoDB's 400 KB, which count names and types as well. */
export const maxItemBytes = 350_000;

/** A record that DynamoDB would not take. */
export class ItemTooLargeError extends Error {
  override readonly name = 'ItemTooLargeError';
  constructor(pk: string, bytes: number) {
    super(
      `registry item ${pk} would have ${Math.ceil(bytes / 1000)} KB, and may have ${maxItemBytes / 1000} KB`,
    );
  }
}

type Item = Record<string, unknown> & Pick<ItemPlace, 'pk'>;

const sized = (item: Item): Item => {
  const bytes = Buffer.byteLength(JSON.stringify(item));
  if (bytes > maxItemBytes) throw new ItemTooLargeError(item.pk, bytes);
  return item;
};

/**
 * As the table holds it. What is nested is JSON text: a schema may hold numbers that DynamoDB has no room for (an
 * int64's maximum), and one string is read faster than a tree.
 *
 * @throws ItemTooLargeError
 */
export const upstreamItem = ({ spec, ...record }: UpstreamRecord): Item =>
  sized({
    ...record,
    ...(spec === undefined ? {} : { spec: JSON.stringify(spec) }),
    ...upstreamPlace(record),
  });

/** @throws ItemTooLargeError */
export const pinItem = ({ tools, ...record }: PinRecord): Item =>
  sized({ ...record, tools: JSON.stringify(tools), ...pinPlace(record) });

/** @throws ItemTooLargeError */
export const definitionsItem = ({ definitions, scope, server }: DefinitionsRecord): Item =>
  sized({
    scope,
    server,
    definitions: JSON.stringify(definitions),
    pk: definitionsPk(scope, server),
  });

const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});

const outline = z.looseObject({
  spec: jsonText.optional(),
  tools: jsonText.optional(),
  definitions: jsonText.optional(),
});

const read = <T>(schema: z.ZodType<T>, kind: string, pk: string, item: unknown): T =>
  parsed(schema, kind, pk, parsed(outline, kind, pk, item));

/** @throws Error that names the item and its wrong fields, never their values. */
export const parseUpstreamItem = (pk: string, item: unknown): UpstreamRecord => {
  const record = read(upstreamRecord, 'server', pk, item);
  stored(pk, upstreamPk(record.scope, record.name));
  return record;
};

/** @throws Error that names the item and its wrong fields, never their values. */
export const parsePinItem = (pk: string, item: unknown): PinRecord => {
  const record = read(pinRecord, 'pin', pk, item);
  stored(pk, pinPk(record.scope, record.server));
  return record;
};

/** @throws Error that names the item and its wrong fields, never their values. */
export const parseDefinitionsItem = (pk: string, item: unknown): DefinitionsRecord => {
  const record = read(definitionsRecord, 'definitions', pk, item);
  stored(pk, definitionsPk(record.scope, record.server));
  return record;
};

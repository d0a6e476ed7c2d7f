import * as z from 'zod';
import type { PageQuery } from './registry.ts';
import type { ItemPlace } from './registry-table.ts';

const defaultLimit = 50;
const maxLimit = 100;
const cursorMaxLength = 1024;

const place = z.strictObject({
  pk: z.string().min(1),
  collection: z.string().min(1),
  position: z.string().min(1),
});

/** A cursor that did not come from the list it was handed to. */
export class InvalidCursorError extends Error {
  override readonly name = 'InvalidCursorError';
}

/** The last item of a page, as an opaque cursor. */
export const encodeCursor = ({ pk, collection, position }: ItemPlace): string =>
  Buffer.from(JSON.stringify({ pk, collection, position })).toString('base64url');

const decodeJson = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
};

/** @throws InvalidCursorError when the cursor is not one of this collection's. */
export const decodeCursor = (cursor: string, collection: string): ItemPlace => {
  const parsed = place.safeParse(cursor.length <= cursorMaxLength ? decodeJson(cursor) : undefined);
  if (!parsed.success || parsed.data.collection !== collection) {
    throw new InvalidCursorError(
      'the cursor is not one that this list returned: list again from the start, without a cursor',
    );
  }
  return parsed.data;
};

/** @throws RangeError when the limit is not a whole number from 1 to 100. */
export const pageLimit = (query: PageQuery | undefined): number => {
  const limit = query?.limit ?? defaultLimit;
  if (!Number.isInteger(limit) || limit < 1 || limit > maxLimit) {
    throw new RangeError(`a page has 1 to ${maxLimit} items, not ${limit}`);
  }
  return limit;
};

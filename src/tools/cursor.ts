import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ToolError } from './tool.ts';

const cursorDocument = z.tuple([z.int().min(0).max(1_000_000), z.string().length(16)]);

const fingerprint = (scope: string): string =>
  createHash('sha256').update(scope).digest('base64url').slice(0, 16);

/** An opaque place in the results of `scope`: it does not fit the results of anything else. */
export const encodeCursor = (offset: number, scope: string): string =>
  Buffer.from(JSON.stringify([offset, fingerprint(scope)])).toString('base64url');

/** @throws ToolError when the cursor was not made for `scope`. */
export const decodeCursor = (cursor: string, scope: string): number => {
  try {
    const [offset, mark] = cursorDocument.parse(
      JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')),
    );
    if (mark === fingerprint(scope)) return offset;
  } catch {
    // Answered below: a cursor that cannot be read is as foreign as one for another search.
  }
  throw new ToolError(
    'This cursor does not belong to this search. Send the query again without a cursor.',
  );
};

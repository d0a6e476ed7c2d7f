import { decodeCursor, encodeCursor } from '../tools/cursor.ts';
import type { JsonObject } from '../upstreams/upstream.ts';
import type { Missing } from './aggregate.ts';

export interface Page {
  readonly items: readonly JsonObject[];
  readonly nextCursor?: string;
  /** How long a client may keep it, milliseconds. It is the caller's own: never to be shared. */
  readonly ttlMs: number;
  /** Upstreams that are not in it, or only as they were. Empty: the list is whole. */
  readonly missing: readonly Missing[];
}

const itemsPerPage = 100;
/** How long clients may keep a list that only a deployment changes. */
const longestTtlMs = 60_000;
/** … and one that is not whole. */
const brokenTtlMs = 2_000;

/** @throws ToolError when the cursor is not one of this list. */
export const pageOf = (
  scope: string,
  items: readonly JsonObject[],
  cursor: string | undefined,
  { missing, ttlMs }: { readonly missing: readonly Missing[]; readonly ttlMs: number } = {
    missing: [],
    ttlMs: longestTtlMs,
  },
): Page => {
  const start = cursor === undefined ? 0 : decodeCursor(cursor, scope);
  const end = start + itemsPerPage;
  return {
    items: items.slice(start, end),
    ...(end < items.length ? { nextCursor: encodeCursor(end, scope) } : {}),
    ttlMs: missing.length > 0 ? brokenTtlMs : Math.min(longestTtlMs, ttlMs),
    missing,
  };
};

import * as z from 'zod';
import { AdminError } from '../../src/admin/admin-error.ts';
import { reporting } from '../../src/admin/upstream-failure.ts';
import { InvalidCursorError } from '../../src/registry/paging.ts';
import type { Page, PageQuery } from '../../src/registry/registry.ts';

/** `?limit` and `?cursor` of a list. */
export const pageQuery = {
  limit: z
    .stringFormat('a whole number from 1 to 100', /^(?:[1-9]\d?|100)$/u)
    .transform(Number)
    .optional(),
  cursor: z.string().min(1).max(1024).optional(),
} as const;

interface GivenPage {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

const foreignCursor = (): AdminError =>
  new AdminError('INVALID_INPUT', 'cursor: is not one that this list returned');

/** One page of a list of the registry, as it is answered. @throws AdminError INVALID_INPUT or UPSTREAM_*. */
export const pageOf = async <T, View>(
  what: string,
  list: (query: PageQuery) => Promise<Page<T>>,
  { limit, cursor }: GivenPage,
  view: (item: T) => View,
): Promise<{ readonly items: readonly View[]; readonly cursor?: string }> => {
  const { items, cursor: next } = await reporting(what, async () => {
    try {
      return await list({
        ...(limit === undefined ? {} : { limit }),
        ...(cursor === undefined ? {} : { cursor }),
      });
    } catch (error) {
      if (error instanceof InvalidCursorError) throw foreignCursor();
      throw error;
    }
  });
  return { items: items.map(view), ...(next === undefined ? {} : { cursor: next }) };
};

const defaultLimit = 50;

/** A page of what is at hand whole, in the order of `keyOf`: the cursor is the key of the page's last item. */
export const sliceOf = <T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { limit = defaultLimit, cursor }: GivenPage,
): { readonly items: readonly T[]; readonly cursor?: string } => {
  const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
  const rest = items
    .filter((item) => keyOf(item) > after)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return last === undefined || rest.length <= limit
    ? { items: page }
    : { items: page, cursor: Buffer.from(keyOf(last)).toString('base64url') };
};

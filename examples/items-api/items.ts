import * as z from 'zod';

export const tag = z.enum(['tools', 'fasteners', 'electrical', 'paint', 'garden', 'safety']);

export const newItem = z.strictObject({
  name: z.string().min(1).max(100),
  description: z.string().max(500).optional(),
  tags: z
    .array(tag)
    .refine((tags) => new Set(tags).size === tags.length, { error: 'must not repeat' })
    .default([]),
  priceCents: z.int().min(0),
  stock: z.int().min(0).default(0),
});
export type NewItem = z.infer<typeof newItem>;

export interface Item {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly tags: NewItem['tags'];
  readonly priceCents: number;
  readonly stock: number;
}

export interface Search {
  readonly query?: string | undefined;
  readonly tag: NewItem['tags'];
  readonly limit: number;
  /** Id of the last item of the page before. */
  readonly cursor?: string | undefined;
}

export interface Page {
  readonly items: readonly Item[];
  readonly total: number;
  readonly nextCursor: string | null;
}

/** Whoever may add items may not fill the memory with them. */
const maxItems = 1_000;

/** The items of one running service, in the order of their ids. */
export class ItemStore {
  readonly #items = new Map<string, Item>();

  constructor(items: readonly NewItem[]) {
    for (const item of items) this.add(item);
  }

  get(id: string): Item | undefined {
    return this.#items.get(id);
  }

  /** @returns undefined when the store is full. */
  add({
    name,
    description = null,
    tags,
    priceCents,
    stock,
  }: Omit<NewItem, 'description'> & {
    readonly description?: string | null | undefined;
  }): Item | undefined {
    if (this.#items.size >= maxItems) return undefined;
    const id = `item-${String(this.#items.size + 1).padStart(3, '0')}`;
    const item: Item = { id, name, description, tags, priceCents, stock };
    this.#items.set(id, item);
    return item;
  }

  search({ query = '', tag: tags, limit, cursor }: Search): Page {
    const words = query.toLowerCase().split(/\s+/u).filter(Boolean);
    const found = [...this.#items.values()].filter((item) => {
      const text = `${item.name} ${item.description ?? ''}`.toLowerCase();
      return (
        words.every((word) => text.includes(word)) && tags.every((one) => item.tags.includes(one))
      );
    });
    const numberOf = (id: string) => Number(id.replace('item-', ''));
    const left =
      cursor === undefined ? found : found.filter(({ id }) => numberOf(id) > numberOf(cursor));
    const items = left.slice(0, limit);
    const isLast = items.length === left.length;
    return { items, total: found.length, nextCursor: isLast ? null : (items.at(-1)?.id ?? null) };
  }
}

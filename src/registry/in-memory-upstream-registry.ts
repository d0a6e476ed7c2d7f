import type { StoredItem } from './in-memory-registry.ts';
import {
  definitionsPk,
  pinPk,
  pinPlace,
  pinsCollection,
  upstreamPk,
  upstreamPlace,
  upstreamsCollection,
  type ItemPlace,
} from './registry-table.ts';
import {
  definitionsItem,
  parseDefinitionsItem,
  parsePinItem,
  parseUpstreamItem,
  pinItem,
  upstreamItem,
} from './upstream-items.ts';
import type {
  DefinitionsRecord,
  PinRecord,
  UpstreamRecord,
  UpstreamScope,
} from './upstream-records.ts';
import type { UpstreamRegistry } from './upstream-registry.ts';

/** Upstreams and pins in a map from `pk` to item, with the table's rules: what it reads, it parses. */
export class InMemoryUpstreamRegistry implements UpstreamRegistry {
  readonly #items: Map<string, StoredItem>;

  constructor(items: Map<string, StoredItem> = new Map()) {
    this.#items = items;
  }

  async listUpstreams(): Promise<readonly UpstreamRecord[]> {
    return this.#list(upstreamsCollection, parseUpstreamItem);
  }

  async listPins(): Promise<readonly PinRecord[]> {
    return this.#list(pinsCollection, parsePinItem);
  }

  async getUpstream(scope: UpstreamScope, name: string): Promise<UpstreamRecord | undefined> {
    return this.#get(upstreamPk(scope, name), parseUpstreamItem);
  }

  async putUpstream(record: UpstreamRecord): Promise<boolean> {
    const before = this.#get(upstreamPk(record.scope, record.name), parseUpstreamItem);
    return this.#put(upstreamPlace(record), upstreamItem(record), record.revision, before);
  }

  async deleteUpstream(scope: UpstreamScope, name: string): Promise<boolean> {
    return this.#items.delete(upstreamPk(scope, name));
  }

  async getPins(scope: UpstreamScope, server: string): Promise<PinRecord | undefined> {
    return this.#get(pinPk(scope, server), parsePinItem);
  }

  async putPins(record: PinRecord): Promise<boolean> {
    const before = this.#get(pinPk(record.scope, record.server), parsePinItem);
    return this.#put(pinPlace(record), pinItem(record), record.revision, before);
  }

  async deletePins(scope: UpstreamScope, server: string): Promise<boolean> {
    this.#items.delete(definitionsPk(scope, server));
    return this.#items.delete(pinPk(scope, server));
  }

  async getDefinitions(
    scope: UpstreamScope,
    server: string,
  ): Promise<DefinitionsRecord | undefined> {
    return this.#get(definitionsPk(scope, server), parseDefinitionsItem);
  }

  async putDefinitions(record: DefinitionsRecord): Promise<void> {
    const item = definitionsItem(record);
    this.#items.set(item.pk, { place: { pk: item.pk, collection: '', position: '' }, item });
  }

  #get<T>(pk: string, parse: (pk: string, item: unknown) => T): T | undefined {
    const found = this.#items.get(pk);
    return found === undefined ? undefined : parse(pk, found.item);
  }

  #put(
    place: ItemPlace,
    item: unknown,
    revision: number,
    before: { readonly revision: number } | undefined,
  ): boolean {
    if (revision - 1 !== (before?.revision ?? 0)) return false;
    this.#items.set(place.pk, { place, item });
    return true;
  }

  #list<T>(collection: string, parse: (pk: string, item: unknown) => T): readonly T[] {
    return [...this.#items.values()]
      .filter(({ place }) => place.collection === collection)
      .sort((a, b) => (a.place.position < b.place.position ? -1 : 1))
      .map(({ place, item }) => parse(place.pk, item));
  }
}

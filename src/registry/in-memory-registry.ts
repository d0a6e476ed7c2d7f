import { decodeCursor, encodeCursor, pageLimit } from './paging.ts';
import { parseKeyItem, parsePrincipalItem, parseTenantItem } from './parse-item.ts';
import type { KeyRecord, PrincipalRecord, TenantRecord } from './records.ts';
import {
  keyPk,
  keyPlace,
  keysCollection,
  principalPk,
  principalPlace,
  principalsCollection,
  tenantPk,
  tenantPlace,
  tenantsCollection,
  type ItemPlace,
} from './registry-table.ts';
import type { KeyChanges, Page, PageQuery, Registry } from './registry.ts';

export interface StoredItem {
  readonly place: ItemPlace;
  readonly item: unknown;
}

/** The registry in a map from `pk` to item, with the table's rules: what it reads, it parses. */
export class InMemoryRegistry implements Registry {
  readonly #items: Map<string, StoredItem>;

  constructor(items: Map<string, StoredItem> = new Map()) {
    this.#items = items;
  }

  async getKey(keyId: string): Promise<KeyRecord | undefined> {
    return this.#key(keyId);
  }

  async getTenant(tenant: string): Promise<TenantRecord | undefined> {
    const stored = this.#items.get(tenantPk(tenant));
    return stored === undefined ? undefined : parseTenantItem(stored.place.pk, stored.item);
  }

  async getPrincipal(arn: string): Promise<PrincipalRecord | undefined> {
    const stored = this.#items.get(principalPk(arn));
    return stored === undefined ? undefined : parsePrincipalItem(stored.place.pk, stored.item);
  }

  async listTenants(query?: PageQuery): Promise<Page<TenantRecord>> {
    return this.#list(tenantsCollection, parseTenantItem, query);
  }

  async listKeys(tenant: string, query?: PageQuery): Promise<Page<KeyRecord>> {
    return this.#list(keysCollection(tenant), parseKeyItem, query);
  }

  async listPrincipals(tenant: string, query?: PageQuery): Promise<Page<PrincipalRecord>> {
    return this.#list(principalsCollection(tenant), parsePrincipalItem, query);
  }

  async createTenant(record: TenantRecord): Promise<boolean> {
    return this.#create(tenantPlace(record), record);
  }

  async createKey(record: KeyRecord): Promise<boolean> {
    return this.#create(keyPlace(record), record);
  }

  async createPrincipal(record: PrincipalRecord): Promise<boolean> {
    return this.#create(principalPlace(record), record);
  }

  async deleteTenant(tenant: string): Promise<void> {
    this.#items.delete(tenantPk(tenant));
  }

  async deletePrincipal(arn: string): Promise<boolean> {
    return this.#items.delete(principalPk(arn));
  }

  async updateKey(keyId: string, changes: KeyChanges): Promise<boolean> {
    const record = this.#key(keyId);
    if (record === undefined || record.status === 'revoked') return false;
    if (changes.replacedBy !== undefined && record.replacedBy !== undefined) return false;
    const given = Object.fromEntries(
      Object.entries(changes).filter(([, value]) => value !== undefined),
    );
    const place = keyPlace(record);
    this.#items.set(place.pk, { place, item: { ...record, ...given } });
    return true;
  }

  #key(keyId: string): KeyRecord | undefined {
    const stored = this.#items.get(keyPk(keyId));
    return stored === undefined ? undefined : parseKeyItem(stored.place.pk, stored.item);
  }

  #create(place: ItemPlace, record: KeyRecord | PrincipalRecord | TenantRecord): boolean {
    if (this.#items.has(place.pk)) return false;
    this.#items.set(place.pk, { place, item: structuredClone(record) });
    return true;
  }

  #list<T>(
    collection: string,
    parse: (pk: string, item: unknown) => T,
    query?: PageQuery,
  ): Page<T> {
    const limit = pageLimit(query);
    const after =
      query?.cursor === undefined ? '' : decodeCursor(query.cursor, collection).position;
    const rest = [...this.#items.values()]
      .filter(({ place }) => place.collection === collection && place.position > after)
      .sort((a, b) => (a.place.position < b.place.position ? -1 : 1));
    const page = rest.slice(0, limit);
    const items = page.map(({ place, item }) => parse(place.pk, item));
    const last = page.at(-1);
    return last === undefined || rest.length <= limit
      ? { items }
      : { items, cursor: encodeCursor(last.place) };
  }
}

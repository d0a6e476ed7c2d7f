import { decodeCursor, encodeCursor, pageLimit } from './paging.ts';
import {
  parseKeyItem,
  parsePolicyItem,
  parsePrincipalItem,
  parseTenantItem,
} from './parse-item.ts';
import type { KeyRecord, PolicyRecord, PrincipalRecord, TenantRecord } from './records.ts';
import {
  keyPk,
  keyPlace,
  keysCollection,
  policiesCollection,
  policyPk,
  policyPlace,
  principalPk,
  principalPlace,
  principalsCollection,
  tenantPk,
  tenantPlace,
  tenantsCollection,
  type ItemPlace,
} from './registry-table.ts';
import type {
  ExpectedKey,
  KeyChanges,
  Page,
  PageQuery,
  Registry,
  TenantChanges,
} from './registry.ts';

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
    return this.#tenant(tenant);
  }

  async getPrincipal(arn: string): Promise<PrincipalRecord | undefined> {
    return this.#principal(arn);
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

  async scanPrincipals(): Promise<readonly PrincipalRecord[]> {
    return [...this.#items.values()]
      .filter(({ place }) => place.pk.startsWith(principalPk('')))
      .map(({ place, item }) => parsePrincipalItem(place.pk, item));
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

  async updateTenant(
    tenant: string,
    changes: TenantChanges,
    expectedRevision: number,
  ): Promise<boolean> {
    const record = this.#tenant(tenant);
    if (record?.revision !== expectedRevision) return false;
    this.#replace(tenantPlace(record), record, { ...changes, revision: expectedRevision + 1 });
    return true;
  }

  async updateKey(
    keyId: string,
    changes: KeyChanges,
    expected: ExpectedKey = {},
  ): Promise<boolean> {
    const record = this.#key(keyId);
    if (record === undefined || record.status === 'revoked') return false;
    if (changes.replacedBy !== undefined && record.replacedBy !== undefined) return false;
    if (expected.expiresAt !== undefined && expected.expiresAt !== (record.expiresAt ?? null))
      return false;
    if (expected.replacedBy !== undefined && expected.replacedBy !== (record.replacedBy ?? null))
      return false;
    this.#replace(keyPlace(record), record, changes);
    return true;
  }

  async updatePrincipal(
    expected: PrincipalRecord,
    changes: Pick<PrincipalRecord, 'role'>,
  ): Promise<boolean> {
    const record = this.#principal(expected.arn);
    const isSame =
      record?.tenant === expected.tenant &&
      record.role === expected.role &&
      record.createdAt === expected.createdAt;
    if (!isSame) return false;
    this.#replace(principalPlace(record), record, changes);
    return true;
  }

  async createPolicy(record: PolicyRecord): Promise<boolean> {
    return this.#create(policyPlace(record), record);
  }

  async getPolicy(tenant: string, version: number): Promise<PolicyRecord | undefined> {
    const stored = this.#items.get(policyPk(tenant, version));
    return stored === undefined ? undefined : parsePolicyItem(stored.place.pk, stored.item);
  }

  async listPolicies(tenant: string, query?: PageQuery): Promise<Page<PolicyRecord>> {
    return this.#list(policiesCollection(tenant), parsePolicyItem, query, 'newest first');
  }

  /** Undefined leaves a field as it is, null takes it away. */
  #replace(place: ItemPlace, record: object, changes: object): void {
    const given = Object.entries(changes).filter(([, value]) => value !== undefined);
    const merged = { ...record, ...Object.fromEntries(given) };
    const item = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
    this.#items.set(place.pk, { place, item });
  }

  #key(keyId: string): KeyRecord | undefined {
    const stored = this.#items.get(keyPk(keyId));
    return stored === undefined ? undefined : parseKeyItem(stored.place.pk, stored.item);
  }

  #tenant(tenant: string): TenantRecord | undefined {
    const stored = this.#items.get(tenantPk(tenant));
    return stored === undefined ? undefined : parseTenantItem(stored.place.pk, stored.item);
  }

  #principal(arn: string): PrincipalRecord | undefined {
    const stored = this.#items.get(principalPk(arn));
    return stored === undefined ? undefined : parsePrincipalItem(stored.place.pk, stored.item);
  }

  #create(
    place: ItemPlace,
    record: KeyRecord | PolicyRecord | PrincipalRecord | TenantRecord,
  ): boolean {
    if (this.#items.has(place.pk)) return false;
    this.#items.set(place.pk, { place, item: structuredClone(record) });
    return true;
  }

  #list<T>(
    collection: string,
    parse: (pk: string, item: unknown) => T,
    query?: PageQuery,
    order: 'by position' | 'newest first' = 'by position',
  ): Page<T> {
    const limit = pageLimit(query);
    const after =
      query?.cursor === undefined ? undefined : decodeCursor(query.cursor, collection).position;
    const follows = (a: string, b: string) => (order === 'by position' ? a > b : a < b);
    const rest = [...this.#items.values()]
      .filter(({ place }) => place.collection === collection)
      .filter(({ place }) => after === undefined || follows(place.position, after))
      .sort((a, b) => (follows(a.place.position, b.place.position) ? 1 : -1));
    const page = rest.slice(0, limit);
    const items = page.map(({ place, item }) => parse(place.pk, item));
    const last = page.at(-1);
    return last === undefined || rest.length <= limit
      ? { items }
      : { items, cursor: encodeCursor(last.place) };
  }
}

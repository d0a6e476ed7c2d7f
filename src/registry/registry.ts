import type { KeyRecord, PrincipalRecord, TenantRecord } from './records.ts';

/** What the authorizer may do: read one key. */
export interface KeyReader {
  /** @throws Error when the store cannot be reached or answers what is not a key record: never "no such key". */
  getKey(keyId: string): Promise<KeyRecord | undefined>;
}

/** What a function that serves IAM callers may do: read one principal and its tenant. */
export interface PrincipalReader {
  /** @throws Error when the store cannot be reached or answers what is no such record: never "no such principal". */
  getPrincipal(arn: string): Promise<PrincipalRecord | undefined>;
  getTenant(tenant: string): Promise<TenantRecord | undefined>;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; absent on the last page. */
  readonly cursor?: string;
}

export interface PageQuery {
  /** 1 to 100; 50 when not given. */
  readonly limit?: number;
  /** From the page before; any other is refused with an `InvalidCursorError`. */
  readonly cursor?: string;
}

/** What may change in a key; a field that is undefined stays as it is. */
export type KeyChanges = Partial<
  Pick<KeyRecord, 'status' | 'revokedAt' | 'expiresAt' | 'replacedBy' | 'name'>
>;

/** Everything that operators do with tenants, keys and principals. Writes are single conditional items. */
export interface Registry extends KeyReader, PrincipalReader {
  listTenants(query?: PageQuery): Promise<Page<TenantRecord>>;
  /** False when the tenant exists already; the stored one is left as it was. */
  createTenant(record: TenantRecord): Promise<boolean>;
  /** Takes back a tenant whose creation could not be completed. */
  deleteTenant(tenant: string): Promise<void>;
  listKeys(tenant: string, query?: PageQuery): Promise<Page<KeyRecord>>;
  /** False when a key with this id exists already. */
  createKey(record: KeyRecord): Promise<boolean>;
  /**
   * Sets the fields given. False when nothing was changed: there is no such key, or it is revoked already (a revoked
   * key is final, its `revokedAt` included), or `replacedBy` is given and the key has been replaced already.
   */
  updateKey(keyId: string, changes: KeyChanges): Promise<boolean>;
  /** By ARN. */
  listPrincipals(tenant: string, query?: PageQuery): Promise<Page<PrincipalRecord>>;
  /** False when the ARN is recorded already, for whichever tenant; the stored one is left as it was. */
  createPrincipal(record: PrincipalRecord): Promise<boolean>;
  /** False when there was none. */
  deletePrincipal(arn: string): Promise<boolean>;
}

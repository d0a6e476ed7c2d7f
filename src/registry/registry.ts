import type { KeyRecord, PolicyRecord, PrincipalRecord, TenantRecord } from './records.ts';

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

type Changes<T> = { readonly [Field in keyof T]?: T[Field] | undefined };

/** What may change in a key: undefined leaves a field as it is, null takes it away. */
export type KeyChanges = Changes<
  Pick<KeyRecord, 'status' | 'revokedAt' | 'replacedBy' | 'name' | 'plan' | 'usageKey'>
> & {
  readonly expiresAt?: number | null | undefined;
  readonly suspended?: true | null | undefined;
  readonly policyVersion?: number | null | undefined;
};

/** What a key must be for a change to be made: null means that it has no such field. */
export interface ExpectedKey {
  readonly expiresAt?: number | null | undefined;
  readonly replacedBy?: string | null | undefined;
}

/** What may change in a tenant; a field that is undefined stays as it is. */
export type TenantChanges = Changes<
  Pick<TenantRecord, 'name' | 'plan' | 'status' | 'policyVersion' | 'apiGatewayKeyId'>
>;

/** Everything that operators do with tenants, keys, principals and policies. Writes are single conditional items. */
export interface Registry extends KeyReader, PrincipalReader {
  listTenants(query?: PageQuery): Promise<Page<TenantRecord>>;
  /** False when the tenant exists already; the stored one is left as it was. */
  createTenant(record: TenantRecord): Promise<boolean>;
  /**
   * Sets the fields given, and `revision` to one more than `expectedRevision`. False when nothing was changed: there is
   * no such tenant, or its revision is another. A record without a revision has 1.
   */
  updateTenant(tenant: string, changes: TenantChanges, expectedRevision: number): Promise<boolean>;
  /** Takes back a tenant whose creation could not be completed. */
  deleteTenant(tenant: string): Promise<void>;
  listKeys(tenant: string, query?: PageQuery): Promise<Page<KeyRecord>>;
  /** False when a key with this id exists already. */
  createKey(record: KeyRecord): Promise<boolean>;
  /**
   * Changes the fields given. False when nothing was changed: there is no such key, or it is revoked already (a revoked
   * key is final, its `revokedAt` included), or `replacedBy` is given and the key has been replaced already, or it is
   * not as `expected`.
   */
  updateKey(keyId: string, changes: KeyChanges, expected?: ExpectedKey): Promise<boolean>;
  /** By ARN. */
  listPrincipals(tenant: string, query?: PageQuery): Promise<Page<PrincipalRecord>>;
  /** Of all tenants, and of those that are not there. Reads the whole table: for the doctor only. */
  scanPrincipals(): Promise<readonly PrincipalRecord[]>;
  /** False when the ARN is recorded already, for whichever tenant; the stored one is left as it was. */
  createPrincipal(record: PrincipalRecord): Promise<boolean>;
  /** Gives `expected`, the record as it was read, another role. False when it is not so any more. */
  updatePrincipal(
    expected: PrincipalRecord,
    changes: Pick<PrincipalRecord, 'role'>,
  ): Promise<boolean>;
  /** False when there was none. */
  deletePrincipal(arn: string): Promise<boolean>;
  getPolicy(tenant: string, version: number): Promise<PolicyRecord | undefined>;
  /** Newest first. */
  listPolicies(tenant: string, query?: PageQuery): Promise<Page<PolicyRecord>>;
  /** False when the tenant has this version already; the stored one is left as it was. */
  createPolicy(record: PolicyRecord): Promise<boolean>;
}

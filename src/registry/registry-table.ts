/** Key schema of the `Registry` table (docs/storage-schema.md): all attributes named here are strings. */
export const registryTable = {
  partitionKey: 'pk',
  /** Projects every attribute; holds only items that are listed somewhere. */
  index: { name: 'byCollection', partitionKey: 'collection', sortKey: 'position' },
} as const;

/** Where an item stands: its primary key, and its place in the collection that lists it. */
export interface ItemPlace {
  readonly pk: string;
  readonly collection: string;
  readonly position: string;
}

export const keyPk = (keyId: string): string => `KEY#${keyId}`;
export const tenantPk = (tenant: string): string => `TENANT#${tenant}`;
export const policyPk = (tenant: string, version: number): string => `POLICY#${tenant}#${version}`;
export const principalPk = (arn: string): string => `PRINCIPAL#${arn}`;

export const tenantsCollection = 'TENANTS';
export const keysCollection = (tenant: string): string => `TENANT#${tenant}#KEYS`;
export const principalsCollection = (tenant: string): string => `TENANT#${tenant}#PRINCIPALS`;

export const policiesCollection = (tenant: string): string => `TENANT#${tenant}#POLICIES`;

export const tenantPlace = (record: { readonly tenant: string }): ItemPlace => ({
  pk: tenantPk(record.tenant),
  collection: tenantsCollection,
  position: record.tenant,
});

/** Keys are listed oldest first. */
export const keyPlace = (record: {
  readonly keyId: string;
  readonly tenant: string;
  readonly createdAt: string;
}): ItemPlace => ({
  pk: keyPk(record.keyId),
  collection: keysCollection(record.tenant),
  position: `${record.createdAt}#${record.keyId}`,
});

/** Principals are listed by ARN. */
export const principalPlace = (record: {
  readonly arn: string;
  readonly tenant: string;
}): ItemPlace => ({
  pk: principalPk(record.arn),
  collection: principalsCollection(record.tenant),
  position: record.arn,
});

/** Versions of policies are listed by number: ten digits hold the largest that there will be. */
export const policyPlace = (record: {
  readonly tenant: string;
  readonly version: number;
}): ItemPlace => ({
  pk: policyPk(record.tenant, record.version),
  collection: policiesCollection(record.tenant),
  position: String(record.version).padStart(10, '0'),
});

export const upstreamPk = (scope: string, name: string): string => `UPSTREAM#${scope}#${name}`;
export const pinPk = (scope: string, server: string): string => `PIN#${scope}#${server}`;
/** In no collection: only whoever compares definitions reads it. */
export const definitionsPk = (scope: string, server: string): string =>
  `DEFINITIONS#${scope}#${server}`;

export const upstreamsCollection = 'UPSTREAMS';
export const pinsCollection = 'PINS';

export const upstreamPlace = (record: {
  readonly scope: string;
  readonly name: string;
}): ItemPlace => ({
  pk: upstreamPk(record.scope, record.name),
  collection: upstreamsCollection,
  position: `${record.scope}#${record.name}`,
});

export const pinPlace = (record: {
  readonly scope: string;
  readonly server: string;
}): ItemPlace => ({
  pk: pinPk(record.scope, record.server),
  collection: pinsCollection,
  position: `${record.scope}#${record.server}`,
});

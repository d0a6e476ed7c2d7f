import type { IssuedKey } from '../src/admin/issue-key.ts';
import { keyState } from '../src/admin/key-state.ts';
import type { TenantChange } from '../src/admin/tenant-status.ts';
import type { TenantSummary } from '../src/admin/tenants.ts';
import type { KeyRecord, PrincipalRecord, TenantRecord } from '../src/registry/records.ts';

/** What `--json` prints of a tenant. */
export const tenantView = ({
  tenant,
  name,
  plan,
  status,
  apiGatewayKeyId,
  createdAt,
  policyVersion,
}: TenantRecord) => ({
  tenant,
  name,
  plan,
  status,
  apiGatewayKeyId,
  createdAt,
  ...(policyVersion === undefined ? {} : { policyVersion }),
});
export type TenantView = ReturnType<typeof tenantView>;

/** A tenant after a change; `changed` is false when it was so before. */
export const tenantChangeView = ({ record, changed, rewrittenKeys }: TenantChange) => ({
  ...tenantView(record),
  changed,
  rewrittenKeys,
});
export type TenantChangeView = ReturnType<typeof tenantChangeView>;

export const tenantSummaryView = ({ tenant, keyCount, activeKeyCount }: TenantSummary) => ({
  ...tenantView(tenant),
  keyCount,
  activeKeyCount,
});
export type TenantSummaryView = ReturnType<typeof tenantSummaryView>;

/** The times of a view are ISO 8601, UTC. */
interface KeyFields {
  readonly keyId: string;
  readonly tenant: string;
  readonly name: string;
  readonly role: string;
  readonly plan: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly cidrs?: readonly string[];
}

const keyFields = (record: KeyRecord): KeyFields => ({
  keyId: record.keyId,
  tenant: record.tenant,
  name: record.name,
  role: record.role,
  plan: record.plan,
  createdAt: record.createdAt,
  ...(record.expiresAt === undefined
    ? {}
    : { expiresAt: new Date(record.expiresAt * 1000).toISOString() }),
  ...(record.cidrs === undefined ? {} : { cidrs: record.cidrs }),
});

/** What `--json` prints of a key: never its hash. */
export interface KeyView extends KeyFields {
  readonly status: 'active' | 'expired' | 'revoked';
  /** Its tenant is suspended: it is refused, whatever its own status. */
  readonly suspended?: true;
  readonly revokedAt?: string;
  readonly replacedBy?: string;
}

export const keyView = (record: KeyRecord, now: number): KeyView => ({
  ...keyFields(record),
  status: keyState(record, now),
  ...(record.suspended === undefined ? {} : { suspended: record.suspended }),
  ...(record.revokedAt === undefined ? {} : { revokedAt: record.revokedAt }),
  ...(record.replacedBy === undefined ? {} : { replacedBy: record.replacedBy }),
});

/** The one place where a whole key is shown. */
export interface IssuedKeyView extends KeyFields {
  readonly key: string;
}

export const issuedKeyView = ({ key, record }: IssuedKey): IssuedKeyView => ({
  key,
  ...keyFields(record),
});

export interface RotationView extends IssuedKeyView {
  readonly replaces: KeyView;
}

export interface RevocationView extends KeyView {
  readonly alreadyRevoked: boolean;
}

/** What `--json` prints of a principal. */
export const principalView = ({ arn, tenant, role, createdAt }: PrincipalRecord) => ({
  arn,
  tenant,
  role,
  createdAt,
});
export type PrincipalView = ReturnType<typeof principalView>;

/** What `--json` prints of something that is safe to ask for again: `created` is false when there was one already. */
export type Ensured<T> = T & { readonly created: boolean };

import type { IssuedKey } from '../../src/admin/issue-key.ts';
import { keyState } from '../../src/admin/key-state.ts';
import type { KeyRecord, PrincipalRecord, TenantRecord } from '../../src/registry/records.ts';

const iso = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString();

/** A tenant as it is answered: without the value of its API Gateway key. */
export const tenantView = ({
  tenant,
  name,
  plan,
  status,
  apiGatewayKeyId,
  createdAt,
  revision,
  policyVersion,
}: TenantRecord) => ({
  tenant,
  name,
  plan,
  status,
  apiGatewayKeyId,
  createdAt,
  revision,
  ...(policyVersion === undefined ? {} : { policyVersion }),
});

/** A key as it is answered: never its hash. */
export const keyView = (record: KeyRecord, now: number) => ({
  keyId: record.keyId,
  tenant: record.tenant,
  name: record.name,
  role: record.role,
  plan: record.plan,
  status: keyState(record, now),
  createdAt: record.createdAt,
  ...(record.expiresAt === undefined ? {} : { expiresAt: iso(record.expiresAt) }),
  ...(record.cidrs === undefined ? {} : { cidrs: record.cidrs }),
  ...(record.suspended === undefined ? {} : { suspended: true }),
  ...(record.revokedAt === undefined ? {} : { revokedAt: record.revokedAt }),
  ...(record.replacedBy === undefined ? {} : { replacedBy: record.replacedBy }),
});

/** The one answer that has a whole key in it. */
export const issuedKeyView = ({ key, record }: IssuedKey, now: number) => ({
  key,
  ...keyView(record, now),
});

export const principalView = ({ arn, tenant, role, createdAt }: PrincipalRecord) => ({
  arn,
  tenant,
  role,
  createdAt,
});

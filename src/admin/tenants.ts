import type { Page, PageQuery } from '../registry/registry.ts';
import type { KeyRecord, TenantRecord } from '../registry/records.ts';
import { tenantId } from '../principals/principal.ts';
import { AdminError } from './admin-error.ts';
import { parseInput } from './input.ts';
import { keyState } from './key-state.ts';
import { tenantNotFound } from './operator.ts';
import type { AdminPorts } from './ports.ts';
import { reporting } from './upstream-failure.ts';

const pageSize = 100;

export const collectPages = async <T>(
  list: (query: PageQuery) => Promise<Page<T>>,
): Promise<readonly T[]> => {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return items;
};

/** @throws AdminError INVALID_INPUT or TENANT_NOT_FOUND. */
export const requireTenant = async (
  { registry }: Pick<AdminPorts, 'registry'>,
  tenant: string,
): Promise<TenantRecord> => {
  const id = parseInput(tenantId, tenant);
  const record = await reporting(`read tenant "${id}"`, () => registry.getTenant(id));
  if (record !== undefined) return record;
  throw tenantNotFound(id);
};

/** A tenant that may be given keys. @throws AdminError also TENANT_SUSPENDED. */
export const requireActiveTenant = async (
  ports: Pick<AdminPorts, 'registry'>,
  tenant: string,
): Promise<TenantRecord> => {
  const record = await requireTenant(ports, tenant);
  if (record.status === 'active') return record;
  throw new AdminError(
    'TENANT_SUSPENDED',
    `tenant "${record.tenant}" is suspended: it cannot be given keys until \`tenants resume ${record.tenant}\``,
  );
};

/** All tenants, by id. */
export const listTenants = ({
  registry,
}: Pick<AdminPorts, 'registry'>): Promise<readonly TenantRecord[]> =>
  reporting('list the tenants', () => collectPages((query) => registry.listTenants(query)));

export const keysOf = (
  { registry }: Pick<AdminPorts, 'registry'>,
  tenant: string,
): Promise<readonly KeyRecord[]> =>
  reporting(`list the keys of tenant "${tenant}"`, () =>
    collectPages((query) => registry.listKeys(tenant, query)),
  );

export interface TenantSummary {
  readonly tenant: TenantRecord;
  readonly keyCount: number;
  /** Of those, the keys that are neither revoked nor expired. */
  readonly activeKeyCount: number;
}

export const showTenant = async (
  ports: Pick<AdminPorts, 'registry' | 'clock'>,
  tenant: string,
): Promise<TenantSummary> => {
  const record = await requireTenant(ports, tenant);
  const keys = await keysOf(ports, record.tenant);
  const now = ports.clock();
  return {
    tenant: record,
    keyCount: keys.length,
    activeKeyCount: keys.filter((key) => keyState(key, now) === 'active').length,
  };
};

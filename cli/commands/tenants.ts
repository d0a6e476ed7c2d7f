import { createTenant, ensureTenant } from '../../src/admin/create-tenant.ts';
import { moveTenant } from '../../src/admin/move-tenant.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { renameTenant } from '../../src/admin/rename-tenant.ts';
import { resumeTenant, suspendTenant } from '../../src/admin/tenant-status.ts';
import { listTenants, requireTenant, showTenant } from '../../src/admin/tenants.ts';
import { CliError } from '../errors.ts';
import type { Terminal } from '../io.ts';
import {
  tenantChangeView,
  tenantSummaryView,
  tenantView,
  type Ensured,
  type TenantChangeView,
  type TenantSummaryView,
  type TenantView,
} from '../views.ts';

export interface TenantsCreateOptions {
  readonly plan: string;
  readonly name?: string;
  /** Given: a tenant that is as asked for is found, and not an error. */
  readonly idempotencyKey?: string;
}

export const tenantsCreate = async (
  ports: AdminPorts,
  tenant: string,
  { idempotencyKey, ...options }: TenantsCreateOptions,
): Promise<TenantView | Ensured<TenantView>> => {
  if (idempotencyKey === undefined) {
    return tenantView(await createTenant(ports, { tenant, ...options }));
  }
  const { record, created } = await ensureTenant(ports, { tenant, ...options });
  return { ...tenantView(record), created };
};

export const tenantsList = async (ports: AdminPorts): Promise<readonly TenantView[]> =>
  (await listTenants(ports)).map(tenantView);

export const tenantsShow = async (ports: AdminPorts, tenant: string): Promise<TenantSummaryView> =>
  tenantSummaryView(await showTenant(ports, tenant));

/** @throws CliError DECLINED when the operator is asked and does not say yes: nothing changed. */
export const tenantsSuspend = async (
  ports: AdminPorts,
  tenant: string,
  confirm: Terminal['confirm'],
): Promise<TenantChangeView> => {
  if (confirm !== undefined) {
    const before = await requireTenant(ports, tenant);
    const question = `Suspend tenant ${before.tenant} ("${before.name}")? Its calls are refused at once.`;
    if (before.status === 'active' && !(await confirm(question))) {
      throw new CliError('DECLINED', `tenant ${before.tenant} was not suspended`);
    }
  }
  return tenantChangeView(await suspendTenant(ports, tenant));
};

export const tenantsResume = async (ports: AdminPorts, tenant: string): Promise<TenantChangeView> =>
  tenantChangeView(await resumeTenant(ports, tenant));

export const tenantsMove = async (
  ports: AdminPorts,
  tenant: string,
  plan: string,
): Promise<TenantChangeView> => tenantChangeView(await moveTenant(ports, tenant, plan));

export const tenantsRename = async (
  ports: AdminPorts,
  tenant: string,
  name: string,
): Promise<TenantChangeView> => tenantChangeView(await renameTenant(ports, tenant, name));

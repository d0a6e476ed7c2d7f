import { createTenant } from '../../src/admin/create-tenant.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { listTenants, showTenant } from '../../src/admin/tenants.ts';
import {
  tenantSummaryView,
  tenantView,
  type TenantSummaryView,
  type TenantView,
} from '../views.ts';

export const tenantsCreate = async (
  ports: AdminPorts,
  tenant: string,
  options: { readonly plan: string; readonly name?: string },
): Promise<TenantView> => tenantView(await createTenant(ports, { tenant, ...options }));

export const tenantsList = async (ports: AdminPorts): Promise<readonly TenantView[]> =>
  (await listTenants(ports)).map(tenantView);

export const tenantsShow = async (ports: AdminPorts, tenant: string): Promise<TenantSummaryView> =>
  tenantSummaryView(await showTenant(ports, tenant));

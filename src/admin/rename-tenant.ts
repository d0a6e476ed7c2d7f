import { changeTenant } from './change-tenant.ts';
import { displayName, parseInput } from './input.ts';
import type { AdminPorts } from './ports.ts';
import type { TenantChange } from './tenant-status.ts';
import { requireTenant } from './tenants.ts';

/** Gives a tenant another name for people. @throws AdminError INVALID_INPUT, TENANT_NOT_FOUND, CONFLICT or UPSTREAM_*. */
export const renameTenant = async (
  ports: Pick<AdminPorts, 'registry'>,
  tenant: string,
  newName: string,
): Promise<TenantChange> => {
  const name = parseInput(displayName, newName);
  const before = await requireTenant(ports, tenant);
  if (before.name === name) return { record: before, changed: false, rewrittenKeys: 0 };
  const record = await changeTenant(ports, before, { name });
  return { record, changed: true, rewrittenKeys: 0 };
};

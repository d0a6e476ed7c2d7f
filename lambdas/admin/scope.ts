import { AdminError } from '../../src/admin/admin-error.ts';
import { requireTenantAccess, type Actor } from '../../src/admin/operator.ts';

/**
 * The tenant that `?tenant=` means: a tenant's admin need not say its own.
 * @throws AdminError INVALID_INPUT or TENANT_NOT_FOUND.
 */
export const tenantOf = (actor: Actor, given: string | undefined): string => {
  if (given !== undefined) {
    requireTenantAccess(actor, given);
    return given;
  }
  if (actor.kind === 'tenant-admin') return actor.tenant;
  throw new AdminError('INVALID_INPUT', 'tenant: give a tenant, as in ?tenant=acme');
};

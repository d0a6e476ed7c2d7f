import { AdminError } from './admin-error.ts';

/** Who operates: the deployment's operators all of it, a tenant's admins their tenant. `subject` is for the audit. */
export type Actor =
  | { readonly kind: 'operator'; readonly subject: string }
  | { readonly kind: 'tenant-admin'; readonly tenant: string; readonly subject: string };

export const operatorOnly = (what: string): AdminError =>
  new AdminError('FORBIDDEN', `only an operator of the deployment may ${what}`);

/** @param what - what is to be done, as in "suspend a tenant". @throws AdminError FORBIDDEN. */
export const requireOperator = (actor: Actor, what: string): void => {
  if (actor.kind !== 'operator') throw operatorOnly(what);
};

/**
 * Passes when the actor operates this tenant. To the admin of another one it looks like a tenant that is not there.
 * @throws AdminError TENANT_NOT_FOUND.
 */
export const requireTenantAccess = (actor: Actor, tenant: string): void => {
  if (actor.kind === 'operator' || actor.tenant === tenant) return;
  throw tenantNotFound(tenant);
};

export const tenantNotFound = (tenant: string): AdminError =>
  new AdminError(
    'TENANT_NOT_FOUND',
    `there is no tenant "${tenant}": \`tenants list\` shows those there are, \`tenants create\` adds one`,
  );

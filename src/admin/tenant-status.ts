import type { TenantRecord } from '../registry/records.ts';
import { applyStanding } from './apply-standing.ts';
import { changeTenant } from './change-tenant.ts';
import { afterOthers } from './incomplete.ts';
import type { AdminPorts } from './ports.ts';
import { spreadTenant } from './spread-tenant.ts';
import { requireTenant } from './tenants.ts';
import { reporting } from './upstream-failure.ts';

type Ports = Pick<AdminPorts, 'registry' | 'standing'>;

export interface TenantChange {
  readonly record: TenantRecord;
  /** False when the tenant was so before; what still differed from it was mended all the same. */
  readonly changed: boolean;
  /** How many records of keys were rewritten. */
  readonly rewrittenKeys: number;
}

/**
 * Suspends a tenant: from the first step on none of its calls is charged, so none runs; then the record and those of
 * its keys follow. Whatever step fails, its calls are refused.
 *
 * @throws AdminError TENANT_NOT_FOUND, UPSTREAM_* (nothing changed) or INCOMPLETE (run it again).
 */
export const suspendTenant = async (ports: Ports, tenant: string): Promise<TenantChange> => {
  const before = await requireTenant(ports, tenant);
  const { tenant: id, status } = before;
  await reporting(`refuse the calls of tenant "${id}"`, () => ports.standing.suspend(id));
  if (status !== 'suspended') {
    await afterOthers(
      `suspend tenant "${id}"`,
      'Its calls are refused already, but its record does not say so: run `tenants suspend ' +
        `${id}\` again, or \`tenants resume ${id}\` to let them through.`,
      () => changeTenant(ports, before, { status: 'suspended' }),
    );
  }
  const spread = await spreadTenant(ports, id);
  await settle(ports, id, 'status');
  return {
    record: spread.tenant,
    changed: status !== 'suspended',
    rewrittenKeys: spread.rewritten,
  };
};

/**
 * Lets a suspended tenant call again: its record and those of its keys, and last what refuses its calls. Whatever step
 * fails, its calls are still refused.
 *
 * @throws AdminError TENANT_NOT_FOUND, CONFLICT, UPSTREAM_* (nothing changed) or INCOMPLETE (run it again).
 */
export const resumeTenant = async (ports: Ports, tenant: string): Promise<TenantChange> => {
  const before = await requireTenant(ports, tenant);
  const { tenant: id, status } = before;
  if (status !== 'active') await changeTenant(ports, before, { status: 'active' });
  const spread = await spreadTenant(ports, id);
  await settle(ports, id, 'status');
  return { record: spread.tenant, changed: status !== 'active', rewrittenKeys: spread.rewritten };
};

/** `applyStanding` as the last step of several. @throws AdminError INCOMPLETE. */
export const settle = (
  ports: Ports,
  tenant: string,
  facts: Parameters<typeof applyStanding>[2],
): Promise<void> =>
  afterOthers(
    `tell the counters of tenant "${tenant}"`,
    'The records are changed, but calls may still be decided as before: run the command again, or `doctor --repair`.',
    () => applyStanding(ports, tenant, facts),
  );

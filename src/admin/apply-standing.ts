import { AdminError } from './admin-error.ts';
import type { AdminPorts } from './ports.ts';
import { requireTenant } from './tenants.ts';

type Ports = Pick<AdminPorts, 'registry' | 'standing'>;

/** How often somebody else may change the tenant meanwhile. */
const maxRounds = 5;

/**
 * Makes the next charge know what the tenant's record says: whether it is suspended, the version of its policies, or
 * both. When the record changes meanwhile, it starts over: of two at once, the one that ends last has written what holds.
 *
 * @throws AdminError TENANT_NOT_FOUND, INCOMPLETE; whatever the counter's store throws.
 */
export const applyStanding = async (
  { registry, standing }: Ports,
  tenant: string,
  facts: 'status' | 'policies' | 'all',
): Promise<void> => {
  for (let round = 0; round < maxRounds; round += 1) {
    const { status, policyVersion, revision } = await requireTenant({ registry }, tenant);
    if (facts !== 'policies') {
      await (status === 'suspended' ? standing.suspend(tenant) : standing.resume(tenant));
    }
    if (facts !== 'status' && policyVersion !== undefined) {
      await standing.setPolicyVersion(tenant, policyVersion);
    }
    if ((await requireTenant({ registry }, tenant)).revision === revision) return;
  }
  throw new AdminError(
    'INCOMPLETE',
    `tenant "${tenant}" is being changed by others again and again: when that has stopped, run \`doctor --repair\``,
  );
};

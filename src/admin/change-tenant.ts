import type { TenantRecord } from '../registry/records.ts';
import type { TenantChanges } from '../registry/registry.ts';
import { AdminError } from './admin-error.ts';
import type { AdminPorts } from './ports.ts';
import { reporting } from './upstream-failure.ts';

const changed = (record: TenantRecord, changes: TenantChanges): TenantRecord => ({
  ...record,
  ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
  revision: record.revision + 1,
});

const same = (a: TenantRecord, b: TenantRecord): boolean =>
  a.revision === b.revision &&
  a.name === b.name &&
  a.plan === b.plan &&
  a.status === b.status &&
  a.policyVersion === b.policyVersion &&
  a.apiGatewayKeyId === b.apiGatewayKeyId;

/**
 * Changes a tenant's record, unless somebody else has since it was read. A write may land and still be reported as
 * refused (a retry that meets its own first attempt): what is stored decides.
 *
 * @throws AdminError CONFLICT (nothing changed) or UPSTREAM_*.
 */
export const changeTenant = async (
  { registry }: Pick<AdminPorts, 'registry'>,
  before: TenantRecord,
  changes: TenantChanges,
): Promise<TenantRecord> => {
  const { tenant, revision } = before;
  const wanted = changed(before, changes);
  return reporting(`write tenant "${tenant}"`, async () => {
    if (await registry.updateTenant(tenant, changes, revision)) return wanted;
    const stored = await registry.getTenant(tenant);
    if (stored !== undefined && same(stored, wanted)) return stored;
    throw new AdminError(
      'CONFLICT',
      `tenant "${tenant}" was changed by somebody else at the same time, and not by this command: look at it with ` +
        `\`tenants show ${tenant}\`, then try again`,
    );
  });
};

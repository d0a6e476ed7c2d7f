import type { KeyRecord, TenantRecord } from '../registry/records.ts';
import type { KeyChanges } from '../registry/registry.ts';
import { AdminError } from './admin-error.ts';
import { afterOthers, incomplete } from './incomplete.ts';
import type { AdminPorts } from './ports.ts';
import { keysOf, requireTenant } from './tenants.ts';

type Registry = Pick<AdminPorts, 'registry'>;

/** What a key's record repeats of its tenant (docs/adr/0007). */
const repeated = ({ plan, usageKey, status, policyVersion }: TenantRecord) => ({
  plan,
  usageKey,
  suspended: status === 'suspended' ? (true as const) : undefined,
  policyVersion,
});

/** What must change in a key's record for it to repeat its tenant; undefined when it does. A revoked key is final. */
export const driftOf = (key: KeyRecord, tenant: TenantRecord): KeyChanges | undefined => {
  if (key.status === 'revoked') return undefined;
  const wanted = repeated(tenant);
  const changes: KeyChanges = {
    ...(key.plan === wanted.plan ? {} : { plan: wanted.plan }),
    ...(key.usageKey === wanted.usageKey ? {} : { usageKey: wanted.usageKey }),
    ...(key.suspended === wanted.suspended ? {} : { suspended: wanted.suspended ?? null }),
    ...(key.policyVersion === wanted.policyVersion
      ? {}
      : { policyVersion: wanted.policyVersion ?? null }),
  };
  return Object.keys(changes).length === 0 ? undefined : changes;
};

/** How often somebody else may change the tenant meanwhile. */
const maxRounds = 5;
const maxNamed = 5;

const named = (keys: readonly KeyRecord[]): string => {
  const ids = keys.slice(0, maxNamed).map(({ keyId }) => keyId);
  const more = keys.length - ids.length;
  return more === 0 ? ids.join(', ') : `${ids.join(', ')} and ${more} more`;
};

const again = 'Run the command again, or `doctor --repair`.';

export interface Spread {
  /** The tenant that the keys now repeat. */
  readonly tenant: TenantRecord;
  /** How many records were rewritten. */
  readonly rewritten: number;
}

/**
 * Rewrites the records of a tenant's keys that do not repeat it. Running it again goes on where it stopped. When the
 * tenant changes meanwhile, it starts over: of two at once, the one that ends last has written what holds.
 *
 * @throws AdminError INCOMPLETE that names the keys that are left.
 */
export const spreadTenant = async (ports: Registry, tenant: string): Promise<Spread> => {
  let rewritten = 0;
  const read = () =>
    afterOthers(
      `read tenant "${tenant}"`,
      `Whether the records of its keys repeat it is not known. ${again}`,
      () => requireTenant(ports, tenant),
    );
  for (let round = 0; round < maxRounds; round += 1) {
    const record = await read();
    const keys = await afterOthers(
      `list the keys of tenant "${tenant}"`,
      `The tenant is changed; the records of its keys are not. ${again}`,
      () => keysOf(ports, tenant),
    );
    const differing = keys.filter((key) => driftOf(key, record) !== undefined);
    for (const [index, key] of differing.entries()) {
      try {
        // False: revoked meanwhile, which is final.
        if (await ports.registry.updateKey(key.keyId, driftOf(key, record) ?? {})) rewritten += 1;
      } catch (error) {
        const left = differing.slice(index);
        throw incomplete(
          `rewrite key ${key.keyId}`,
          error,
          `Tenant "${tenant}" is changed, but ${left.length} of its keys are not: ${named(left)}. ${again}`,
        );
      }
    }
    const after = await read();
    if (after.revision === record.revision) return { tenant: after, rewritten };
  }
  throw new AdminError(
    'INCOMPLETE',
    `tenant "${tenant}" is being changed by others again and again: when that has stopped, run \`doctor --repair\``,
  );
};

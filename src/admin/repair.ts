import type { TenantRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import { applyStanding } from './apply-standing.ts';
import { changeTenant } from './change-tenant.ts';
import type { Drift, DriftKind, DriftOf } from './drift.ts';
import type { AdminPorts } from './ports.ts';
import { spreadTenant } from './spread-tenant.ts';
import { requireTenant } from './tenants.ts';
import { upstreamFailure } from './upstream-failure.ts';

type Ports = Pick<AdminPorts, 'registry' | 'usagePlans' | 'standing' | 'clock'>;

export interface Treatment {
  readonly drift: Drift;
  readonly mended: boolean;
  /** What was done, or why nothing was and what to do. */
  readonly note: string;
}

/** A step that must not be taken without a person. */
class NotSafe extends Error {}

/** A tenant is created in seconds: what is younger may still get its record. */
const minOrphanAgeMs = 3_600_000;

const createGatewayKey = async (ports: Ports, record: TenantRecord): Promise<string> => {
  const { usagePlans } = ports;
  const { tenant, usageKey, plan } = record;
  const { apiGatewayKeyId } = await usagePlans.createTenantKey({ tenant, value: usageKey });
  try {
    await usagePlans.attach({ apiGatewayKeyId, plan });
    await changeTenant(ports, record, { apiGatewayKeyId });
  } catch (error) {
    await usagePlans.remove({ apiGatewayKeyId });
    throw error;
  }
  return `created API Gateway key ${apiGatewayKeyId} with the same value, in plan ${plan}`;
};

const changePlan = async (
  { usagePlans, registry }: Ports,
  { tenant, apiGatewayKeyId, plans }: DriftOf<'gateway-key-plan'>,
): Promise<string> => {
  const { plan } = await requireTenant({ registry }, tenant);
  for (const wrong of plans.filter((each) => each !== plan)) {
    await usagePlans.detach({ apiGatewayKeyId, plan: wrong });
  }
  if (!plans.includes(plan)) await usagePlans.attach({ apiGatewayKeyId, plan });
  return `put API Gateway key ${apiGatewayKeyId} into plan ${plan}`;
};

const removeOrphan = async (
  { registry, usagePlans, clock }: Ports,
  { tenant, apiGatewayKeyId, createdAt }: DriftOf<'gateway-key-orphan'>,
): Promise<string> => {
  const record = await registry.getTenant(tenant);
  if (record?.apiGatewayKeyId === apiGatewayKeyId) return 'a record names it now';
  if (clock() - createdAt < minOrphanAgeMs) {
    throw new NotSafe(
      'it is younger than an hour, and its tenant may be about to be written: look again later',
    );
  }
  await usagePlans.remove({ apiGatewayKeyId });
  return `removed API Gateway key ${apiGatewayKeyId}`;
};

const removePrincipal = async (
  { registry }: Ports,
  { tenant, arn }: DriftOf<'principal-orphan'>,
): Promise<string> => {
  if ((await registry.getTenant(tenant)) !== undefined) return 'its tenant is there now';
  await registry.deletePrincipal(arn);
  return `removed principal ${arn}`;
};

const spread = async (ports: Ports, { tenant }: Drift): Promise<string> => {
  const { rewritten } = await spreadTenant(ports, tenant);
  return rewritten === 0 ? 'it repeats it now' : `rewrote ${rewritten} keys of the tenant`;
};

const mendStanding = async (ports: Ports, { tenant }: Drift): Promise<string> => {
  await applyStanding(ports, tenant, 'all');
  return 'told the counters what the record says';
};

const treatments: {
  readonly [K in DriftKind]: (ports: Ports, drift: DriftOf<K>) => Promise<string>;
} = {
  'gateway-key-missing': async (ports, { tenant }) =>
    createGatewayKey(ports, await requireTenant(ports, tenant)),
  'gateway-key-off': async ({ usagePlans }, { apiGatewayKeyId }) => {
    await usagePlans.enable({ apiGatewayKeyId });
    return `switched API Gateway key ${apiGatewayKeyId} on`;
  },
  'gateway-key-value': async (_ports, { apiGatewayKeyId }) => {
    throw new NotSafe(
      `its calls are refused or counted for another: delete it with \`aws apigateway delete-api-key --api-key ${apiGatewayKeyId}\`, ` +
        'then run `doctor --repair`, which makes it anew',
    );
  },
  'gateway-key-plan': changePlan,
  'plan-unknown': async (_ports, { tenant }) => {
    throw new NotSafe(`choose a plan for it: \`tenants move ${tenant} --plan <plan>\``);
  },
  'gateway-key-orphan': removeOrphan,
  'key-differs': spread,
  'policy-missing': async (_ports, { tenant }) => {
    throw new NotSafe(
      `what it said is not known here: put policies in force with \`policies set ${tenant} <file>\`, or \`policies remove ${tenant}\``,
    );
  },
  'standing-status': mendStanding,
  'standing-policies': async (ports, drift) => {
    if (drift.found !== null && drift.found > drift.wanted) {
      throw new NotSafe(
        `a version is never taken back: set the policies again, with \`policies set ${drift.tenant} <file>\`, for a newer one`,
      );
    }
    return mendStanding(ports, drift);
  },
  'principal-orphan': removePrincipal,
};

const treat = async <K extends DriftKind>(ports: Ports, drift: DriftOf<K>): Promise<Treatment> => {
  try {
    return { drift, mended: true, note: await treatments[drift.kind](ports, drift) };
  } catch (error) {
    const note =
      error instanceof NotSafe || error instanceof AdminError
        ? error.message
        : upstreamFailure('mend it', error).message;
    return { drift, mended: false, note };
  }
};

/**
 * Mends what can be mended without a person's judgement, one after the other; what fails does not stop the rest. Each is
 * looked at again before it is changed.
 */
export const repair = async (
  ports: Ports,
  drifts: readonly Drift[],
): Promise<readonly Treatment[]> => {
  const treated: Treatment[] = [];
  for (const drift of drifts) treated.push(await treat(ports, drift));
  return treated;
};

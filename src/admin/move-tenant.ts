import type { TenantRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import { changeTenant } from './change-tenant.ts';
import { requirePlan } from './plans.ts';
import type { AdminPorts } from './ports.ts';
import { spreadTenant } from './spread-tenant.ts';
import { settle, type TenantChange } from './tenant-status.ts';
import { requireTenant } from './tenants.ts';
import { reporting, upstreamFailure } from './upstream-failure.ts';

type Ports = Pick<AdminPorts, 'registry' | 'usagePlans' | 'standing'>;

/** Of an API Gateway key: out of the plan that it is in, into another. Undefined stands for no plan. */
const changePlan = async (
  { usagePlans }: Ports,
  apiGatewayKeyId: string,
  from: string | undefined,
  to: string | undefined,
): Promise<void> => {
  if (from === to) return;
  // A key is in one plan of a stage only, so it leaves the one before it enters the other.
  if (from !== undefined) {
    await reporting(`take API Gateway key ${apiGatewayKeyId} out of plan "${from}"`, () =>
      usagePlans.detach({ apiGatewayKeyId, plan: from }),
    );
  }
  if (to !== undefined) {
    await reporting(`add API Gateway key ${apiGatewayKeyId} to plan "${to}"`, () =>
      usagePlans.attach({ apiGatewayKeyId, plan: to }),
    );
  }
};

const planOf = ({ usagePlans }: Ports, { apiGatewayKeyId }: TenantRecord) =>
  reporting(`read the plan of API Gateway key ${apiGatewayKeyId}`, () =>
    usagePlans.planOf(apiGatewayKeyId),
  );

/** Puts the key back into the plan that it was in. Where it is now is asked: a failed step may have been done. */
const undo = async (
  ports: Ports,
  record: TenantRecord,
  plan: string | undefined,
  failure: AdminError,
): Promise<void> => {
  try {
    await changePlan(ports, record.apiGatewayKeyId, await planOf(ports, record), plan);
  } catch (error) {
    const { tenant, apiGatewayKeyId } = record;
    throw new AdminError(
      'ROLLBACK_FAILED',
      `${failure.message} Undoing failed too: API Gateway key ${apiGatewayKeyId} of tenant "${tenant}" may be in another ` +
        `plan than "${record.plan}", or in none, and its calls refused. Run \`doctor --repair\`.`,
      { cause: new AggregateError([failure, error], 'the tenant was not moved') },
    );
  }
};

/**
 * Moves a tenant to another plan: its API Gateway key, then its record, then those of its keys. Between leaving the one
 * plan and entering the other, for a moment, its calls are refused.
 *
 * @throws AdminError TENANT_NOT_FOUND, PLAN_UNKNOWN, CONFLICT or UPSTREAM_* (nothing changed, or undone), INCOMPLETE
 * (run it again), or ROLLBACK_FAILED (the message names what is left).
 */
export const moveTenant = async (
  ports: Ports,
  tenant: string,
  plan: string,
): Promise<TenantChange> => {
  await requirePlan(ports, plan);
  const before = await requireTenant(ports, tenant);
  const from = await planOf(ports, before);
  const changed = before.plan !== plan;
  try {
    await changePlan(ports, before.apiGatewayKeyId, from, plan);
    if (changed) await changeTenant(ports, before, { plan });
  } catch (error) {
    const failure = upstreamFailure(`move tenant "${before.tenant}"`, error);
    await settleFailedMove(ports, before, plan, from, failure);
  }
  const spread = await spreadTenant(ports, before.tenant);
  // Another plan may spread the tenant's units over more counters, which know nothing yet.
  await settle(ports, before.tenant, 'all');
  return { record: spread.tenant, changed, rewrittenKeys: spread.rewritten };
};

/** Goes on when the record was written although the answer was lost; undoes the move and throws otherwise. */
const settleFailedMove = async (
  ports: Ports,
  before: TenantRecord,
  plan: string,
  from: string | undefined,
  failure: AdminError,
): Promise<void> => {
  const stored = await ports.registry.getTenant(before.tenant).catch((error: unknown) => {
    throw new AdminError(
      'ROLLBACK_FAILED',
      `${failure.message} Whether tenant "${before.tenant}" was moved is not known. Run \`tenants move ${before.tenant} ` +
        `--plan ${plan}\` again, or \`doctor --repair\`.`,
      { cause: error },
    );
  });
  if (stored?.plan === plan) {
    // Where that cannot be read now, undoing says so.
    const present = await planOf(ports, before).catch(() => undefined);
    if (present === plan) return;
  }
  // Somebody else may have moved it meanwhile: then their plan is the one to be in.
  const home = stored === undefined || stored.revision === before.revision ? from : stored.plan;
  await undo(ports, before, home, failure);
  throw failure;
};

import * as z from 'zod';
import { randomBase62 } from '../credentials/base62.ts';
import { handshakeTenant, tenantId } from '../principals/principal.ts';
import type { TenantRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import { displayName, parseInput } from './input.ts';
import { requirePlan } from './plans.ts';
import type { AdminPorts } from './ports.ts';
import { reporting, upstreamFailure } from './upstream-failure.ts';

const usageKeyLength = 40;

const createTenantInput = z.object({
  tenant: tenantId.refine((id) => id !== handshakeTenant, {
    error: 'is the tenant that deployments shake hands as: choose another id',
  }),
  name: displayName.optional(),
  plan: z.string().min(1),
});
export type CreateTenantInput = z.input<typeof createTenantInput>;

type Ports = Pick<AdminPorts, 'registry' | 'usagePlans' | 'clock'>;

const tenantExists = (tenant: string): AdminError =>
  new AdminError(
    'TENANT_EXISTS',
    `tenant "${tenant}" exists already and was not changed: \`tenants show ${tenant}\` shows it`,
  );

/** The outcome of a write that neither succeeded nor failed as far as we were told. */
class UnknownOutcome extends AdminError {}

/**
 * Writes the record. A write may land and still be reported as failed (a timeout, then a retry that meets its own
 * item), so what is stored decides.
 */
const writeRecord = async ({ registry }: Ports, record: TenantRecord): Promise<void> => {
  const what = `write tenant "${record.tenant}"`;
  let failure: AdminError;
  try {
    if (await registry.createTenant(record)) return;
    failure = tenantExists(record.tenant);
  } catch (error) {
    failure = upstreamFailure(what, error);
  }
  const stored = await registry.getTenant(record.tenant).catch((error: unknown) => {
    throw new UnknownOutcome(
      'ROLLBACK_FAILED',
      `${failure.message} Whether tenant "${record.tenant}" was written is not known. Run \`tenants show ` +
        `${record.tenant}\`: if it is not there, remove its API Gateway key with \`aws apigateway delete-api-key ` +
        `--api-key ${record.apiGatewayKeyId}\`.`,
      { cause: error },
    );
  });
  if (stored?.apiGatewayKeyId !== record.apiGatewayKeyId) throw failure;
};

const undo = async ({ usagePlans }: Ports, apiGatewayKeyId: string, failure: AdminError) => {
  try {
    await usagePlans.remove({ apiGatewayKeyId });
  } catch (error) {
    throw new AdminError(
      'ROLLBACK_FAILED',
      `${failure.message} Undoing failed too: API Gateway key ${apiGatewayKeyId} is left. Remove it with ` +
        `\`aws apigateway delete-api-key --api-key ${apiGatewayKeyId}\`.`,
      { cause: new AggregateError([failure, error], 'the tenant was not created') },
    );
  }
};

/**
 * Creates a tenant: its API Gateway key, the key's place in the plan, then the record. All or nothing.
 *
 * @throws AdminError INVALID_INPUT, PLAN_UNKNOWN, TENANT_EXISTS (nothing changed), UPSTREAM_* (undone), or
 * ROLLBACK_FAILED (the message names what is left).
 */
export const createTenant = async (
  ports: Ports,
  input: CreateTenantInput,
): Promise<TenantRecord> => {
  const { registry, usagePlans, clock } = ports;
  const { tenant, name = tenant, plan } = parseInput(createTenantInput, input);
  await requirePlan(ports, plan);
  const existing = await reporting(`read tenant "${tenant}"`, () => registry.getTenant(tenant));
  if (existing !== undefined) throw tenantExists(tenant);

  const usageKey = randomBase62(usageKeyLength);
  const { apiGatewayKeyId } = await reporting('create the API Gateway key', () =>
    usagePlans.createTenantKey({ tenant, value: usageKey }),
  );
  const record: TenantRecord = {
    tenant,
    name,
    plan,
    status: 'active',
    usageKey,
    apiGatewayKeyId,
    createdAt: new Date(clock()).toISOString(),
    revision: 1,
  };
  try {
    await reporting(`add API Gateway key ${apiGatewayKeyId} to plan "${plan}"`, () =>
      usagePlans.attach({ apiGatewayKeyId, plan }),
    );
    await writeRecord(ports, record);
  } catch (error) {
    const failure = upstreamFailure(`create tenant "${tenant}"`, error);
    if (!(failure instanceof UnknownOutcome)) await undo(ports, apiGatewayKeyId, failure);
    throw failure;
  }
  return record;
};

export interface EnsuredTenant {
  readonly record: TenantRecord;
  /** False when there was such a tenant already: nothing changed. */
  readonly created: boolean;
}

/**
 * Creates a tenant, or finds the one that an earlier attempt created: repeating it is safe.
 *
 * @throws AdminError as `createTenant`; TENANT_EXISTS when there is one with another plan or name.
 */
export const ensureTenant = async (
  ports: Ports,
  input: CreateTenantInput,
): Promise<EnsuredTenant> => {
  try {
    return { record: await createTenant(ports, input), created: true };
  } catch (error) {
    if (!(error instanceof AdminError) || error.code !== 'TENANT_EXISTS') throw error;
    const { tenant, name = tenant, plan } = parseInput(createTenantInput, input);
    const record = await reporting(`read tenant "${tenant}"`, () =>
      ports.registry.getTenant(tenant),
    );
    if (record?.name === name && record.plan === plan) return { record, created: false };
    throw error;
  }
};

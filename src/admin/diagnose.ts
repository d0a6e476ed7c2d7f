import type { PrincipalRecord, TenantRecord } from '../registry/records.ts';
import type { Drift } from './drift.ts';
import type { AdminPorts, TenantGatewayKey } from './ports.ts';
import { driftOf } from './spread-tenant.ts';
import { keysOf, listTenants } from './tenants.ts';
import { reporting } from './upstream-failure.ts';

type Ports = Pick<AdminPorts, 'registry' | 'usagePlans' | 'standing'>;

const gatewayKeyDrift = (
  { tenant, apiGatewayKeyId, usageKey, plan }: TenantRecord,
  keys: ReadonlyMap<string, TenantGatewayKey>,
  plans: readonly string[],
): readonly Drift[] => {
  const key = keys.get(apiGatewayKeyId);
  const unknown: readonly Drift[] = plans.includes(plan)
    ? []
    : [{ tenant, kind: 'plan-unknown', plan }];
  if (key === undefined)
    return [...unknown, { tenant, kind: 'gateway-key-missing', apiGatewayKeyId }];
  const found: Drift[] = [...unknown];
  if (key.value !== usageKey) found.push({ tenant, kind: 'gateway-key-value', apiGatewayKeyId });
  if (!key.enabled) found.push({ tenant, kind: 'gateway-key-off', apiGatewayKeyId });
  const isInPlan = key.plans.length === 1 && key.plans[0] === plan;
  if (!isInPlan && unknown.length === 0) {
    const { plans: present } = key;
    found.push({ tenant, kind: 'gateway-key-plan', apiGatewayKeyId, plans: present, wanted: plan });
  }
  return found;
};

const standingDrift = async (
  { standing }: Ports,
  { tenant, status, policyVersion = 0 }: TenantRecord,
): Promise<readonly Drift[]> => {
  const standings = await reporting(`read the counters of tenant "${tenant}"`, () =>
    standing.standings(tenant),
  );
  const found: Drift[] = [];
  if (standings.some(({ suspended }) => suspended !== (status === 'suspended'))) {
    found.push({ tenant, kind: 'standing-status' });
  }
  const other = standings.find((each) => (each.policyVersion ?? 0) !== policyVersion);
  if (other !== undefined) {
    found.push({
      tenant,
      kind: 'standing-policies',
      found: other.policyVersion ?? null,
      wanted: policyVersion,
    });
  }
  return found;
};

const policyDrift = async (
  { registry }: Ports,
  { tenant, policyVersion }: TenantRecord,
): Promise<readonly Drift[]> => {
  if (policyVersion === undefined) return [];
  const record = await reporting(`read the policies of tenant "${tenant}"`, () =>
    registry.getPolicy(tenant, policyVersion),
  );
  return record === undefined ? [{ tenant, kind: 'policy-missing', version: policyVersion }] : [];
};

const keyDrift = async (ports: Ports, record: TenantRecord): Promise<readonly Drift[]> => {
  const { tenant } = record;
  return (await keysOf(ports, tenant)).flatMap((key): readonly Drift[] => {
    const drift = driftOf(key, record);
    if (drift === undefined) return [];
    return [{ tenant, kind: 'key-differs', keyId: key.keyId, fields: Object.keys(drift) }];
  });
};

const orphanKeys = (
  tenants: readonly TenantRecord[],
  keys: readonly TenantGatewayKey[],
): readonly Drift[] => {
  const owned = new Set(tenants.map(({ apiGatewayKeyId }) => apiGatewayKeyId));
  return keys
    .filter(({ apiGatewayKeyId }) => !owned.has(apiGatewayKeyId))
    .map(({ tenant, apiGatewayKeyId, createdAt }) => ({
      tenant,
      kind: 'gateway-key-orphan',
      apiGatewayKeyId,
      createdAt,
    }));
};

const orphanPrincipals = (
  tenants: readonly TenantRecord[],
  principals: readonly PrincipalRecord[],
): readonly Drift[] => {
  const known = new Set(tenants.map(({ tenant }) => tenant));
  return principals
    .filter(({ tenant }) => !known.has(tenant))
    .map(({ tenant, arn }) => ({ tenant, kind: 'principal-orphan', arn }));
};

/**
 * Compares API Gateway, the registry and the counters. Reads only. What is being changed at this moment may show: look again.
 *
 * @throws AdminError UPSTREAM_*.
 */
export const diagnose = async (ports: Ports): Promise<readonly Drift[]> => {
  const { registry, usagePlans } = ports;
  const plans = await reporting('read the plans', () => usagePlans.planNames());
  const gatewayKeys = await reporting('list the API Gateway keys', () =>
    usagePlans.listTenantKeys(),
  );
  const byId = new Map(gatewayKeys.map((key) => [key.apiGatewayKeyId, key]));
  // After the keys: a tenant that is created meanwhile must not make an orphan of its key.
  const tenants = await listTenants(ports);
  const found: Drift[] = [];
  for (const tenant of tenants) {
    found.push(
      ...gatewayKeyDrift(tenant, byId, plans),
      ...(await keyDrift(ports, tenant)),
      ...(await policyDrift(ports, tenant)),
      ...(await standingDrift(ports, tenant)),
    );
  }
  const principals = await reporting('list the principals', () => registry.scanPrincipals());
  return [...found, ...orphanKeys(tenants, gatewayKeys), ...orphanPrincipals(tenants, principals)];
};

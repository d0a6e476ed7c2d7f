import * as z from 'zod';
import type { LimitState } from '../quota/meter.ts';
import type { TenantRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import { parseInput } from './input.ts';
import { showKey } from './keys.ts';
import {
  usageDimensions,
  type AdminPorts,
  type UsageBreakdownQuery,
  type UsageBreakdownRow,
} from './ports.ts';
import { listTenants, requireTenant } from './tenants.ts';
import { reporting } from './upstream-failure.ts';

type Ports = Pick<AdminPorts, 'registry' | 'usage' | 'clock'>;

export interface TenantUsage {
  readonly tenant: TenantRecord;
  /** The tenant's limits; with a key, that key's too. Empty where the plan has none. */
  readonly limits: readonly LimitState[];
  /** Units by day (`2026-11-28`), oldest first. */
  readonly days: readonly { readonly day: string; readonly units: number }[];
}

const read = async (
  { usage }: Ports,
  tenant: TenantRecord,
  subject: string | undefined,
): Promise<TenantUsage> =>
  reporting(`read the usage of tenant "${tenant.tenant}"`, async () => {
    // A subject that nobody has: the tenant's own limits do not depend on it.
    const asked = { tenant: tenant.tenant, plan: tenant.plan, subject: subject ?? 'nobody' };
    const [limits, days] = await Promise.all([usage.read(asked), usage.days(tenant.tenant)]);
    const shown = subject === undefined ? limits.filter(({ scope }) => scope === 'tenant') : limits;
    return { tenant, limits: shown, days };
  });

/**
 * How a tenant stands, against its limits and by day.
 * @param keyId - one of its keys, for the limits of that key.
 * @throws AdminError TENANT_NOT_FOUND, KEY_NOT_FOUND or UPSTREAM_*.
 */
export const usageOf = async (
  ports: Ports,
  tenantId: string,
  keyId?: string,
): Promise<TenantUsage> => {
  const tenant = await requireTenant(ports, tenantId);
  if (keyId === undefined) return read(ports, tenant, undefined);
  const key = await showKey(ports, keyId);
  if (key.tenant !== tenant.tenant) {
    throw new AdminError(
      'KEY_NOT_FOUND',
      `tenant "${tenant.tenant}" has no key ${key.keyId}: \`keys list --tenant ${tenant.tenant}\` shows those there are`,
    );
  }
  return read(ports, tenant, `key:${key.keyId}`);
};

export interface TenantUsageSummary {
  readonly tenant: string;
  readonly plan: string;
  /** Units of this day and of this month, UTC. */
  readonly today: number;
  readonly month: number;
}

/** All tenants, by id. @throws AdminError UPSTREAM_*. */
export const usageOfAll = async (ports: Ports): Promise<readonly TenantUsageSummary[]> => {
  const day = new Date(ports.clock()).toISOString().slice(0, 10);
  const summaries: TenantUsageSummary[] = [];
  for (const { tenant, plan } of await listTenants(ports)) {
    const days = await reporting(`read the usage of tenant "${tenant}"`, () =>
      ports.usage.days(tenant),
    );
    const month = days.filter((each) => each.day.startsWith(day.slice(0, 7)));
    summaries.push({
      tenant,
      plan,
      today: days.find((each) => each.day === day)?.units ?? 0,
      month: month.reduce((sum, { units }) => sum + units, 0),
    });
  }
  return summaries;
};

const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: 'give a day as in 2026-11-28, or a time as in 2026-11-28T12:00:00Z',
});

const breakdownInput = z.object({
  by: z.enum(usageDimensions),
  from: instant.optional(),
  to: instant.optional(),
});
export type BreakdownInput = z.input<typeof breakdownInput>;

const defaultSeconds = 7 * 86_400;
const maxSeconds = 366 * 86_400;
const seconds = (text: string): number => Math.floor(Date.parse(text) / 1000);

export interface UsageBreakdown {
  readonly query: UsageBreakdownQuery;
  readonly rows: readonly UsageBreakdownRow[];
}

/**
 * Units and calls by key, tool or day, from the audit: the last 7 days when nothing is said.
 * @param tenantId - undefined for all tenants.
 * @throws AdminError INVALID_INPUT, TENANT_NOT_FOUND or UPSTREAM_*.
 */
export const usageBreakdown = async (
  ports: Pick<AdminPorts, 'registry' | 'usageQueries' | 'clock'>,
  tenantId: string | undefined,
  input: BreakdownInput,
): Promise<UsageBreakdown> => {
  const { by, from: first, to: last } = parseInput(breakdownInput, input);
  const to = last === undefined ? Math.floor(ports.clock() / 1000) : seconds(last);
  const from = first === undefined ? to - defaultSeconds : seconds(first);
  if (from >= to || to - from > maxSeconds) {
    throw new AdminError('INVALID_INPUT', 'from must be before to, by at most 366 days');
  }
  const tenant = tenantId === undefined ? undefined : (await requireTenant(ports, tenantId)).tenant;
  const query = { by, from, to, ...(tenant === undefined ? {} : { tenant }) };
  const rows = await reporting('ask the audit log', () => ports.usageQueries.breakdown(query));
  return { query, rows };
};

import type { AdminPorts, UsageBreakdownRow, UsageDimension } from '../../src/admin/ports.ts';
import {
  usageBreakdown,
  usageOf,
  usageOfAll,
  type TenantUsageSummary,
} from '../../src/admin/usage.ts';
import type { LimitState } from '../../src/quota/meter.ts';
import { CliError } from '../errors.ts';

export interface UsageOptions {
  readonly key?: string;
  readonly by?: UsageDimension;
  readonly from?: string;
  readonly to?: string;
}

const iso = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString();

const limitView = ({ window, scope, limit, used, resetAt }: LimitState) => ({
  window,
  scope,
  limit,
  used,
  left: Math.max(0, limit - used),
  resetsAt: iso(resetAt),
});
export type LimitView = ReturnType<typeof limitView>;

export interface UsageView {
  readonly tenant: string;
  readonly plan: string;
  readonly limits: readonly LimitView[];
  readonly days: readonly { readonly day: string; readonly units: number }[];
}

export const usageShow = async (
  ports: AdminPorts,
  tenantId: string,
  key: string | undefined,
): Promise<UsageView> => {
  const { tenant, limits, days } = await usageOf(ports, tenantId, key);
  return { tenant: tenant.tenant, plan: tenant.plan, limits: limits.map(limitView), days };
};

export const usageList = (ports: AdminPorts): Promise<readonly TenantUsageSummary[]> =>
  usageOfAll(ports);

export interface BreakdownView {
  readonly tenant?: string;
  readonly by: UsageDimension;
  readonly from: string;
  readonly to: string;
  readonly rows: readonly UsageBreakdownRow[];
}

export const usageBy = async (
  ports: AdminPorts,
  tenantId: string | undefined,
  by: UsageDimension,
  { from, to }: UsageOptions,
): Promise<BreakdownView> => {
  const { query, rows } = await usageBreakdown(ports, tenantId, {
    by,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  });
  return {
    ...(query.tenant === undefined ? {} : { tenant: query.tenant }),
    by,
    from: iso(query.from),
    to: iso(query.to),
    rows,
  };
};

/** @throws CliError USAGE for options that do not go together. */
export const assertUsageOptions = (
  tenant: string | undefined,
  { key, by, from, to }: UsageOptions,
): void => {
  if (by === undefined && (from !== undefined || to !== undefined)) {
    throw new CliError('USAGE', '--from and --to go with --by');
  }
  if (key !== undefined && (by !== undefined || tenant === undefined)) {
    throw new CliError('USAGE', '--key goes with a tenant, and without --by: --by key tells all');
  }
};

import * as z from 'zod';
import { AdminError } from '../../../src/admin/admin-error.ts';
import { usageDimensions } from '../../../src/admin/ports.ts';
import { usageBreakdown, usageOf, usageOfAll, type TenantUsage } from '../../../src/admin/usage.ts';
import { tenantId } from '../../../src/principals/principal.ts';
import type { LimitState } from '../../../src/quota/meter.ts';
import { pageQuery, sliceOf } from '../paging.ts';
import { route } from '../route.ts';
import { tenantOf } from '../scope.ts';

const iso = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString();

const limitView = ({ window, scope, limit, used, resetAt }: LimitState) => ({
  window,
  scope,
  limit,
  used,
  left: Math.max(0, limit - used),
  resetsAt: iso(resetAt),
});

const usageView = ({ tenant, limits, days }: TenantUsage) => ({
  tenant: tenant.tenant,
  plan: tenant.plan,
  limits: limits.map(limitView),
  days,
});

const usageQuery = z.strictObject({
  ...pageQuery,
  tenant: tenantId.optional(),
  key: z.string().optional(),
  by: z.enum(usageDimensions).optional(),
  from: z.string().max(40).optional(),
  to: z.string().max(40).optional(),
});

export const usageRoutes = [
  route({
    method: 'GET',
    path: '/admin/usage',
    operation: 'usage.read',
    access: 'tenant',
    summary:
      'tells the units of all tenants, of one (?tenant=) or of its key (?key=); ?by=key|tool|day asks the audit log',
    query: usageQuery,
    run: async ({ ports, actor, query }) => {
      const { tenant: given, key, by, from, to, ...page } = query;
      const tenant =
        given === undefined && actor.kind === 'operator' ? undefined : tenantOf(actor, given);
      if (by !== undefined) {
        if (key !== undefined) {
          throw new AdminError('INVALID_INPUT', 'key: goes without by; by=key tells all keys');
        }
        const { query: asked, rows } = await usageBreakdown(ports, tenant, {
          by,
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        });
        return {
          body: {
            ...(asked.tenant === undefined ? {} : { tenant: asked.tenant }),
            by,
            from: iso(asked.from),
            to: iso(asked.to),
            items: rows,
          },
        };
      }
      if (from !== undefined || to !== undefined) {
        throw new AdminError('INVALID_INPUT', 'from and to go with by=key, by=tool or by=day');
      }
      if (tenant !== undefined) return { body: usageView(await usageOf(ports, tenant, key)) };
      if (key !== undefined) throw new AdminError('INVALID_INPUT', 'key: goes with tenant');
      return { body: sliceOf(await usageOfAll(ports), (each) => each.tenant, page) };
    },
  }),
] as const;

import * as z from 'zod';
import { createTenant } from '../../../src/admin/create-tenant.ts';
import { displayName } from '../../../src/admin/input.ts';
import { moveTenant } from '../../../src/admin/move-tenant.ts';
import { requireTenantAccess } from '../../../src/admin/operator.ts';
import type { AdminPorts } from '../../../src/admin/ports.ts';
import { renameTenant } from '../../../src/admin/rename-tenant.ts';
import {
  resumeTenant,
  suspendTenant,
  type TenantChange,
} from '../../../src/admin/tenant-status.ts';
import { showTenant } from '../../../src/admin/tenants.ts';
import { tenantId } from '../../../src/principals/principal.ts';
import { etagOf, fromRevision, revisionOf } from '../if-match.ts';
import { pageOf, pageQuery } from '../paging.ts';
import { route, type Answer } from '../route.ts';
import { tenantView } from '../views.ts';

const tenantChanges = z
  .strictObject({
    plan: z.string().min(1).max(64).optional(),
    name: displayName.optional(),
    status: z.enum(['active', 'suspended']).optional(),
  })
  // Each of them is done or not done; two together could be half done.
  .refine((changes) => Object.values(changes).filter((value) => value !== undefined).length === 1, {
    error: 'give exactly one of plan, name and status',
  });

const change = (
  ports: AdminPorts,
  tenant: string,
  { plan, name, status }: z.output<typeof tenantChanges>,
): Promise<TenantChange> => {
  if (plan !== undefined) return moveTenant(ports, tenant, plan);
  if (name !== undefined) return renameTenant(ports, tenant, name);
  return status === 'suspended' ? suspendTenant(ports, tenant) : resumeTenant(ports, tenant);
};

const answerOf = ({ record, changed, rewrittenKeys }: TenantChange): Answer => ({
  body: { ...tenantView(record), changed, rewrittenKeys },
  headers: { etag: etagOf(record) },
});

export const tenantRoutes = [
  route({
    method: 'GET',
    path: '/admin/tenants',
    operation: 'tenants.list',
    access: 'tenant',
    summary: 'lists the tenants that the caller operates, by id',
    query: z.strictObject(pageQuery),
    run: async ({ ports, query }) => ({
      body: await pageOf(
        'list the tenants',
        (page) => ports.registry.listTenants(page),
        query,
        tenantView,
      ),
    }),
  }),
  route({
    method: 'POST',
    path: '/admin/tenants',
    operation: 'tenants.create',
    access: 'operator',
    summary: 'creates a tenant in a usage plan',
    body: z.strictObject({
      tenant: tenantId,
      plan: z.string().min(1).max(64),
      name: displayName.optional(),
    }),
    run: async ({ ports, body: { name, ...input }, about }) => {
      about({ tenant: input.tenant, target: input.tenant });
      const record = await createTenant(ports, {
        ...input,
        ...(name === undefined ? {} : { name }),
      });
      return { status: 201, body: tenantView(record), headers: { etag: etagOf(record) } };
    },
  }),
  route({
    method: 'GET',
    path: '/admin/tenants/{tenant}',
    operation: 'tenants.show',
    access: 'tenant',
    summary: 'shows a tenant and how many keys it has',
    run: async ({ ports, actor, params }) => {
      requireTenantAccess(actor, params.tenant);
      const { tenant, keyCount, activeKeyCount } = await showTenant(ports, params.tenant);
      return {
        body: { ...tenantView(tenant), keyCount, activeKeyCount },
        headers: { etag: etagOf(tenant) },
      };
    },
  }),
  route({
    method: 'PATCH',
    path: '/admin/tenants/{tenant}',
    operation: 'tenants.change',
    access: 'operator',
    summary: 'moves a tenant to another plan, renames, suspends or resumes it',
    body: tenantChanges,
    run: async ({ ports, params, body, header }) =>
      answerOf(
        await change(fromRevision(ports, revisionOf(header('if-match'))), params.tenant, body),
      ),
  }),
] as const;

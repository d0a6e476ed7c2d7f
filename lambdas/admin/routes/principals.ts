import * as z from 'zod';
import {
  changePrincipalRole,
  ensurePrincipal,
  removePrincipal,
  showPrincipal,
} from '../../../src/admin/principals.ts';
import { requireTenant } from '../../../src/admin/tenants.ts';
import { principalArnOf } from '../../../src/principals/caller-arn.ts';
import { role, tenantId } from '../../../src/principals/principal.ts';
import { pageOf, pageQuery } from '../paging.ts';
import { route } from '../route.ts';
import { tenantOf } from '../scope.ts';
import { principalView } from '../views.ts';

const byArn = z.strictObject({ arn: z.string().min(1).max(640) });

export const principalRoutes = [
  route({
    method: 'GET',
    path: '/admin/principals',
    operation: 'principals.list',
    access: 'tenant',
    summary: 'lists the IAM roles and users that call as a tenant (?tenant=), by ARN',
    query: z.strictObject({ ...pageQuery, tenant: tenantId.optional() }),
    run: async ({ ports, actor, query }) => {
      const { tenant } = await requireTenant(ports, tenantOf(actor, query.tenant));
      return {
        body: await pageOf(
          `list the principals of tenant "${tenant}"`,
          (page) => ports.registry.listPrincipals(tenant, page),
          query,
          principalView,
        ),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/admin/principals',
    operation: 'principals.add',
    // An ARN belongs to whoever records it first: a tenant could claim another one's role, and its calls with it.
    access: 'operator',
    summary: 'lets an IAM role or user call as a tenant',
    body: z.strictObject({
      arn: z.string().min(1).max(640),
      tenant: tenantId,
      role: role.default('user'),
    }),
    run: async ({ ports, body, about }) => {
      const arn = principalArnOf(body.arn);
      about({ tenant: body.tenant, ...(arn === undefined ? {} : { target: arn }) });
      const { record, created } = await ensurePrincipal(ports, body);
      return { status: created ? 201 : 200, body: principalView(record) };
    },
  }),
  route({
    method: 'GET',
    path: '/admin/principal',
    operation: 'principals.show',
    access: 'tenant',
    summary: 'shows a principal (?arn=)',
    query: byArn,
    run: async ({ ports, query }) => ({
      body: principalView(await showPrincipal(ports, query.arn)),
    }),
  }),
  route({
    method: 'PATCH',
    path: '/admin/principal',
    operation: 'principals.change',
    access: 'tenant',
    summary: 'gives a principal (?arn=) another role',
    query: byArn,
    body: z.strictObject({ role }),
    run: async ({ ports, query, body, about }) => {
      const { arn, tenant } = await showPrincipal(ports, query.arn);
      about({ tenant });
      const { record, changed } = await changePrincipalRole(ports, arn, body.role);
      return { body: { ...principalView(record), changed } };
    },
  }),
  route({
    method: 'DELETE',
    path: '/admin/principal',
    operation: 'principals.remove',
    access: 'tenant',
    summary: 'takes a principal (?arn=) away',
    query: byArn,
    run: async ({ ports, query, about }) => {
      const { arn, tenant } = await showPrincipal(ports, query.arn);
      about({ tenant });
      return { body: principalView(await removePrincipal(ports, arn)) };
    },
  }),
] as const;

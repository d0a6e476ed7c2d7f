import * as z from 'zod';
import { requireTenantAccess, type Actor } from '../../../src/admin/operator.ts';
import {
  listPolicyVersions,
  removePolicies,
  setPolicies,
  showPolicies,
  validatePolicies,
  type PoliciesSet,
  type TenantPolicies,
} from '../../../src/admin/policies.ts';
import { testPolicies } from '../../../src/admin/test-policies.ts';
import { requireTenant } from '../../../src/admin/tenants.ts';
import { revisionOf } from '../if-match.ts';
import { pageQuery, sliceOf } from '../paging.ts';
import { route, type Answer } from '../route.ts';

const text = z.string().max(100_000);

const policiesView = ({
  tenant,
  version,
  text,
  createdAt,
  createdBy,
  inForce,
}: TenantPolicies) => ({
  tenant,
  version,
  inForce,
  text,
  ...(createdAt === undefined ? {} : { createdAt }),
  ...(createdBy === undefined ? {} : { createdBy }),
});

const etagOf = (version: number): string => `"${version}"`;

const answerOf = ({ policies, changed, rewrittenKeys }: PoliciesSet): Answer => ({
  body: { ...policiesView(policies), changed, rewrittenKeys },
  headers: { etag: etagOf(policies.version) },
});

/** What setting and removing share: whose, by whom, and the version that the caller saw. */
const changeOf = (actor: Actor, tenant: string, ifMatch: string | undefined) => {
  requireTenantAccess(actor, tenant);
  return { tenant, by: actor.subject, expectedVersion: revisionOf(ifMatch) };
};

export const policyRoutes = [
  route({
    method: 'GET',
    path: '/admin/tenants/{tenant}/policies',
    operation: 'policies.show',
    access: 'tenant',
    summary: 'shows the policies of a tenant that are in force, or a version of them (?version=)',
    query: z.strictObject({
      version: z
        .stringFormat('a version', /^[1-9]\d{0,8}$/u)
        .transform(Number)
        .optional(),
    }),
    run: async ({ ports, actor, params, query }) => {
      requireTenantAccess(actor, params.tenant);
      const policies = await showPolicies(ports, params.tenant, query.version);
      return { body: policiesView(policies), headers: { etag: etagOf(policies.version) } };
    },
  }),
  route({
    method: 'PUT',
    path: '/admin/tenants/{tenant}/policies',
    operation: 'policies.set',
    access: 'tenant',
    summary: 'puts policies in force, when they are valid',
    body: z.strictObject({ text }),
    run: async ({ ports, actor, params, body, header }) =>
      answerOf(
        await setPolicies(ports, {
          ...changeOf(actor, params.tenant, header('if-match')),
          text: body.text,
        }),
      ),
  }),
  route({
    method: 'DELETE',
    path: '/admin/tenants/{tenant}/policies',
    operation: 'policies.remove',
    access: 'tenant',
    summary: 'leaves a tenant only the policies of the deployment',
    run: async ({ ports, actor, params, header }) =>
      answerOf(await removePolicies(ports, changeOf(actor, params.tenant, header('if-match')))),
  }),
  route({
    method: 'GET',
    path: '/admin/tenants/{tenant}/policies/versions',
    operation: 'policies.versions',
    access: 'tenant',
    summary: 'lists all versions of a tenant’s policies, oldest first',
    query: z.strictObject(pageQuery),
    run: async ({ ports, actor, params, query }) => {
      requireTenantAccess(actor, params.tenant);
      const versions = await listPolicyVersions(ports, params.tenant);
      const page = sliceOf(versions, ({ version }) => String(version).padStart(10, '0'), query);
      return {
        body: {
          ...page,
          items: page.items.map((version) => {
            const { text: _, ...facts } = policiesView(version);
            return facts;
          }),
        },
      };
    },
  }),
  route({
    method: 'POST',
    path: '/admin/tenants/{tenant}/policies/validate',
    operation: 'policies.validate',
    access: 'tenant',
    summary: 'says what is wrong with a text of policies, and changes nothing',
    body: z.strictObject({ text }),
    run: async ({ ports, actor, params, body }) => {
      requireTenantAccess(actor, params.tenant);
      const { tenant } = await requireTenant(ports, params.tenant);
      const problems = await validatePolicies(ports, body.text, tenant);
      return { body: { valid: problems.length === 0, problems } };
    },
  }),
  route({
    method: 'POST',
    path: '/admin/tenants/{tenant}/policies/test',
    operation: 'policies.test',
    access: 'tenant',
    summary: 'asks policies, those in force or a text, about calls, and changes nothing',
    body: z.strictObject({ text: text.optional(), cases: z.array(z.unknown()).max(1_000) }),
    run: async ({ ports, actor, params, body }) => {
      requireTenantAccess(actor, params.tenant);
      return { body: await testPolicies(ports, params.tenant, body.cases, body.text) };
    },
  }),
] as const;

import type { Actor } from '../../src/admin/operator.ts';
import { route, type Route } from './route.ts';
import { doctorRoutes } from './routes/doctor.ts';
import { explainRoutes } from './routes/explain.ts';
import { keyRoutes } from './routes/keys.ts';
import { pinRoutes } from './routes/pins.ts';
import { policyRoutes } from './routes/policies.ts';
import { principalRoutes } from './routes/principals.ts';
import { tenantRoutes } from './routes/tenants.ts';
import { upstreamRoutes } from './routes/upstreams.ts';
import { usageRoutes } from './routes/usage.ts';

const operations: readonly Route[] = [
  ...tenantRoutes,
  ...keyRoutes,
  ...principalRoutes,
  ...policyRoutes,
  ...usageRoutes,
  ...upstreamRoutes,
  ...pinRoutes,
  ...doctorRoutes,
  ...explainRoutes,
];

export const mayUse = (actor: Actor, { access }: Pick<Route, 'access'>): boolean =>
  access === 'tenant' || actor.kind === 'operator';

const index: Route = route({
  method: 'GET',
  path: '/admin',
  operation: 'routes.list',
  access: 'tenant',
  summary: 'lists what the caller may do here',
  run: async ({ actor }) => ({
    body: {
      subject: actor.subject,
      ...(actor.kind === 'operator' ? { operator: true } : { tenant: actor.tenant }),
      items: [index, ...operations]
        .filter((each) => mayUse(actor, each))
        .map(({ method, path, summary }) => ({ method, path, summary })),
    },
  }),
});

/** Everything that can be called below `/admin` (content/admin-api.md). */
export const adminRoutes: readonly Route[] = [index, ...operations];

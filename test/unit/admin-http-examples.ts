import { arns, type Admin, type Answered, type Sent } from './admin-http-fixture.ts';

/** One request of a route that works for an operator, in the world of `anAdmin`. */
export interface Example extends Omit<Sent, 'as'> {
  /** @default that of the route, with `acme` and the key's id filled in */
  readonly path?: string;
  readonly status: number;
  /** Brings about what the request needs. */
  readonly before?: (admin: Admin) => Promise<unknown>;
  /** What the answer has in it, beside its status. */
  readonly answers: object;
}

const weather = { url: 'https://weather.example.com/mcp' };

export const putWeather = (admin: Admin): Promise<Answered> =>
  admin.call('PUT', '/admin/upstreams/weather', { body: weather });

const acmeUser = { query: { arn: arns.acmeUser } };
const permitted = 'permit(principal, action, resource);';

/** By method and path, as in the table of routes. */
export const examples: Readonly<Record<string, Example>> = {
  'POST /admin/explain': {
    status: 200,
    body: { principal: arns.acmeUser, tool: 'search', args: { query: 'plan' }, ip: '192.0.2.7' },
    answers: { caller: arns.acmeUser, tenant: 'acme', tool: 'search', outcome: 'served' },
  },
  'GET /admin': { status: 200, answers: { operator: true } },
  'GET /admin/tenants': {
    status: 200,
    query: { limit: '1' },
    answers: { items: [{ tenant: 'acme', plan: 'free', status: 'active', revision: 2 }] },
  },
  'POST /admin/tenants': {
    status: 201,
    body: { tenant: 'gamma', plan: 'pro', name: 'Gamma' },
    answers: { tenant: 'gamma', plan: 'pro', name: 'Gamma', status: 'active', revision: 1 },
  },
  'GET /admin/tenants/{tenant}': { status: 200, answers: { tenant: 'acme', keyCount: 1 } },
  'PATCH /admin/tenants/{tenant}': {
    status: 200,
    body: { plan: 'pro' },
    answers: { tenant: 'acme', plan: 'pro', changed: true, rewrittenKeys: 1 },
  },
  'GET /admin/tenants/{tenant}/keys': { status: 200, answers: { items: [{ name: 'ci' }] } },
  'POST /admin/tenants/{tenant}/keys': {
    status: 201,
    body: { name: 'new', role: 'readonly', expiresInSeconds: 60, cidrs: ['203.0.113.0/24'] },
    answers: {
      tenant: 'acme',
      name: 'new',
      role: 'readonly',
      expiresAt: '2026-11-21T05:01:00.000Z',
      cidrs: ['203.0.113.0/24'],
    },
  },
  'GET /admin/keys/{keyId}': { status: 200, answers: { tenant: 'acme', status: 'active' } },
  'PATCH /admin/keys/{keyId}': {
    status: 200,
    body: { name: 'renamed', expiresAt: '2027-01-31T00:00:00Z' },
    answers: { name: 'renamed', expiresAt: '2027-01-31T00:00:00.000Z' },
  },
  'POST /admin/keys/{keyId}/rotate': {
    status: 201,
    body: { graceSeconds: 60 },
    answers: { name: 'ci', replaces: { expiresAt: '2026-11-21T05:01:00.000Z' } },
  },
  'POST /admin/keys/{keyId}/revoke': {
    status: 200,
    answers: { status: 'revoked', alreadyRevoked: false },
  },
  'GET /admin/principals': {
    status: 200,
    query: { tenant: 'acme' },
    answers: { items: [{ arn: arns.acmeAdmin }, { arn: arns.acmeUser }] },
  },
  'POST /admin/principals': {
    status: 201,
    body: { arn: 'arn:aws:iam::123456789012:role/path/new', tenant: 'acme' },
    answers: { arn: 'arn:aws:iam::123456789012:role/new', role: 'user' },
  },
  'GET /admin/principal': { status: 200, ...acmeUser, answers: { arn: arns.acmeUser } },
  'PATCH /admin/principal': {
    status: 200,
    ...acmeUser,
    body: { role: 'readonly' },
    answers: { role: 'readonly', changed: true },
  },
  'DELETE /admin/principal': { status: 200, ...acmeUser, answers: { arn: arns.acmeUser } },
  'GET /admin/tenants/{tenant}/policies': {
    status: 200,
    answers: { version: 1, inForce: true, text: permitted },
  },
  'PUT /admin/tenants/{tenant}/policies': {
    status: 200,
    body: { text: `${permitted} // 2` },
    answers: { version: 2, changed: true },
  },
  'DELETE /admin/tenants/{tenant}/policies': { status: 200, answers: { version: 2, text: '' } },
  'GET /admin/tenants/{tenant}/policies/versions': {
    status: 200,
    answers: { items: [{ version: 1, inForce: true, createdBy: 'iam:test' }] },
  },
  'POST /admin/tenants/{tenant}/policies/validate': {
    status: 200,
    body: { text: 'nonsense' },
    answers: { valid: false, problems: [{ line: 1, column: 1 }] },
  },
  'POST /admin/tenants/{tenant}/policies/test': {
    status: 200,
    body: { cases: [{ tool: { name: 'search', readOnly: true }, expect: 'allow' }] },
    answers: { version: 1, failed: 0, results: [{ decision: { kind: 'allow' }, passed: true }] },
  },
  'GET /admin/usage': {
    status: 200,
    query: { tenant: 'acme' },
    answers: { tenant: 'acme', limits: [{ window: 'day', limit: 100, used: 0, left: 100 }] },
  },
  'GET /admin/upstreams': {
    status: 200,
    answers: { items: [{ name: 'everything', where: 'deployed', kind: 'stdio' }] },
  },
  'GET /admin/upstreams/{name}': {
    status: 200,
    path: '/admin/upstreams/everything',
    answers: { items: [{ name: 'everything', scope: '*', enabled: true }] },
  },
  'PUT /admin/upstreams/{name}': {
    status: 201,
    path: '/admin/upstreams/weather',
    query: { scope: 'acme' },
    body: weather,
    answers: { name: 'weather', scope: 'acme', tenants: ['acme'], url: weather.url, pinned: true },
  },
  'DELETE /admin/upstreams/{name}': {
    status: 200,
    path: '/admin/upstreams/weather',
    before: putWeather,
    answers: { name: 'weather', scope: '*' },
  },
  'POST /admin/upstreams/{name}/enable': {
    status: 200,
    path: '/admin/upstreams/everything/enable',
    query: { scope: 'acme' },
    answers: { items: [{ name: 'everything', scope: 'acme', enabled: true }] },
  },
  'POST /admin/upstreams/{name}/disable': {
    status: 200,
    path: '/admin/upstreams/everything/disable',
    answers: { items: [{ name: 'everything', scope: '*', enabled: false, changed: true }] },
  },
  'POST /admin/upstreams/{name}/check': {
    status: 200,
    path: '/admin/upstreams/weather/check',
    before: putWeather,
    answers: { items: [{ name: 'weather', state: 'ok', tools: 1, pins: 'match' }] },
  },
  'GET /admin/pins': {
    status: 200,
    before: putWeather,
    answers: { items: [{ server: 'weather', scope: '*', tools: 1 }] },
  },
  'GET /admin/pins/{server}': {
    status: 200,
    path: '/admin/pins/weather',
    before: putWeather,
    answers: { items: [{ server: 'weather', state: 'ok', unchanged: 1, changed: [] }] },
  },
  'POST /admin/pins/{server}/approve': {
    status: 200,
    path: '/admin/pins/weather/approve',
    before: async (admin) => {
      await putWeather(admin);
      admin.probe.servers.set('weather', []);
    },
    body: { tools: { forecast: null } },
    answers: { server: 'weather', approved: [], forgotten: ['forecast'], pinned: 0 },
  },
  'GET /admin/doctor': { status: 200, answers: { items: [] } },
  'POST /admin/doctor': { status: 200, answers: { items: [] } },
};

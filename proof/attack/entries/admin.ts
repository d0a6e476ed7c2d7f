import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import { assertRefused, refusal } from '../refusal.ts';

const strangers = (id: string, attack: string, rule: string): AttackFacts => ({
  id: `admin/${id}`,
  category: 'API5 function level authorization',
  family: 'the admin API without the right',
  attack,
  rule,
});
const input = (id: string, attack: string, rule: string): AttackFacts => ({
  ...strangers(id, attack, rule),
  category: 'API3 object property level authorization',
  family: 'mass assignment and polluted prototypes at the admin API',
});

const signature = 'API Gateway: the route takes signatures only (lib/constructs/admin-api.ts)';
const access = 'handler: access of each route (lambdas/admin/route-table.ts)';
const strict = 'handler: strict schemas (src/admin/input.ts, lambdas/admin/route.ts)';

const asTenantAdmin = (id: string, method: string, path: string, body?: object): Attack => ({
  ...strangers(`operator-${id}`, `a tenant's admin: ${method} ${path}`, access),
  run: async (scene) => {
    const reply = await scene.signed('beta-admin', { method, path, body });
    assertRefused(reply, { status: 403, code: 'FORBIDDEN' });
    await scene.logged(/"subject":"iam:000000000000:user\/beta-admin"[^\n]*"decision":"deny"/u);
  },
});

const asUser = (user: string, why: string): Attack => ({
  ...strangers(
    `caller-${user}`,
    `signed by ${why}: GET /admin/tenants`,
    'handler: who may operate (lambdas/admin/caller.ts)',
  ),
  run: async (scene) => {
    const reply = await scene.signed(user, { method: 'GET', path: '/admin/tenants' });
    assertRefused(reply, { status: 403, code: 'FORBIDDEN' });
    await scene.logged(
      new RegExp(`"subject":"iam:000000000000:user/${user}"[^\\n]*"decision":"deny"`, 'u'),
    );
  },
});

const given = (
  id: string,
  attack: string,
  [method, path, body]: readonly [string, string, string],
): Attack => ({
  ...input(id, attack, strict),
  run: async (scene) => {
    const parsed: unknown = JSON.parse(body);
    const reply = await scene.signed('operator', { method, path, body: parsed });
    assertRefused(reply, { status: 400, code: 'INVALID_INPUT' });
    assert.equal(({} as { plan?: string }).plan, undefined);
  },
});

const polluted: Attack = {
  ...input(
    'polluted-process',
    '__proto__ and constructor.prototype in a body, then an ordinary request',
    strict,
  ),
  run: async (scene) => {
    const name = { method: 'POST', path: '/admin/tenants/beta/keys' };
    for (const text of [
      '{"name":"x","__proto__":{"role":"admin","polluted":true}}',
      '{"name":"x","constructor":{"prototype":{"polluted":true}}}',
    ]) {
      const reply = await scene.signed('beta-admin', {
        ...name,
        body: JSON.parse(text) as unknown,
      });
      assertRefused(reply, { status: 400, code: 'INVALID_INPUT' });
    }
    const next = await scene.signed('beta-admin', {
      method: 'GET',
      path: '/admin/tenants/beta/keys',
    });
    assert.equal(next.status, 200);
    assert.ok(!next.text.includes('polluted'));
  },
};

const halfCharacter: Attack = {
  ...input('half-character', 'policies with half of a character, to be stored or tested', strict),
  rule: 'handler: the text is looked through before Cedar is (src/policy/policy-text.ts)',
  run: async (scene) => {
    const path = '/admin/tenants/beta/policies';
    const body = { text: 'permit(principal, action, resource); // \ud800' };
    const stored = await scene.signed('beta-admin', { method: 'PUT', path, body });
    assertRefused(stored, { status: 422, code: 'POLICY_INVALID' });
    const cases = [
      { tool: { name: '\ud800', readOnly: true }, args: { '\ud800': '\udc00' }, expect: 'allow' },
    ];
    const tested = await scene.signed('beta-admin', {
      method: 'POST',
      path: `${path}/test`,
      body: { ...body, cases },
    });
    assert.ok(tested.status < 500, tested.text);
  },
};

export const adminAttacks: readonly Attack[] = [
  refusal(
    strangers('key', "a key of a tenant's as bearer token", signature),
    ({ acme }) => ({ method: 'GET', path: '/admin/tenants', key: acme }),
    { status: 401, code: 'UNAUTHENTICATED', reached: 'gateway' },
  ),
  refusal(
    strangers('unsigned', 'no signature, and a userArn in headers', signature),
    () => ({
      method: 'GET',
      path: '/admin/tenants',
      headers: { 'x-amz-user-arn': 'arn:aws:iam::000000000000:user/operator' },
    }),
    { status: 404, code: 'NOT_FOUND', reached: 'gateway' },
  ),
  asUser('stranger', 'a user of the account whom nobody named'),
  asUser('acme-user', "a tenant's user"),
  asTenantAdmin('tenant', 'POST', '/admin/tenants', { tenant: 'mine', plan: 'premium' }),
  asTenantAdmin('upstreams', 'PUT', '/admin/upstreams/mine', {
    url: 'https://mine.example.com/mcp',
  }),
  asTenantAdmin('pins', 'POST', '/admin/pins/shifty/approve', { tools: {} }),
  asTenantAdmin('doctor', 'POST', '/admin/doctor', {}),
  given('plan-of-key', 'a key with a plan, a tenant and a hash of its own', [
    'POST',
    '/admin/tenants/beta/keys',
    '{"name":"x","plan":"premium","tenant":"acme","hash":"AAAA"}',
  ]),
  given('role', 'a key with a role that there is not', [
    'POST',
    '/admin/tenants/beta/keys',
    '{"name":"x","role":"operator"}',
  ]),
  given('tenant-name', 'a tenant named ../acme', [
    'POST',
    '/admin/tenants',
    '{"tenant":"../acme","plan":"free"}',
  ]),
  given('proto-tenant', 'a tenant named __proto__', [
    'POST',
    '/admin/tenants',
    '{"tenant":"__proto__","plan":"free"}',
  ]),
  polluted,
  halfCharacter,
];

import assert from 'node:assert/strict';
import { parseApiKey } from '../../../src/credentials/api-key.ts';
import type { Attack, AttackFacts } from '../attack.ts';
import { assertRefused, refusal } from '../refusal.ts';
import { callOf, canary, listOf } from '../scene-types.ts';
import type { Scene } from '../scene.ts';
import { sendTo } from '../wire.ts';

const reading = (id: string, attack: string, rule: string): AttackFacts => ({
  id: `tenants/${id}`,
  category: 'API1 object level authorization',
  family: "another tenant's tools and records",
  attack,
  rule,
});
const operating = (id: string, attack: string): AttackFacts => ({
  ...reading(
    id,
    attack,
    'handler: one wall around the registry (lambdas/admin/scope.ts, ADR 0021)',
  ),
  family: "another tenant by a tenant's admin",
});

const directory = 'handler: the directory is the tenant’s (src/upstreams/live-directory.ts)';
const keyIdOf = (key: string): string => parseApiKey(key)?.keyId ?? '';
const nothingOfBeta = (text: string): void => {
  assert.ok(!text.includes('vault') && !text.includes(canary), 'it tells of the other tenant');
};

/** What acme asks for, and whose answer may hold nothing of beta's. */
const asked = (
  facts: AttackFacts,
  ask: (scene: Scene) => Promise<{ readonly status: number; readonly text: string }>,
): Attack => ({
  ...facts,
  run: async (scene) => {
    const { status, text } = await ask(scene);
    assert.equal(status, 200, text.slice(0, 300));
    nothingOfBeta(text);
  },
});

const get = (scene: Scene, path: string, headers: Record<string, string> = {}) =>
  scene.send({ method: 'GET', path, key: scene.acme, headers });

const auditedAsUnknown: Attack = {
  ...reading('call', "a call of the other tenant's tool by its name", directory),
  run: async (scene) => {
    for (const name of ['vault_echo', 'vault_ask', 'vault_nothing']) {
      const reply = await scene.send({ key: scene.acme, body: callOf(name, { text: 'open' }) });
      assertRefused(reply, { status: 200, rpc: -32602 });
      assert.equal(reply.json.error?.message, 'Unknown tool');
    }
    await scene.logged(/"type":"audit"[^\n]*"tenant":"acme"[^\n]*"tool":null/u);
  },
};

const theirs: Attack = {
  ...reading(
    'proof',
    'the same call by the tenant whose tool it is (so that the refusals mean something)',
    directory,
  ),
  run: async ({ url, beta }) => {
    // Not through the scene, which looks for the other tenant's texts in every answer.
    const { text } = await sendTo(url, { key: beta, body: listOf() });
    assert.ok(text.includes('vault_echo') && text.includes(canary));
  },
};

const adminRefusals: readonly (readonly [
  id: string,
  method: string,
  path: string,
  body?: object,
])[] = [
  ['show', 'GET', '/admin/tenants/acme'],
  ['suspend', 'PATCH', '/admin/tenants/acme', { status: 'suspended' }],
  ['keys', 'GET', '/admin/tenants/acme/keys'],
  ['mint', 'POST', '/admin/tenants/acme/keys', { name: 'mine' }],
  [
    'policies',
    'PUT',
    '/admin/tenants/acme/policies',
    { text: 'permit(principal, action, resource);' },
  ],
  ['policy-versions', 'GET', '/admin/tenants/acme/policies/versions'],
  ['usage', 'GET', '/admin/usage?tenant=acme'],
  ['audit', 'GET', '/admin/usage?tenant=acme&by=tool'],
  ['principals', 'GET', '/admin/principals?tenant=acme'],
  [
    'add-principal',
    'POST',
    '/admin/principals',
    { arn: 'arn:aws:iam::000000000000:role/x', tenant: 'acme' },
  ],
];

/** What no tenant's admin may do, not even to its own. */
const operators = new Set(['suspend', 'add-principal']);

const byAdmin = ([id, method, path, body]: (typeof adminRefusals)[number]): Attack => ({
  ...operating(`admin-${id}`, `beta's admin: ${method} ${path}`),
  run: async (scene) => {
    const reply = await scene.signed('beta-admin', { method, path, body });
    assertRefused(
      reply,
      operators.has(id)
        ? { status: 403, code: 'FORBIDDEN' }
        : { status: 404, code: 'TENANT_NOT_FOUND' },
    );
  },
});

const keyOfOther = (verb: 'show' | 'revoke' | 'rotate' | 'rename'): Attack => ({
  ...operating(`admin-key-${verb}`, `beta's admin: ${verb} a key of acme by its id`),
  run: async (scene) => {
    const path = `/admin/keys/${keyIdOf(scene.acme)}`;
    const request = {
      show: { method: 'GET', path },
      revoke: { method: 'POST', path: `${path}/revoke` },
      rotate: { method: 'POST', path: `${path}/rotate`, body: {} },
      rename: { method: 'PATCH', path, body: { name: 'mine' } },
    }[verb];
    const reply = await scene.signed('beta-admin', request);
    assertRefused(reply, { status: 404, code: 'KEY_NOT_FOUND' });
    const own = await scene.signed('operator', { method: 'GET', path });
    assert.equal(own.json['status'], 'active');
  },
});

export const tenantAttacks: readonly Attack[] = [
  theirs,
  auditedAsUnknown,
  asked(reading('list', 'tools/list, looked through for the other tenant', directory), (scene) =>
    scene.send({ key: scene.acme, body: listOf() }),
  ),
  asked(reading('rest-list', 'GET /tools', directory), (scene) => get(scene, '/tools')),
  asked(reading('openapi', 'GET /openapi.json', directory), (scene) => get(scene, '/openapi.json')),
  asked(reading('servers', 'GET /servers', directory), (scene) => get(scene, '/servers')),
  asked(
    reading(
      'me',
      'GET /me with the other tenant in query and headers',
      'handler: who is asking comes from the authorizer alone (src/principals/principal.ts)',
    ),
    async (scene) => {
      const reply = await get(scene, '/me?tenant=beta&keyId=' + keyIdOf(scene.beta), {
        'x-tenant': 'beta',
        'x-amz-tenant-id': 'beta',
      });
      assert.match(reply.text, /"tenant":"acme"/u);
      assert.ok(!reply.text.includes(keyIdOf(scene.beta)));
      return reply;
    },
  ),
  refusal(
    reading('rest-call', "POST /tools/{name} of the other tenant's tool", directory),
    ({ acme }) => ({ key: acme, path: '/tools/vault_echo', body: { text: 'open' } }),
    { status: 404, code: 'NOT_FOUND' },
  ),
  refusal(
    reading(
      'cursor',
      "the cursor of the other tenant's list",
      'handler: a cursor is of one list (src/tools/cursor.ts)',
    ),
    async ({ acme }) => ({
      key: acme,
      method: 'GET',
      path: `/tools?cursor=${Buffer.from('{"after":"vault_echo","tenant":"beta"}').toString('base64url')}`,
    }),
    { status: 400, code: 'INVALID_REQUEST' },
  ),
  ...adminRefusals.map(byAdmin),
  ...(['show', 'revoke', 'rotate', 'rename'] as const).map(keyOfOther),
];

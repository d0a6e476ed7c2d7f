import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import { refusal } from '../refusal.ts';
import { callOf } from '../scene-types.ts';

const body = callOf('search', { query: 'plan' });
const path = (id: string, attack: string): AttackFacts => ({
  id: `routes/${id}`,
  category: 'API9 inventory',
  family: 'path tricks around a route',
  attack,
  rule: 'API Gateway: a path is a route or a 404; dots are names, %2F stays in its segment (local/gateway/router.ts)',
});
const verb = (id: string, attack: string): AttackFacts => ({
  ...path(id, attack),
  family: 'another method, by the line or by a header',
  rule: 'API Gateway: a method without a route is a 404; of /mcp, GET and DELETE are fixed 405s (lib/constructs/mcp-api.ts)',
});
const gone = { status: 404, code: 'NOT_FOUND', reached: 'gateway' } as const;
const unsigned = { status: 401, code: 'UNAUTHENTICATED', reached: 'gateway' } as const;

const at = (
  id: string,
  sent: string,
  expected: { readonly status: number; readonly code: string; readonly reached: 'gateway' } = gone,
): Attack => refusal(path(id, sent), ({ acme }) => ({ key: acme, path: sent, body }), expected);

const forgotten: Attack = {
  ...path('inventory', 'paths that servers are often left with'),
  rule: 'API Gateway: what has no route is a 404, without asking anybody',
  run: async (scene) => {
    const before = scene.traffic();
    for (const sent of [
      '/.env',
      '/.git/config',
      '/v1/mcp',
      '/sse',
      '/messages',
      '/debug',
      '/metrics',
      '/swagger.json',
      '/live/mcp',
      '/_api_',
      '/restapis',
      '/2015-03-31/functions/x/invocations',
      '/oauth',
      '/oauth/introspect',
      '/login',
    ]) {
      const reply = await scene.send({ method: 'GET', path: sent, key: scene.acme });
      assert.equal(reply.status, 404, sent);
      assert.equal(reply.json.code, 'NOT_FOUND');
    }
    const after = scene.traffic();
    assert.deepEqual([after.mcp, after.authorizer], [before.mcp, before.authorizer]);
  },
};

const anonymousSlashes: Attack = {
  ...path('slashes', '//mcp, ///mcp and /mcp/ without a key'),
  rule: 'API Gateway: slashes in front are one; the route that results asks for its key',
  run: async (scene) => {
    for (const sent of ['//mcp', '///mcp', '/mcp/', '/%6dcp']) {
      const reply = await scene.send({ path: sent, body });
      assert.equal(reply.status, 401, sent);
      assert.equal(reply.json.code, 'UNAUTHENTICATED');
    }
  },
};

const override = (id: string, to: string, status: number): Attack => ({
  ...verb(`override-${id}`, `X-HTTP-Method-Override: ${to}, and its two relatives`),
  run: async (scene) => {
    const before = scene.traffic();
    const reply = await scene.send({
      key: scene.acme,
      headers: {
        'x-http-method-override': to,
        'x-method-override': to,
        'x-http-method': to,
      },
      body,
    });
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.json.result, undefined);
    assert.equal(scene.traffic().mcp, before.mcp);
  },
});

const overrideWithoutKey: Attack = {
  ...verb('override-open', 'an open route whose method is overridden to that of a keyed one'),
  run: async (scene) => {
    const before = scene.traffic();
    for (const [sent, method] of [
      ['/mcp', 'GET'],
      ['/mcp', 'DELETE'],
      ['/health', 'GET'],
    ] as const) {
      const reply = await scene.send({
        method,
        path: sent,
        headers: { 'x-http-method-override': 'POST' },
      });
      assert.ok([401, 404].includes(reply.status), `${sent} ${reply.status}`);
    }
    assert.equal(scene.traffic().mcp, before.mcp);
  },
};

export const routeAttacks: readonly Attack[] = [
  anonymousSlashes,
  at('dots', '/mcp/../admin/tenants'),
  at('dots-encoded', '/mcp/%2e%2e/admin/tenants'),
  at('semicolon', '/mcp/..;/admin'),
  at('matrix', '/mcp;admin=1'),
  at('encoded-slash', '/mcp%2fadmin'),
  at('double-encoded', '/%256dcp'),
  at('trailing-dot', '/mcp.'),
  at('case', '/MCP'),
  at('suffix', '/mcp.json'),
  at('below', '/mcp/anything'),
  at('backslash', '/mcp\\..\\admin'),
  refusal(
    path('admin-dots', '/admin/../tools with GET'),
    ({ acme }) => ({ method: 'GET', key: acme, path: '/admin/../tools' }),
    unsigned,
  ),
  refusal(path('bad-encoding', '/%ff%zz'), ({ acme }) => ({ key: acme, path: '/%ff%zz', body }), {
    status: 400,
    code: 'INVALID_REQUEST',
    reached: 'gateway',
  }),
  refusal(
    path('tool-dots', '/tools/..%2fadmin as the name of a tool'),
    ({ acme }) => ({ key: acme, path: '/tools/..%2fadmin', body: {} }),
    { status: 404, code: 'NOT_FOUND' },
  ),
  forgotten,
  override('get', 'GET', 405),
  override('delete', 'DELETE', 405),
  override('put', 'PUT', 404),
  overrideWithoutKey,
  refusal(
    verb('trace', 'TRACE, which would send the key back'),
    ({ acme }) => ({ method: 'TRACE', key: acme }),
    gone,
  ),
  refusal(verb('put', 'PUT /mcp'), ({ acme }) => ({ method: 'PUT', key: acme, body }), gone),
];

import assert from 'node:assert/strict';
import { withWrongSecret } from './credentials.ts';
import { revokeKey } from '../../../src/admin/keys.ts';
import { parseApiKey } from '../../../src/credentials/api-key.ts';
import type { Attack, AttackFacts } from '../attack.ts';
import { accessToken } from '../pool-token.ts';
import { assertRefused, refusal } from '../refusal.ts';
import { callOf } from '../scene-types.ts';
import type { Scene } from '../scene.ts';

const body = callOf('search', { query: 'lane' });
const denied = { status: 401, code: 'UNAUTHENTICATED' } as const;
const cached = 'authorizer cache keyed by Authorization alone (ADR 0005)';
const about = (id: string, attack: string, rule: string): AttackFacts => ({
  id: `lanes/${id}`,
  category: 'API2 authentication',
  family: "confusion of the authorizer's cache and of lanes",
  attack,
  rule,
});
/** Puts a decision for the key into the cache. */
const warm = async (scene: Scene, key = scene.acme): Promise<void> => {
  assert.equal((await scene.send({ key, body })).status, 200);
};
const whoIs = async (scene: Scene, headers: Record<string, string>): Promise<string> => {
  const reply = await scene.send({ method: 'GET', path: '/me', headers });
  assert.equal(reply.status, 200, reply.text);
  return String(reply.json['tenant']);
};

export const laneAttacks: readonly Attack[] = [
  {
    ...about('other-header', "acme's cached Authorization beside beta's key in x-api-key", cached),
    run: async (scene) => {
      await warm(scene);
      const headers = { authorization: `Bearer ${scene.acme}`, 'x-api-key': scene.beta };
      assert.equal(await whoIs(scene, headers), 'acme');
      assert.equal(
        await whoIs(scene, { ...headers, authorization: `Bearer ${scene.beta}` }),
        'beta',
      );
    },
  },
  {
    ...about('cached-then-none', 'a cached key in x-api-key, without Authorization', cached),
    run: async (scene) => {
      await warm(scene);
      const reply = await scene.send({ headers: { 'x-api-key': scene.acme }, body });
      assertRefused(reply, denied);
    },
  },
  {
    ...about('cached-neighbour', 'a cached key with another secret of the same length', cached),
    run: async (scene) => {
      await warm(scene);
      assertRefused(await scene.send({ key: withWrongSecret(scene.acme), body }), denied);
    },
  },
  {
    ...about('cached-case', 'a cached key in other letters, and with another scheme', cached),
    run: async (scene) => {
      await warm(scene);
      for (const authorization of [
        `Bearer ${scene.acme.toUpperCase()}`,
        `Token ${scene.acme}`,
        `Bearer ${scene.acme} x`,
      ]) {
        assertRefused(await scene.send({ headers: { authorization }, body }), denied);
      }
    },
  },
  {
    ...about(
      'cached-route',
      'a key whose decision was cached on one route, on all others',
      `${cached}: the policy is of every route, roles are looked at behind it`,
    ),
    run: async (scene) => {
      await warm(scene);
      for (const path of ['/me', '/tools', '/servers']) {
        const reply = await scene.send({ method: 'GET', path, key: scene.acme });
        assert.equal(reply.status, 200);
      }
      const admin = await scene.send({ method: 'GET', path: '/admin', key: scene.acme });
      assertRefused(admin, denied);
    },
  },
  {
    ...about(
      'cached-revoked',
      'a revoked key whose decision is cached',
      'handler: the charge asks for the standing of a key (src/quota, ADR 0018)',
    ),
    run: async (scene) => {
      const key = await scene.rig.keyOn('premium', `gone-${Date.now().toString(36)}`);
      await warm(scene, key);
      await revokeKey(scene.rig.admin, parseApiKey(key)?.keyId ?? '');
      assertRefused(await scene.send({ key, body }), denied);
      await scene.logged(/"policyId":"standing:revoked"/u);
    },
  },
  {
    ...about(
      'cached-network',
      'a key of another network whose decision is cached',
      'handler: networks again for each request (lambdas/mcp/handler.ts)',
    ),
    run: async (scene) => {
      const tenant = `net-${Date.now().toString(36)}`;
      const key = await scene.rig.keyOn('premium', tenant, { cidrs: ['10.0.0.0/8'] });
      for (let again = 0; again < 2; again++) {
        assertRefused(await scene.send({ key, body }), denied);
      }
    },
  },
  refusal(
    about(
      'key-on-signed',
      'a key on the lane of signatures',
      'API Gateway: AWS_IAM on /ci/mcp (lib/constructs/mcp-api.ts)',
    ),
    ({ acme }) => ({ path: '/ci/mcp', key: acme, body }),
    { ...denied, reached: 'gateway' },
  ),
  {
    ...about(
      'token-on-signed',
      'an access token on the lane of signatures, cached on the other',
      'API Gateway: AWS_IAM on /ci/mcp (lib/constructs/mcp-api.ts)',
    ),
    run: async (scene) => {
      const key = accessToken(scene).right();
      await warm(scene, key);
      assertRefused(await scene.send({ path: '/ci/mcp', key, body }), denied);
    },
  },
  {
    ...about(
      'signed-on-keyed',
      'a signature by AWS credentials on the lane of keys',
      'authorizer: scheme Bearer (lambdas/authorizer/handler.ts)',
    ),
    run: async (scene) => {
      assertRefused(
        await scene.signed('acme-user', { method: 'POST', path: '/mcp', body }),
        denied,
      );
    },
  },
  {
    ...about(
      'two-credentials',
      "beta's key beside acme's access token and signature headers",
      cached,
    ),
    run: async (scene) => {
      const headers = {
        authorization: `Bearer ${scene.beta}`,
        'x-amz-security-token': accessToken(scene).right(),
        'x-amz-date': '20260101T000000Z',
        'proxy-authorization': `Bearer ${scene.acme}`,
        'x-original-authorization': `Bearer ${scene.acme}`,
      };
      assert.equal(await whoIs(scene, headers), 'beta');
    },
  },
  {
    ...about(
      'key-as-jwt',
      'a key with dots, and a token that begins like a key',
      'authorizer: one lane by the form of the credential (src/credentials/looks-like-jwt.ts)',
    ),
    run: async (scene) => {
      for (const key of [`${scene.acme}.a.b`, `smcp_${accessToken(scene).right()}`]) {
        assertRefused(await scene.send({ key, body }), denied);
      }
    },
  },
];

import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import { codeOf, redeem, verifier } from '../oauth-flow.ts';
import type { Scene } from '../scene.ts';

const about = (id: string, attack: string): AttackFacts => ({
  id: `oauth/code-${id}`,
  category: 'API2 authentication',
  family: 'codes: replayed, stolen, taken elsewhere',
  attack,
  rule: 'OAuth function: sealed, bound to client, redirect URI, resource and PKCE; the pool’s code is good once (src/oauth/token.ts)',
});

const attempts: readonly (readonly [id: string, form: Record<string, string>, error: string])[] = [
  ['other-verifier', { code_verifier: 'w'.repeat(43) }, 'invalid_grant'],
  ['no-verifier', { code_verifier: '' }, 'invalid_request'],
  ['other-redirect', { redirect_uri: 'http://127.0.0.1:1/else' }, 'invalid_grant'],
  ['other-client', { client_id: 'https://app.example.com/client.json' }, 'invalid_grant'],
  ['unknown-client', { client_id: 'evil' }, 'invalid_client'],
  ['other-resource', { resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
  ['password-grant', { grant_type: 'password' }, 'unsupported_grant_type'],
];

const refused = async (
  scene: Scene,
  form: Record<string, string>,
  error: string,
): Promise<void> => {
  const reply = await redeem(scene, form);
  assert.ok(reply.status === 400 || reply.status === 401, String(reply.status));
  assert.equal(reply.json['error'], error);
  assert.equal(reply.json['access_token'], undefined);
};

const replayed: Attack = {
  ...about('replay', 'a code redeemed a second time, and its refresh token at another client'),
  run: async (scene) => {
    const code = await codeOf(scene);
    const first = await redeem(scene, { code });
    assert.equal(first.status, 200, first.text);
    await refused(scene, { code }, 'invalid_grant');
    const refresh = String(first.json['refresh_token']);
    await refused(
      scene,
      { grant_type: 'refresh_token', refresh_token: refresh, client_id: 'evil' },
      'invalid_client',
    );
  },
};

/** One code that the thief tries everything with; at the end its owner still can. */
const stolen: Attack = {
  ...about('stolen', `a stolen code: ${attempts.map(([id]) => id).join(', ')}`),
  run: async (scene) => {
    const code = await codeOf(scene);
    for (const [, form, error] of attempts) await refused(scene, { code, ...form }, error);
    assert.equal((await redeem(scene, { code })).status, 200);
  },
};

export const oauthCodeAttacks: readonly Attack[] = [
  replayed,
  stolen,
  {
    ...about('tampered', 'a code with one character changed, and one of the pool’s form'),
    run: async (scene) => {
      const code = await codeOf(scene);
      const other = code.endsWith('AA') ? 'BB' : 'AA';
      await refused(scene, { code: code.slice(0, -2) + other }, 'invalid_grant');
      await refused(scene, { code: 'c0ffee', code_verifier: verifier }, 'invalid_grant');
    },
  },
  {
    ...about('secret', 'a client that has no secret, with a secret; Basic for another client'),
    run: async (scene) => {
      await refused(scene, { code: 'x', client_secret: 'guess' }, 'invalid_client');
      const { pool } = scene.rig.twin;
      const machine = pool?.clients.find(({ hasSecret }) => hasSecret)?.clientId ?? '';
      const credentials = Buffer.from(`${machine}:guess`).toString('base64');
      const reply = await scene.send({
        path: '/oauth/token',
        headers: {
          authorization: `Basic ${credentials}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: 'grant_type=client_credentials',
      });
      assert.equal(reply.json['error'], 'invalid_client');
    },
  },
];

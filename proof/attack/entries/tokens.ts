import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { Attack, AttackFacts } from '../attack.ts';
import { accessToken } from '../pool-token.ts';
import { refusal } from '../refusal.ts';
import { callOf } from '../scene-types.ts';
import type { Scene } from '../scene.ts';

const body = callOf('search', { query: 'token' });
const verifier = 'authorizer: src/credentials/verify-access-token.ts';
const about = (id: string, attack: string): AttackFacts => ({
  id: `tokens/${id}`,
  category: 'API2 authentication',
  family: 'forged access tokens',
  attack,
  rule: verifier,
});
const passed = (id: string, attack: string): AttackFacts => ({
  ...about(id, attack),
  category: 'MCP token passthrough',
  family: "another server's access tokens",
});

const denied = (reason: string) =>
  ({
    status: 401,
    code: 'UNAUTHENTICATED',
    reached: 'authorizer',
    logged: new RegExp(`"event":"auth\\.refused"[^\\n]*"reason":"${reason}"`, 'u'),
  }) as const;

const token = (facts: AttackFacts, make: (scene: Scene) => string, reason: string): Attack =>
  refusal(facts, (scene) => ({ key: make(scene), body }), denied(reason));

const forged =
  (changes: object, signature = 'AAAA') =>
  (scene: Scene) =>
    accessToken(scene).forged({ ...changes }, signature);

const hmac = (scene: Scene): string => {
  const [head, payload] = accessToken(scene).forged({ alg: 'HS256' }, 'x').split('.');
  const text = `${head}.${payload}`;
  const { kid } = JSON.parse(Buffer.from(head ?? '', 'base64url').toString()) as { kid: string };
  return `${text}.${createHmac('sha256', kid).update(text).digest('base64url')}`;
};

const forwarded: Attack = {
  ...passed('downstream', "a caller's token, looked for in what an upstream is sent"),
  rule: 'handler: no header of a caller is passed on (src/upstreams/http-headers.ts)',
  run: async (scene) => {
    const key = accessToken(scene).right();
    const seen = scene.shifty.requests.length;
    const reply = await scene.send({ key, body: callOf('shifty_echo', { text: 'hello' }) });
    assert.equal(reply.status, 200);
    const sent = scene.shifty.requests.slice(seen);
    assert.ok(sent.length > 0);
    assert.ok(!JSON.stringify(sent).includes(key.slice(0, 60)));
    assert.ok(sent.every(({ headers }) => headers.authorization === undefined));
  },
};

export const tokenAttacks: readonly Attack[] = [
  token(about('none', 'alg none, without a signature'), forged({ alg: 'none' }, ''), 'malformed'),
  token(about('none-case', 'alg nOnE'), forged({ alg: 'nOnE' }), 'algorithm'),
  token(about('hmac', 'HS256 by something that is public'), hmac, 'algorithm'),
  token(about('stranger', 'a right header, a signature of nobody'), forged({}), 'signature'),
  token(
    about('jku', 'a true signature, and jku to a host of ours'),
    (scene) => accessToken(scene).withHeader({ jku: `${scene.trap.url}/jwks.json` }),
    'header',
  ),
  token(
    about('kid-path', 'a kid that is a path'),
    (scene) => accessToken(scene).withHeader({ kid: '../../../dev/null' }),
    'key',
  ),
  token(
    about('expired', 'expired a second ago'),
    (scene) => accessToken(scene).right({ exp: Math.floor(Date.now() / 1000) - 1 }),
    'expired',
  ),
  token(
    about('two-tenants', 'a list of tenants'),
    (scene) => accessToken(scene).right({ tenant: ['demo', 'beta'] }),
    'tenant',
  ),
  token(
    passed('audience', "another server's audience"),
    (scene) => accessToken(scene).right({ aud: 'https://elsewhere.example/mcp' }),
    'audience',
  ),
  token(
    passed('issuer', "another issuer's, which is a host of ours"),
    (scene) => accessToken(scene).right({ iss: scene.trap.url }),
    'issuer',
  ),
  token(
    passed('client', "another application's client"),
    (scene) => accessToken(scene).right({ client_id: 'abcdefghijklmnopqrstuvwxyz' }),
    'client',
  ),
  token(
    passed('id-token', 'an ID token'),
    (scene) => accessToken(scene).right({ token_use: 'id' }),
    'token-use',
  ),
  token(
    passed('scope', "a token without this server's scope"),
    (scene) => accessToken(scene).right({ scope: 'openid email' }),
    'scope',
  ),
  forwarded,
];

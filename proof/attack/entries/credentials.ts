import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { encodeBase62, randomBase62 } from '../../../src/credentials/base62.ts';
import { mintApiKey, parseApiKey } from '../../../src/credentials/api-key.ts';
import type { Attack, AttackFacts } from '../attack.ts';
import { assertRefused, refusal, refusedAs } from '../refusal.ts';
import { callOf } from '../scene-types.ts';

const body = callOf('search', { query: 'key' });
const denied = { status: 401, code: 'UNAUTHENTICATED', rpc: -31401 } as const;

/** A key id that exists, another secret, and a checksum that is right. */
export const withWrongSecret = (key: string): string => {
  const { tenant = '', keyId = '' } = parseApiKey(key) ?? {};
  const text = `smcp_${tenant}_${keyId}${randomBase62(32)}`;
  return text + encodeBase62(crc32(text), 6);
};

const underTenant = (key: string, tenant: string): string => {
  const text = `smcp_${tenant}_${key.split('_')[2]?.slice(0, -6)}`;
  return text + encodeBase62(crc32(text), 6);
};

const about = (id: string, attack: string, rule: string): AttackFacts => ({
  id: `credentials/${id}`,
  category: 'API2 authentication',
  family: 'guessed and forged API keys',
  attack,
  rule,
});
const form = (id: string, attack: string, rule: string): AttackFacts => ({
  ...about(id, attack, rule),
  family: 'a credential in another form or place',
});

const verifier = 'authorizer: src/credentials/verify-api-key.ts';
const source = 'gateway response UNAUTHORIZED: no identity source (lib/constructs/mcp-api.ts)';
const scheme =
  'authorizer: one Authorization header, scheme Bearer (lambdas/authorizer/handler.ts)';

const stuffing: Attack = {
  ...about('stuffing', '200 well-formed keys of other sites, 20 at a time', verifier),
  run: async (scene) => {
    const before = scene.traffic();
    for (let batch = 0; batch < 10; batch++) {
      const keys = Array.from({ length: 20 }, () => mintApiKey(batch % 2 ? 'acme' : 'other').key);
      const replies = await Promise.all(keys.map((key) => scene.send({ key, body })));
      for (const reply of replies) assertRefused(reply, denied);
    }
    const after = scene.traffic();
    assert.equal(after.mcp, before.mcp);
    // One read for each and no more: nothing is written, nothing is looked for by tenant.
    assert.equal(after.reads - before.reads, 200);
    await scene.logged(/"event":"auth\.refused"[^\n]*"reason":"unknown"/u);
  },
};

const unread: Attack = {
  ...about('wrong-checksum', 'a key whose last character was guessed', `${verifier}, checksum`),
  run: async (scene) => {
    const before = scene.traffic();
    const last = scene.acme.endsWith('A') ? 'B' : 'A';
    const key = scene.acme.slice(0, -1) + last;
    await refusedAs(scene, () => scene.send({ key, body }), { ...denied, reached: 'authorizer' });
    assert.equal(scene.traffic().reads, before.reads, 'a read was spent on it');
  },
};

const sameAnswer: Attack = {
  ...about('oracle', 'unknown key, wrong secret and revoked form side by side', verifier),
  run: async (scene) => {
    const texts = new Set<string>();
    for (const key of [
      mintApiKey('acme').key,
      withWrongSecret(scene.acme),
      'smcp_acme_x',
      'x.y.z',
    ]) {
      const { json, headers } = await scene.send({ key, body });
      const { requestId: _, error, ...rest } = json;
      texts.add(JSON.stringify([rest, error?.code, error?.message, headers['www-authenticate']]));
    }
    assert.equal(texts.size, 1, 'the answers tell them apart');
  },
};

export const credentialAttacks: readonly Attack[] = [
  stuffing,
  unread,
  sameAnswer,
  refusal(
    about('wrong-secret', 'the id of a real key with another secret', verifier),
    ({ acme }) => ({ key: withWrongSecret(acme), body }),
    { ...denied, reached: 'authorizer', logged: /"reason":"secret"/u },
  ),
  refusal(
    about(
      'other-tenant',
      "a real key under another tenant's name",
      `${verifier}, HMAC of all of it`,
    ),
    ({ acme }) => ({ key: underTenant(acme, 'beta'), body }),
    { ...denied, reached: 'authorizer' },
  ),
  refusal(
    about('twisted-tenant', 'a key of the tenant acme/../beta', `${verifier}, pattern`),
    ({ acme }) => ({ key: acme.replace('acme', 'acme%2f..%2fbeta'), body }),
    { ...denied, reached: 'authorizer' },
  ),
  refusal(form('none', 'no credential', source), () => ({ body }), {
    ...denied,
    reached: 'gateway',
  }),
  refusal(
    form('x-api-key', 'the key as x-api-key', source),
    ({ acme }) => ({ headers: { 'x-api-key': acme }, body }),
    { ...denied, reached: 'gateway' },
  ),
  refusal(
    form('query', 'the key in the query', source),
    ({ acme }) => ({ path: `/mcp?access_token=${acme}&api_key=${acme}`, body }),
    { ...denied, reached: 'gateway' },
  ),
  refusal(
    form('basic', 'the key as the password of Basic', scheme),
    ({ acme }) => ({
      headers: { authorization: `Basic ${Buffer.from(`x:${acme}`).toString('base64')}` },
      body,
    }),
    { ...denied, reached: 'authorizer' },
  ),
  refusal(
    form('bare', 'the key without a scheme', scheme),
    ({ acme }) => ({ headers: { authorization: acme }, body }),
    { ...denied, reached: 'authorizer' },
  ),
  refusal(
    form('list', 'two keys in one header, with a comma', scheme),
    ({ acme, beta }) => ({ headers: { authorization: `Bearer ${acme}, Bearer ${beta}` }, body }),
    { ...denied, reached: 'authorizer' },
  ),
  refusal(
    form('cookie', 'the key as a cookie', source),
    ({ acme }) => ({ headers: { cookie: `authorization=${acme}; token=${acme}` }, body }),
    { ...denied, reached: 'gateway' },
  ),
];

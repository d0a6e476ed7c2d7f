import assert from 'node:assert/strict';
import { enoughOfMinute } from '../../support/enough-of-minute.ts';
import type { Attack, AttackFacts } from '../attack.ts';
import { redirectUri } from '../oauth-flow.ts';
import { callOf } from '../scene-types.ts';

const about = (id: string, attack: string, rule: string): AttackFacts => ({
  id: `flows/${id}`,
  category: 'API6 business flows',
  family: 'floods of registrations and calls',
  attack,
  rule,
});

const registrations: Attack = {
  ...about(
    'register',
    '300 registrations at once',
    'API Gateway: a throttle of its own; nothing is stored (lib/constructs/oauth-routes.ts, ADR 0011)',
  ),
  run: async (scene) => {
    const body = { redirect_uris: [redirectUri], client_name: 'flood-canary' };
    const replies = await Promise.all(
      Array.from({ length: 300 }, () => scene.send({ path: '/oauth/register', body })),
    );
    const statuses = new Set(replies.map(({ status }) => status));
    assert.deepEqual([...statuses].sort(), [201, 429]);
    const ids = new Set(replies.flatMap(({ json }) => json['client_id'] ?? []));
    assert.equal(ids.size, 1, 'a client was made');
    assert.ok(!scene.stored().includes('flood-canary'), 'something was stored');
  },
};

const quota: Attack = {
  ...about(
    'quota',
    '120 calls at once on a plan of 50 a minute',
    'handler: one conditional write counts and refuses (src/quota, ADR 0018)',
  ),
  run: async (scene) => {
    const tenant = `flood-${Date.now().toString(36)}`;
    const key = await scene.rig.keyOn('trial', tenant);
    await enoughOfMinute();
    const call = () => scene.send({ key, body: callOf('search', { query: 'plan' }) });
    const replies = await Promise.all(Array.from({ length: 120 }, call));
    const served = replies.filter(({ status }) => status === 200).length;
    assert.equal(served, 50, `${served} were served`);
    const refused = replies.find(({ status }) => status === 429);
    assert.equal(refused?.json.code, 'QUOTA_EXCEEDED');
    await scene.logged(/"decision":"deny","policyId":"quota:minute"/u);
  },
};

const growing: Attack = {
  ...about(
    'batch-quota',
    'a batch of 20 calls, to be charged as one',
    'handler: each call of a batch is charged (src/quota)',
  ),
  run: async (scene) => {
    const key = await scene.rig.keyOn('trial', `batch-${Date.now().toString(36)}`);
    await enoughOfMinute();
    const body = Array.from({ length: 20 }, (_, id) => callOf('search', { query: 'plan' }, id));
    const { text } = await scene.send({ key, body });
    assert.equal((JSON.parse(text) as readonly unknown[]).length, 20);
    const me = await scene.send({ method: 'GET', path: '/me', key });
    assert.match(me.text, /"used":20\b/u);
  },
};

export const flowAttacks: readonly Attack[] = [registrations, quota, growing];

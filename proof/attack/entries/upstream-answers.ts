import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import { callOf, listOf } from '../scene-types.ts';

const answering = (id: string, attack: string, rule: string): AttackFacts => ({
  id: `upstreams/${id}`,
  category: 'API10 unsafe consumption of APIs',
  family: 'hostile answers of an upstream',
  attack,
  rule,
});

const answers: readonly (readonly [id: string, attack: string, text: (id: unknown) => string])[] = [
  ['html', 'HTML in place of JSON', () => '<html><script>alert(1)</script></html>'],
  [
    'other-id',
    'the answer of another request',
    () => '{"jsonrpc":"2.0","id":"other","result":{"content":[]}}',
  ],
  ['number', 'a number', () => '7'],
  ['deep', '100,000 levels', () => '['.repeat(100_000)],
  ['no-result', 'neither result nor error', (id) => JSON.stringify({ jsonrpc: '2.0', id })],
  [
    'huge',
    '9 MB',
    (id) =>
      JSON.stringify({
        jsonrpc: '2.0',
        id,
        result: { content: [{ type: 'text', text: 'x'.repeat(9_000_000) }] },
      }),
  ],
];

const hostile = ([id, attack, text]: (typeof answers)[number]): Attack => ({
  ...answering(
    id,
    `a tool that answers ${attack}`,
    'handler: parsed and capped (src/upstreams/http-session.ts, src/fetch-guard/limited-body.ts)',
  ),
  run: async (scene) => {
    const honest = scene.poisoned.answer;
    scene.poisoned.answer = text;
    try {
      const reply = await scene.send({ key: scene.acme, body: callOf('plain_odd', {}) });
      assert.equal(reply.status, 200);
      assert.ok(
        reply.json.result?.isError === true || reply.json.error !== undefined,
        reply.text.slice(0, 300),
      );
      assert.ok(reply.text.length < 2_000);
      assert.ok(!reply.text.includes('<script'));
    } finally {
      scene.poisoned.answer = honest;
    }
  },
});

const meta: Attack = {
  ...answering(
    'meta',
    '_meta of the protocol, __proto__ and a rate limit of its own',
    'handler: reserved _meta is dropped (src/gateway/definitions.ts)',
  ),
  run: async (scene) => {
    const honest = scene.poisoned.answer;
    scene.poisoned.answer = (id) =>
      `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[{"type":"text","text":"x"}],"__proto__":{"polluted":1},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"evil"},"drawbridge/missing":[]}}}`;
    try {
      const reply = await scene.send({ key: scene.acme, body: callOf('plain_odd', {}) });
      assert.ok(!reply.text.includes('evil'));
      assert.equal(({} as { polluted?: number }).polluted, undefined);
      const next = await scene.send({ key: scene.acme, body: listOf() });
      assert.ok(!next.text.includes('polluted'));
    } finally {
      scene.poisoned.answer = honest;
    }
  },
};

const pattern: Attack = {
  ...answering(
    'pattern',
    'a schema whose pattern backtracks for ever',
    "handler: an upstream's schema is not run against arguments (src/gateway/forwarding.ts)",
  ),
  run: async (scene) => {
    const from = Date.now();
    const reply = await scene.send({
      key: scene.acme,
      body: callOf('slow_pattern', { text: `${'a'.repeat(40)}!` }),
    });
    assert.equal(reply.status, 200);
    assert.ok(Date.now() - from < 3_000);
  },
};

export const upstreamAnswerAttacks: readonly Attack[] = [...answers.map(hostile), meta, pattern];

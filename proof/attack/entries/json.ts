import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import { refusal } from '../refusal.ts';
import { callOf, listOf } from '../scene-types.ts';

const about = (id: string, attack: string, rule: string): AttackFacts => ({
  id: `json/${id}`,
  category: 'API4 resource consumption',
  family: 'bombs of JSON and of batches',
  attack,
  rule,
});
const polluting = (id: string, attack: string): AttackFacts => ({
  id: `json/${id}`,
  category: 'API3 object property level authorization',
  family: 'names of Object.prototype in calls',
  attack,
  rule: 'handler: schemas read own properties; arguments are strict (src/gateway/own-tools.ts)',
});

const depth = 'handler: 64 levels, counted before it is parsed (lambdas/mcp/incoming.ts)';
const size = 'WAF: BodySize, in every mode (lib/constructs/web-acl-rules.ts, ADR 0010)';
const batch = 'handler: 20 messages, each id once (lambdas/mcp/incoming.ts)';
const schema = "handler: the tool's schema (src/gateway/own-tools.ts)";
const invalid = { status: 400, code: 'INVALID_REQUEST' } as const;

const raw = (text: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${text}}`;

/** Answered as a tool error that says what is wrong, in little time. */
const toolError = (facts: AttackFacts, body: string | object): Attack => ({
  ...facts,
  run: async ({ send, acme }) => {
    const from = Date.now();
    const reply = await send({ key: acme, body });
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.json.result?.isError, true, reply.text);
    assert.ok(Date.now() - from < 5_000);
  },
});

/** What is served in spite of the trick, and shows nothing of it. */
const harmless = (facts: AttackFacts, bodies: readonly (string | object)[]): Attack => ({
  ...facts,
  run: async ({ send, acme }) => {
    for (const body of bodies) {
      const reply = await send({ key: acme, body });
      assert.ok([200, 400].includes(reply.status), String(reply.status));
      assert.ok(!reply.text.includes('polluted'), reply.text);
    }
    const list = await send({ key: acme, body: listOf() });
    assert.ok(!list.text.includes('polluted'));
    assert.ok(list.text.includes('"search"'));
  },
});

const doubled: Attack = {
  ...about(
    'duplicate-keys',
    'method and name twice: one for a filter, one for the server',
    'one parser: what is audited is what runs (lambdas/mcp/incoming.ts)',
  ),
  run: async (scene) => {
    const reply = await scene.send({
      key: scene.acme,
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{"name":"search","name":"nope-twice","arguments":{}}}',
    });
    assert.equal(reply.json.error?.code, -32602, reply.text);
    const id = reply.headers['x-amzn-requestid'] ?? '';
    const pattern = new RegExp(`"requestId":"${id}"[^\\n]*"method":"tools/call","tool":null`, 'u');
    await scene.logged(pattern);
  },
};

const flood: Attack = {
  ...about('notifications', 'a batch of 20 notifications, which nobody answers', batch),
  run: async ({ send, acme }) => {
    const one = { jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1 } };
    const reply = await send({ key: acme, body: Array.from({ length: 20 }, () => one) });
    assert.equal(reply.status, 202);
    assert.equal(reply.text, '');
  },
};

export const jsonAttacks: readonly Attack[] = [
  refusal(
    about('deep-arrays', '100,000 opened brackets', depth),
    ({ acme }) => ({ key: acme, body: '['.repeat(100_000) }),
    invalid,
  ),
  refusal(
    about('deep-arguments', 'arguments 5,000 levels deep', depth),
    ({ acme }) => ({
      key: acme,
      body: raw(`{"name":"search","arguments":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`),
    }),
    invalid,
  ),
  refusal(
    about('large', '2 MB of arguments', size),
    ({ acme }) => ({ key: acme, body: callOf('search', { query: 'x'.repeat(2_000_000) }) }),
    { status: 413, code: 'REQUEST_TOO_LARGE', reached: 'gateway' },
  ),
  refusal(
    about('large-length', 'a Content-Length with zeros in front', size),
    ({ acme }) => ({
      key: acme,
      headers: { 'content-length': '00000002000000' },
      body: 'x'.repeat(2_000_000),
    }),
    { status: 413, code: 'REQUEST_TOO_LARGE', reached: 'gateway' },
  ),
  refusal(
    about(
      'number',
      'a number of 100,000 digits',
      'handler: numbers that JSON cannot say again (lambdas/mcp/auditor.ts)',
    ),
    ({ acme }) => ({
      key: acme,
      body: raw(`{"name":"search","arguments":{"query":"x","limit":1${'0'.repeat(100_000)}}}`),
    }),
    invalid,
  ),
  refusal(
    about(
      'exponent',
      '1e400 and -1e400',
      'handler: numbers that JSON cannot say again (lambdas/mcp/auditor.ts)',
    ),
    ({ acme }) => ({
      key: acme,
      body: raw('{"name":"search","arguments":{"query":"x","limit":-1e400}}'),
    }),
    invalid,
  ),
  toolError(
    about('keys', '20,000 arguments', schema),
    callOf(
      'search',
      Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 1])),
    ),
  ),
  doubled,
  refusal(
    about('batch', 'a batch of 10,000 calls', batch),
    ({ acme }) => ({
      key: acme,
      body: Array.from({ length: 10_000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' })),
    }),
    invalid,
  ),
  refusal(
    about('batch-ids', 'a batch whose ids are one', batch),
    ({ acme }) => ({ key: acme, body: [callOf('search', { query: 'x' }), listOf()] }),
    invalid,
  ),
  refusal(
    about('batch-nested', 'batches in a batch', batch),
    ({ acme }) => ({ key: acme, body: `[${'['.repeat(70)}${']'.repeat(70)}]` }),
    invalid,
  ),
  flood,
  harmless(polluting('proto', '__proto__ beside and in the arguments'), [
    raw(
      '{"name":"search","arguments":{"query":"plan","__proto__":{"polluted":true}},"__proto__":{"polluted":1}}',
    ),
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"__proto__":{"polluted":1}},"clientInfo":{"name":"x","version":"1","__proto__":{"polluted":1}}}}',
  ]),
  harmless(polluting('constructor', 'constructor.prototype in the arguments'), [
    raw(
      '{"name":"search","arguments":{"query":"plan","constructor":{"prototype":{"polluted":true}}}}',
    ),
  ]),
  {
    ...polluting(
      'names',
      'tools and prompts named toString, constructor, __proto__, hasOwnProperty',
    ),
    run: async ({ send, acme }) => {
      for (const name of ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf']) {
        const reply = await send({ key: acme, body: callOf(name, {}) });
        assert.equal(reply.json.error?.code, -32602, `${name}: ${reply.text}`);
        const rest = await send({ key: acme, path: `/tools/${name}`, body: {} });
        assert.equal(rest.status, 404);
      }
    },
  },
];

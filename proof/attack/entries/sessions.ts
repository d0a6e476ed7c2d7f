import assert from 'node:assert/strict';
import { Sealer } from '../../../src/sealing/sealer.ts';
import type { Attack, AttackFacts } from '../attack.ts';
import { codeOf } from '../oauth-flow.ts';
import { callOf, listOf, modernOf } from '../scene-types.ts';
import type { Scene } from '../scene.ts';

const state = (id: string, attack: string): AttackFacts => ({
  id: `sessions/${id}`,
  category: 'MCP session hijacking',
  family: 'requestState: forged, stolen, replayed, old',
  attack,
  rule: 'handler: sealed, bound to tenant, subject, server and arguments, 15 minutes (src/gateway/forwarding.ts, src/sealing/sealer.ts)',
});
const session = (id: string, attack: string): AttackFacts => ({
  ...state(id, attack),
  family: 'sessions and streams of others',
  rule: 'there are no sessions: every request is judged by its own credential (docs/architecture.md)',
});

const args = { text: 'one' };
const ask = (scene: Scene, more: Record<string, unknown> = {}, key = scene.acme) => {
  const { headers, body } = modernOf('tools/call', {
    name: 'shifty_ask',
    arguments: args,
    ...more,
  });
  return scene.send({ key, headers, body });
};
const stateOf = async (scene: Scene): Promise<string> => {
  const { json, text } = await ask(scene);
  assert.equal(json.result?.['resultType'], 'input_required', text);
  return String(json.result?.['requestState']);
};
const inputResponses = { name: { action: 'accept', content: { name: 'x' } } };

/** Comes back with another state, caller or call: refused, and the upstream hears nothing. */
const comesBack = (
  facts: AttackFacts,
  back: (scene: Scene, requestState: string) => Promise<Awaited<ReturnType<typeof ask>>>,
): Attack => ({
  ...facts,
  run: async (scene) => {
    const requestState = await stateOf(scene);
    const calls = scene.shifty.tools.calls['ask'];
    const { json, text } = await back(scene, requestState);
    assert.equal(json.error?.message, 'Invalid or expired requestState', text);
    assert.equal(json.error?.code, -32602);
    assert.equal(scene.shifty.tools.calls['ask'], calls, 'the upstream was called');
  },
});

export const sessionAttacks: readonly Attack[] = [
  {
    ...state('proof', 'the right state by the right caller (so that the refusals mean something)'),
    run: async (scene) => {
      const requestState = await stateOf(scene);
      const { json, text } = await ask(scene, { requestState, inputResponses });
      assert.match(text, /accept/u);
      assert.equal(json.error, undefined);
    },
  },
  comesBack(state('tampered', 'one character changed'), (scene, sent) => {
    const requestState = `${sent.slice(0, -2)}${sent.endsWith('AA') ? 'BB' : 'AA'}`;
    return ask(scene, { requestState, inputResponses });
  }),
  comesBack(state('made-up', 'a state of nobody'), (scene) =>
    ask(scene, { requestState: 'eyJhZG1pbiI6dHJ1ZX0', inputResponses }),
  ),
  comesBack(state('other-tenant', "another tenant with acme's state"), (scene, requestState) =>
    ask(scene, { requestState, inputResponses }, scene.beta),
  ),
  comesBack(
    state('other-arguments', 'the state replayed for other arguments'),
    (scene, requestState) =>
      ask(scene, { requestState, inputResponses, arguments: { text: 'two' } }),
  ),
  comesBack(state('code-as-state', 'an OAuth code, which is sealed as well'), async (scene) =>
    ask(scene, { requestState: await codeOf(scene), inputResponses }),
  ),
  {
    ...state('expired', 'a state of 15 minutes and a millisecond ago, in process'),
    run: async () => {
      let now = Date.now();
      const sealer = new Sealer(
        async () => 'k'.repeat(64),
        () => now,
      );
      const sealed = await sealer.seal('input', { of: 'acme' }, 900);
      assert.deepEqual(await sealer.open('input', sealed), { of: 'acme' });
      assert.equal(await sealer.open('code', sealed), undefined);
      now += 900_001;
      assert.equal(await sealer.open('input', sealed), undefined);
    },
  },
  {
    ...session('session-id', "Mcp-Session-Id of somebody else's, and Last-Event-ID"),
    run: async (scene) => {
      const honest = await scene.send({ key: scene.acme, body: listOf() });
      const reply = await scene.send({
        key: scene.acme,
        headers: { 'mcp-session-id': '1868a90c', 'last-event-id': '7' },
        body: listOf(),
      });
      assert.equal(reply.text, honest.text);
      assert.equal(reply.headers['mcp-session-id'], undefined);
    },
  },
  {
    ...session('stream', 'GET /mcp: a stream to listen at, with and without a key'),
    run: async (scene) => {
      for (const headers of [{}, { authorization: `Bearer ${scene.acme}` }]) {
        const reply = await scene.send({
          method: 'GET',
          headers: { ...headers, accept: 'text/event-stream' },
        });
        assert.equal(reply.status, 405);
        assert.equal(reply.headers['allow'], 'POST');
      }
    },
  },
  {
    ...session('cancel', 'notifications/cancelled for a request of another tenant'),
    run: async (scene) => {
      const other = scene.send({ key: scene.acme, body: callOf('search', { query: 'plan' }, 77) });
      const cancel = await scene.send({
        key: scene.beta,
        body: { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 77 } },
      });
      assert.equal(cancel.status, 202);
      assert.equal((await other).status, 200);
      assert.equal((await other).json.error, undefined);
    },
  },
];

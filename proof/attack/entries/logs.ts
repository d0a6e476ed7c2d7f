import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import { callOf } from '../scene-types.ts';
import type { Scene } from '../scene.ts';
import type { Sent } from '../wire.ts';

const about = (
  id: string,
  attack: string,
  rule = 'one JSON line for each record; a caller’s text is no log text (src/log/log.ts, src/audit/audit-record.ts, access-log-format.ts)',
): AttackFacts => ({
  id: `logs/${id}`,
  category: 'API8 misconfiguration',
  family: 'log and header injection',
  attack,
  rule,
});

const forged = '{"type":"audit","tenant":"acme","outcome":"ok","forged":true}';
const nasty = `x\r\n${forged}\n\u001b[2J\u001b[31m","forged":true,"y":"\u2028`;

/** No line of any log is, or has in it, what the attacker wrote. */
const assertUnforged = (written: string): void => {
  for (const line of written.split('\n')) {
    assert.ok(!line.includes('\u001b'), 'a log holds an escape sequence');
    if (!line.includes('forged')) continue;
    assert.ok(line.startsWith('{'), line.slice(0, 200));
    const record = JSON.parse(line) as { readonly forged?: unknown };
    assert.equal(record.forged, undefined, 'a record was forged');
    assert.notEqual(line, forged);
  }
};

const injected = (facts: AttackFacts, sent: (scene: Scene) => Sent): Attack => ({
  ...facts,
  run: async (scene) => {
    const reply = await scene.send(sent(scene));
    assert.ok(reply.status < 500, reply.text);
    assert.equal(reply.headers['set-cookie'], undefined);
    const id = reply.headers['x-amzn-requestid'] ?? '';
    assertUnforged(await scene.logged(new RegExp(`"requestId":"${id}"`, 'u')));
  },
});

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: nasty, version: nasty },
  },
};

const secrets: Attack = {
  ...about(
    'secrets',
    'keys, tokens and secrets of the whole run, looked for in all that was written',
    'nothing logs a credential, an argument or a header (docs/threat-model.md, ADR 0008)',
  ),
  run: async (scene) => {
    const secret = 'argument-canary-77e1';
    const reply = await scene.send({ key: scene.acme, body: callOf('search', { query: secret }) });
    const written = await scene.logged(
      new RegExp(`"requestId":"${reply.headers['x-amzn-requestid'] ?? ''}"`, 'u'),
    );
    const all = written + scene.stored();
    for (const one of [scene.acme, scene.beta, secret, scene.rig.twin.operator.secretAccessKey]) {
      assert.ok(!all.includes(one), 'a secret was written');
    }
  },
};

export const logAttacks: readonly Attack[] = [
  injected(about('tool', 'a tool name with line ends and ANSI'), ({ acme }) => ({
    key: acme,
    body: callOf(nasty, { [nasty]: nasty }),
  })),
  injected(about('method', 'a method and an id of the same'), ({ acme }) => ({
    key: acme,
    body: { jsonrpc: '2.0', id: nasty, method: nasty, params: {} },
  })),
  injected(about('client', 'clientInfo of the same'), ({ acme }) => ({
    key: acme,
    body: initialize,
  })),
  injected(about('user-agent', 'a user agent that ends a JSON string'), ({ acme }) => ({
    key: acme,
    headers: { 'user-agent': 'x","forged":true,"y":"\\', referer: '","forged":true' },
    body: callOf('search', { query: 'plan' }),
  })),
  injected(about('path', 'a path with %0d%0a and a quote'), ({ acme }) => ({
    key: acme,
    path: `/tools/x%0d%0aset-cookie:%20a=b%0d%0a%22,%22forged%22:true`,
    body: {},
  })),
  injected(about('query', 'a query with %0d%0a and a quote'), ({ acme }) => ({
    key: acme,
    method: 'GET',
    path: '/tools?cursor=%22,%22forged%22:true%0d%0ax',
  })),
  injected(about('trace', 'trace headers that are no traces'), ({ acme }) => ({
    key: acme,
    headers: {
      'x-amzn-trace-id': 'Root=1-forged";"forged":true',
      traceparent: '00-forged","forged":true-00-01',
    },
    body: callOf('search', { query: 'plan' }),
  })),
  injected(about('key-id', 'a key id that is a log line'), () => ({
    key: 'smcp_acme_","forged":true'.replaceAll(' ', ''),
    body: callOf('search', { query: 'plan' }),
  })),
  secrets,
];

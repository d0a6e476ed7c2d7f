import assert from 'node:assert/strict';
import type { Attack } from '../attack.ts';
import {
  aboutBytes as about,
  body,
  hidden,
  length,
  lines,
  listener,
  message,
  statusesOf,
} from '../raw-request.ts';

const twiceAuthorized: Attack = {
  ...about(
    'authorization-twice',
    'two Authorization headers, with answers for both in the cache',
    'authorizer and handler: one header, cached or not (lambdas/authorizer/handler.ts, lambdas/mcp/handler.ts, ADR 0005)',
  ),
  run: async (scene) => {
    // Both have an answer in the cache: the authorizer is not asked.
    for (const key of [scene.acme, scene.beta]) {
      assert.equal((await scene.send({ key, body })).status, 200);
    }
    for (const [first, second] of [
      [scene.acme, scene.beta],
      ['smcp_acme_x', scene.beta],
      [scene.beta, 'smcp_acme_x'],
    ] as const) {
      const head = lines(
        scene,
        [`Authorization: Bearer ${second}`, `Content-Length: ${length}`, 'Connection: close'],
        first,
      );
      const replies = await scene.raw(message(head, body));
      assert.deepEqual(statusesOf(replies), [401]);
    }
  },
};

const pipelined: Attack = {
  ...about('pipelined', 'a refused request with another right behind it', listener),
  run: async (scene) => {
    const head = lines(scene, [`Content-Length: ${length}`], 'smcp_acme_x');
    const behind = hidden(scene).replace('/tools', '/me').replace(scene.beta, scene.acme);
    const replies = await scene.raw(message(head, body) + behind);
    // Two requests, each judged by its own key: what is behind inherits nothing, and is not taken for a body.
    assert.deepEqual(statusesOf(replies), [401, 200]);
    assert.match(replies[1]?.text ?? '', /"tenant":"acme"/u);
  },
};

const absolute: Attack = {
  ...about(
    'absolute-form',
    'a target in absolute form to another host and an admin path',
    'API Gateway: the path of the target is routed, its host is not believed',
  ),
  run: async (scene) => {
    const targets = [`${scene.trap.url}/admin/tenants`, 'http://169.254.169.254/latest/meta-data'];
    for (const target of targets) {
      const head = [`GET ${target} HTTP/1.1`, ...lines(scene, ['Connection: close']).slice(1)];
      const [reply] = await scene.raw(message(head, ''));
      assert.ok(reply?.status === 401 || reply?.status === 404, String(reply?.status));
    }
  },
};

export const twiceAttacks: readonly Attack[] = [twiceAuthorized, pipelined, absolute];

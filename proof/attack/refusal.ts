import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from './attack.ts';
import type { Scene } from './scene.ts';
import type { Reply, Sent } from './wire.ts';

export interface Refusal {
  readonly status: number;
  /** Of the body (content/errors.md). */
  readonly code?: string;
  /** Of the JSON-RPC error in it. */
  readonly rpc?: number;
  /** How far it came. @default not looked at */
  readonly reached?: 'gateway' | 'authorizer';
  /** What the log has to say of it. */
  readonly logged?: RegExp;
}

/** @throws when the answer is another one. */
export const assertRefused = (reply: Reply, { status, code, rpc }: Refusal): void => {
  assert.equal(reply.status, status, `answered ${reply.status} ${reply.text.slice(0, 300)}`);
  if (code !== undefined) assert.equal(reply.json.code, code);
  if (rpc !== undefined) assert.equal(reply.json.error?.code, rpc);
  assert.equal(reply.json.result, undefined);
};

/** Runs `sent` and asserts both its answer and how far it came. */
export const refusedAs = async (
  scene: Scene,
  sent: () => Promise<Reply>,
  expected: Refusal,
): Promise<Reply> => {
  const before = scene.traffic();
  const reply = await sent();
  assertRefused(reply, expected);
  const after = scene.traffic();
  if (expected.reached !== undefined) assert.equal(after.mcp, before.mcp, 'the function ran');
  if (expected.reached === 'gateway') {
    assert.equal(after.authorizer, before.authorizer, 'the authorizer was asked');
  }
  if (expected.logged !== undefined) await scene.logged(expected.logged);
  return reply;
};

/** An attack of one request that is refused. */
export const refusal = (
  facts: AttackFacts,
  sent: (scene: Scene) => Sent | Promise<Sent>,
  expected: Refusal,
): Attack => ({
  ...facts,
  run: async (scene) => {
    const request = await sent(scene);
    await refusedAs(scene, () => scene.send(request), expected);
  },
});

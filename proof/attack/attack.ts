import assert from 'node:assert/strict';
import type { Scene } from './scene.ts';

/** OWASP API Security Top 10 (2023), and the headings of MCP's security best practices. */
export type Category =
  | 'API1 object level authorization'
  | 'API2 authentication'
  | 'API3 object property level authorization'
  | 'API4 resource consumption'
  | 'API5 function level authorization'
  | 'API6 business flows'
  | 'API7 server side request forgery'
  | 'API8 misconfiguration'
  | 'API9 inventory'
  | 'API10 unsafe consumption of APIs'
  | 'MCP confused deputy'
  | 'MCP token passthrough'
  | 'MCP session hijacking'
  | 'MCP tool poisoning';

export interface AttackFacts {
  readonly id: string;
  readonly category: Category;
  /** A row of the table: attacks of one kind. */
  readonly family: string;
  /** What is sent. */
  readonly attack: string;
  /** What stops it, and where that is written. */
  readonly rule: string;
}

export interface Attack extends AttackFacts {
  /** @throws when the attack was not stopped as it must be. */
  run(scene: Scene): Promise<void>;
}

/** What no answer to an attack may hold: frames of a stack, paths of a bundle, names of our inside. */
const insides =
  /\n\s+at .+:\d+|node_modules|\/asset\.|\/var\/task|ECONNREFUSED|ENOTFOUND|ZodError|SyntaxError|TypeError|arn:aws:(?:secretsmanager|dynamodb|lambda)/u;

/** Runs one attack, and asserts what holds for all of them: nothing leaked, nothing happened, service goes on. */
export const runAttack = async (attack: Attack, scene: Scene): Promise<void> => {
  const before = scene.traffic();
  const seen = scene.replies.length;
  await attack.run(scene);
  const replies = scene.replies.slice(seen);
  for (const { text, head } of replies) {
    assert.doesNotMatch(text, insides, 'an answer tells of the inside');
    for (const secret of scene.secrets) {
      assert.ok(!text.includes(secret) && !head.includes(secret), 'an answer holds a secret');
    }
  }
  const after = scene.traffic();
  assert.equal(after.trap, before.trap, 'a host was connected to that must not be');
  assert.equal(after.vault, before.vault, 'a tool of another tenant ran');
  assert.deepEqual(scene.rig.problems, [], 'the twin itself failed');
  await scene.honest();
};

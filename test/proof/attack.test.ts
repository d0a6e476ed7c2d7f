import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { runAttack } from '../../proof/attack/attack.ts';
import { attacks } from '../../proof/attack/entries.ts';
import { openScene, type Scene } from '../../proof/attack/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(inject('proofCdkOut'));
});
afterAll(() => scene?.close());

it('each attack has a name of its own', () => {
  expect(new Set(attacks.map(({ id }) => id)).size).toBe(attacks.length);
});

it.each(attacks.map((attack) => [attack.id, attack] as const))('%s is stopped', (_, attack) =>
  runAttack(attack, scene),
);

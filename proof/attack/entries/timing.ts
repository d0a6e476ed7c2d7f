import assert from 'node:assert/strict';
import { mintApiKey } from '../../../src/credentials/api-key.ts';
import type { Attack, AttackFacts } from '../attack.ts';
import { inProcessVerifiers } from '../verifiers.ts';
import { differenceOf, interleaved, type Difference, type Samples } from '../statistics.ts';
import { callOf } from '../scene-types.ts';
import { withWrongSecret } from './credentials.ts';

const about = (id: string, attack: string): AttackFacts => ({
  id: `timing/${id}`,
  category: 'API2 authentication',
  family: 'time that tells which keys exist',
  attack,
  rule: 'authorizer: one read, one HMAC and one comparison whatever is wrong (src/credentials/verify-api-key.ts)',
});

/** Beyond it two samples are taken for different; chance alone goes there once in 100,000 times. */
const limit = 4.5;

/**
 * Fails when the difference is seen twice: noise comes once, an early exit each time.
 * @param toleratedMs - what nobody could measure from outside.
 */
const assertAlike = async (sample: () => Promise<Samples>, toleratedMs = 0): Promise<void> => {
  const differs = ({ t, ms }: Difference) => Math.abs(t) >= limit && Math.abs(ms) > toleratedMs;
  const first = differenceOf(await sample());
  if (!differs(first)) return;
  const second = differenceOf(await sample());
  assert.ok(
    !differs(second) || Math.sign(first.t) !== Math.sign(second.t),
    `the times differ by ${(second.ms * 1000).toFixed(2)} µs: t = ${second.t.toFixed(1)}`,
  );
};

const body = callOf('search', { query: 'plan' });
const unknownOrWrong = (existing: string) => ({
  first: () => mintApiKey('acme').key,
  second: () => withWrongSecret(existing),
});

const overSockets: Attack = {
  ...about(
    'sockets',
    'wrong secrets of a key that exists and keys that do not, in turn, over sockets',
  ),
  run: async (scene) => {
    const makers = unknownOrWrong(scene.acme);
    const send = async (key: string) => {
      const { status } = await scene.send({ key, body });
      assert.equal(status, 401);
    };
    await interleaved(20, makers, send);
    await assertAlike(() => interleaved(scene.samples, makers, send));
  },
};

/** More samples than over sockets: each takes microseconds. */
const samplesInProcess = 20_000;
/** Two strings in other places of the memory are 0.05 µs apart; one HMAC is 3.5. */
const toleratedMs = 0.0005;

const inProcess: Attack = {
  ...about('in-process', 'the same at the verifier itself, without the noise of a network'),
  run: async () => {
    const { honest, existing } = inProcessVerifiers();
    const makers = unknownOrWrong(existing);
    const verify = (key: string) => honest(key, '127.0.0.1');
    await interleaved(3_000, makers, verify);
    await assertAlike(() => interleaved(samplesInProcess, makers, verify), toleratedMs);
  },
};

const power: Attack = {
  ...about(
    'power',
    'the same test on a verifier that leaks: it has to see that (so that the others mean something)',
  ),
  run: async () => {
    const { leaky, existing } = inProcessVerifiers();
    const makers = unknownOrWrong(existing);
    await interleaved(3_000, makers, leaky);
    await assert.rejects(
      () => assertAlike(() => interleaved(samplesInProcess, makers, leaky), toleratedMs),
      /the times differ/u,
    );
  },
};

export const timingAttacks: readonly Attack[] = [overSockets, inProcess, power];

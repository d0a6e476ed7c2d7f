import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startChaosRig, type ChaosRig } from '../../proof/chaos/chaos-rig.ts';
import { killEntry } from '../../proof/chaos/entries/kills.ts';
import type { Observed } from '../../proof/chaos/entry.ts';
import { rigEntries } from '../../proof/chaos/suite.ts';

/** Of the long form only: each waits for several deadlines, or goes the road of one that is here. */
const leftOut = [
  'secrets-hanging',
  'secrets-garbage',
  'jwks-garbage',
  'jwks-5xx',
  'sse-hanging',
  'modern-hanging',
  'rest-hanging',
];

const kept = (observed: Observed): void => {
  expect(observed.problems).toEqual([]);
  expect(observed.recoveredMs).toBeDefined();
};

describe.runIf(process.platform === 'linux')('while something is broken', () => {
  let rig: ChaosRig;
  beforeAll(async () => {
    rig = await startChaosRig(inject('proofCdkOut'));
  });
  afterAll(() => rig.close());

  for (const { id, fault, promise, run } of rigEntries) {
    if (leftOut.includes(id)) continue;
    it(`${fault}: ${promise}`, async () => kept(await run(rig, 'short')));
  }
});

describe.runIf(process.platform === 'linux')('killed and started again', () => {
  it(`${killEntry.fault}: ${killEntry.promise}`, async () => {
    kept(await killEntry.run({ cdkOut: inject('proofCdkOut'), rounds: 2 }, 'short'));
  });
});

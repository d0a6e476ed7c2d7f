import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import {
  startConformanceRig,
  upstreamKinds,
  type ConformanceRig,
} from '../../proof/conformance/conformance-rig.ts';
import { judge, requirements } from '../../proof/conformance/requirements.ts';

let rig: ConformanceRig;
beforeAll(async () => {
  rig = await startConformanceRig(inject('proofCdkOut'));
});
afterAll(() => rig?.close());

const runs = upstreamKinds.flatMap((kind) =>
  requirements.map((asked) => ({ ...asked, kind, asked })),
);

it.each(runs)('suite $version finds $name kept over $kind', async ({ kind, asked }) => {
  const row = await judge(asked, kind, rig.urls[kind]);
  expect(row.ok, [...row.cells, row.why].join('\n')).toBe(true);
  expect(rig.problems).toEqual([]);
});

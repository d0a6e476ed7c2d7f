import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { judge, laneNames } from '../../proof/interop/judge.ts';
import { roster } from '../../proof/interop/roster.ts';
import type { Seen } from '../../proof/interop/seen.ts';
import { openStage, type Stage } from '../../proof/interop/stage.ts';
import { lanes } from '../../proof/interop/suite.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(inject('proofCdkOut'));
});
afterAll(() => stage?.close());

describe.each(roster.map((client) => [`${client.name} (${client.era})`, client] as const))(
  '%s',
  (_, client) => {
    const possible = lanes.filter((lane) => !('because' in client.lanes[lane]));
    it.each(possible.map((lane) => [laneNames[lane], lane] as const))('%s', async (_, lane) => {
      const { ok, why, cells } = await judge(stage, client, lane);
      expect(ok, why).toBe(true);
      expect(cells.at(-1)).toBe('ok');
    });
  },
);

it('the twin has no problem of its own', () => expect(stage.rig.problems).toEqual([]));

describe('a row fails', () => {
  const [sdkV1] = roster;
  if (sdkV1 === undefined) throw new Error('nobody is in the roster');
  const play = sdkV1.lanes.key as (stage: Stage, access: object) => Promise<Seen>;
  const judged = (key: (stage: Stage, access: object) => Promise<Seen>) =>
    judge(stage, { ...sdkV1, lanes: { ...sdkV1.lanes, key } }, 'key');

  it('when a text is another', async () => {
    const row = await judged(async (...given) => ({ ...(await play(...given)), echo: 'Echo: so' }));
    expect(row).toMatchObject({ ok: false, why: expect.stringContaining('Echo: so') as string });
  });

  it('when a tool is missing', async () => {
    const row = await judged(async (...given) => {
      const seen = await play(...given);
      return { ...seen, tools: seen.tools.filter((name) => name !== 'everything_echo') };
    });
    expect(row.ok).toBe(false);
  });

  it('when it does not end', async () => {
    const client = { ...sdkV1, deadlineMs: 100 };
    const key = () => new Promise<Seen>(() => undefined);
    const row = await judge(stage, { ...client, lanes: { ...client.lanes, key } }, 'key');
    expect(row).toMatchObject({ ok: false, why: 'it was not done in 0.1 s' });
  });

  it('and says the causes too', async () => {
    const cause = new Error('connect ECONNREFUSED');
    const row = await judged(() => Promise.reject(new TypeError('fetch failed', { cause })));
    expect(row).toMatchObject({ ok: false, why: 'fetch failed: connect ECONNREFUSED' });
  });

  it('when the gate never heard of it', async () => {
    const before = await play(stage, await stage.access('key'));
    const row = await judged(async () => before);
    expect(row).toMatchObject({ ok: false, why: expect.stringContaining('audit') as string });
  });
});

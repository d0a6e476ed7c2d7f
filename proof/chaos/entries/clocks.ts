import { createKey } from '../../../src/admin/keys.ts';
import { tenant, type ChaosRig } from '../chaos-rig.ts';
import { Tally, type ChaosEntry } from '../entry.ts';
import { bearerLane, type Send } from '../lanes.ts';

const minute = 60_000;
const recoveryMs = 20_000;
const seconds = (offset: number): number => Math.floor(Date.now() / 1000) + offset;

type Case = readonly [what: string, lane: Send, wanted: 'result' | 'clear error'];

const refusedWith = async (
  rig: ChaosRig,
  tally: Tally,
  cases: readonly Case[],
  status: number,
): Promise<void> => {
  for (const [what, lane, wanted] of cases) {
    const ended = await rig.search(lane);
    if (wanted === 'result') tally.take(what, ended, wanted);
    else tally.takeRefused(what, ended, status);
  }
};

const callers: ChaosEntry<ChaosRig> = {
  id: 'clock-caller',
  fault: 'a signing caller’s clock, 4 and 10 minutes ahead and behind',
  promise: '4 minutes are served, 10 are a 401; the same caller with its clock right is served',
  run: async (rig) => {
    const tally = new Tally();
    const cases = [-10, -4, 4, 10].map((off): Case => {
      const wanted = Math.abs(off) > 5 ? 'clear error' : 'result';
      return [`${off} minutes`, rig.signedAt(off * minute), wanted];
    });
    await refusedWith(rig, tally, cases, 401);
    await tally.recover('signed in time', () => rig.search(rig.lanes.signed), recoveryMs);
    return tally.observed();
  },
};

const tokens: ChaosEntry<ChaosRig> = {
  id: 'clock-tokens',
  fault: 'tokens that are not valid yet, or expired a second ago',
  promise: 'a 401, and a token of now is served',
  run: async (rig) => {
    const tally = new Tally();
    await refusedWith(
      rig,
      tally,
      [
        ['valid in 2 minutes', rig.tokenWith({ nbf: seconds(120) }), 'clear error'],
        ['expired a second ago', rig.tokenWith({ exp: seconds(-1) }), 'clear error'],
        ['valid since now', rig.tokenWith({ nbf: seconds(0) }), 'result'],
      ],
      401,
    );
    await tally.recover('a token of now', () => rig.search(rig.lanes.token), recoveryMs);
    return tally.observed();
  },
};

/** Within what AWS takes as a signature's age, functions judge tokens by their own clock. */
const functionsNear = (off: -4 | 4): ChaosEntry<ChaosRig> => ({
  id: `clock-functions${off > 0 ? '+' : ''}${off}`,
  fault: `the functions’ clock, 4 minutes ${off > 0 ? 'ahead' : 'behind'}`,
  promise:
    'keys and signed calls are served; a token is judged by the clock of who checks it: 401 or a result',
  run: async (rig) => {
    const tally = new Tally();
    rig.setClock(off * minute);
    try {
      const iat = seconds(-600);
      const tokens: readonly Case[] =
        off > 0
          ? [
              ['expires in 2 minutes', rig.tokenWith({ iat, exp: seconds(120) }), 'clear error'],
              ['valid in 2 minutes', rig.tokenWith({ iat, nbf: seconds(120) }), 'result'],
            ]
          : [
              ['expired 2 minutes ago', rig.tokenWith({ iat, exp: seconds(-120) }), 'result'],
              ['valid since now', rig.tokenWith({ iat, nbf: seconds(0) }), 'clear error'],
            ];
      const others: readonly Case[] = [
        ['a key', rig.lanes.key, 'result'],
        ['signed', rig.lanes.signed, 'result'],
      ];
      await refusedWith(rig, tally, [...others, ...tokens], 401);
    } finally {
      rig.setClock(0);
    }
    await tally.recover('a token', () => rig.search(rig.lanes.token), recoveryMs);
    return tally.observed();
  },
});

const functionsFar = (off: -10 | 10): ChaosEntry<ChaosRig> => ({
  id: `clock-functions${off > 0 ? '+' : ''}${off}`,
  fault: `the functions’ clock, 10 minutes ${off > 0 ? 'ahead' : 'behind'}`,
  promise: 'AWS takes none of their signatures, so nothing is granted: 503, and service returns',
  run: async (rig) => {
    const tally = new Tally();
    const { key } = await createKey(rig.admin, { tenant, name: 'skew' });
    rig.setClock(off * minute);
    try {
      await refusedWith(
        rig,
        tally,
        [
          ['a new key', bearerLane(rig.mcpUrl, () => key), 'clear error'],
          ['signed', rig.lanes.signed, 'clear error'],
        ],
        503,
      );
    } finally {
      rig.setClock(0);
    }
    await tally.recover('a key', () => rig.search(rig.lanes.key), recoveryMs);
    await tally.recover('signed', () => rig.search(rig.lanes.signed), recoveryMs);
    return tally.observed();
  },
});

export const clockEntries: readonly ChaosEntry<ChaosRig>[] = [
  callers,
  tokens,
  functionsNear(4),
  functionsNear(-4),
  functionsFar(10),
  functionsFar(-10),
];

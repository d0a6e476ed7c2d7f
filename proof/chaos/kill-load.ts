import { createKey } from '../../src/admin/keys.ts';
import { timedCall, type Ended } from './client-call.ts';
import { bearerLane, callOf, signedLane, type Send } from './lanes.ts';
import type { TwinProcess } from './twin-process.ts';

/** What callers and an operator saw of a twin until it was killed. */
export interface Seen {
  readonly ended: readonly Ended[];
  /** Calls that had no answer when the twin was killed. */
  readonly underWay: number;
  /** Keys whose creation was answered. */
  readonly keys: readonly string[];
}

export const tenant = 'killed';
const patienceMs = 30_000;
const connections = 6;

export const search = (lane: Send): Promise<Ended> =>
  timedCall({
    send: (signal) => lane(callOf('search', { query: 'plan', limit: 1 }), signal),
    isRight: (result) => result.includes('results'),
    withinMs: patienceMs,
    mayLoseConnection: true,
  });

/**
 * Calls on all lanes, and makes keys besides; kills the twin once so many calls were answered.
 * @returns when every call has ended.
 */
export const loadUntilKilled = async (
  twin: TwinProcess,
  keys: readonly string[],
  answers: number,
): Promise<Seen> => {
  const token = await twin.token(tenant);
  const lanes: readonly Send[] = [
    ...keys.slice(-2).map((key) => bearerLane(twin.mcpUrl, () => key)),
    bearerLane(twin.mcpUrl, () => token),
    signedLane(twin.url, twin.ciRole),
  ];
  const ended: Ended[] = [];
  const made: string[] = [];
  let calling = 0;
  let underWay = 0;
  let isOver = false;
  const { promise: enough, resolve: setEnough } = Promise.withResolvers<void>();

  const caller = async (lane: Send): Promise<void> => {
    while (!isOver) {
      calling += 1;
      const one = await search(lane);
      calling -= 1;
      ended.push(one);
      if (ended.length >= answers) setEnough();
    }
  };
  const operator = async (): Promise<void> => {
    while (!isOver) {
      const created = await createKey(twin.admin, { tenant, name: 'under load' }).catch(
        () => undefined,
      );
      if (created !== undefined) made.push(created.key);
    }
  };
  const load = [
    ...Array.from({ length: connections }, (_, index) => caller(lanes[index % lanes.length]!)),
    operator(),
  ];
  await enough;
  isOver = true;
  underWay = calling;
  await twin.kill();
  await Promise.all(load);
  return { ended, underWay, keys: made };
};

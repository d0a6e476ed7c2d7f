import { setTimeout as sleep } from 'node:timers/promises';
import type { Operation } from './operations.ts';

/** Of one lane. */
export interface LaneCount {
  readonly calls: number;
  readonly provoked: number;
  /** What was not as it had to be. */
  readonly unexpected: number;
  readonly slowestMs: number;
}

export interface Load {
  readonly counts: () => Readonly<Record<string, LaneCount>>;
  readonly calls: () => number;
  /** The first few. */
  readonly errors: readonly string[];
  /** Resolves when the last call has ended. */
  readonly stop: () => Promise<void>;
}

/** Nothing is slow here but a machine that does something else. */
const patienceMs = 60_000;
const shownErrors = 10;

/** Makes the operations one after the other, so many a second over so many connections. */
export const startLoad = (
  operations: readonly Operation[],
  { perSecond, connections }: { readonly perSecond: number; readonly connections: number },
): Load => {
  const counts: Record<string, LaneCount> = {};
  const errors: string[] = [];
  let calls = 0;
  let isOver = false;

  const make = async (operation: Operation): Promise<void> => {
    const { lane, what, send, message, status, contains, isProvoked } = operation;
    const sent = message();
    const startedAt = performance.now();
    const got = await send(sent, AbortSignal.timeout(patienceMs)).then(
      async (response) => ({ status: response.status, text: await response.text() }),
      (error: unknown) => ({ status: 0, text: String(error) }),
    );
    const isExpected =
      got.status === status &&
      got.text.includes(contains(sent)) &&
      got.text.includes('"isError":true') === (what === 'bad arguments');
    if (!isExpected && errors.length < shownErrors) {
      errors.push(`${lane}, ${what}: ${got.status} ${got.text.slice(0, 300)}`);
    }
    const before = counts[lane] ?? { calls: 0, provoked: 0, unexpected: 0, slowestMs: 0 };
    counts[lane] = {
      calls: before.calls + 1,
      provoked: before.provoked + Number(isProvoked),
      unexpected: before.unexpected + Number(!isExpected),
      slowestMs: Math.max(before.slowestMs, Math.round(performance.now() - startedAt)),
    };
  };

  const everyMs = (1_000 * connections) / perSecond;
  const connection = async (index: number): Promise<void> => {
    let due = performance.now() + (index * everyMs) / connections;
    while (!isOver) {
      await sleep(Math.max(0, due - performance.now()));
      const operation = operations[calls++ % operations.length];
      if (operation !== undefined) await make(operation);
      // What a slow moment held up is not made up for: the rate is an upper bound.
      due = Math.max(due + everyMs, performance.now());
    }
  };
  const running = Array.from({ length: connections }, (_, index) => connection(index));
  return {
    counts: () => counts,
    calls: () => calls,
    errors,
    stop: async () => {
      isOver = true;
      await Promise.all(running);
    },
  };
};

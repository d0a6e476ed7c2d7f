import { setTimeout as wait } from 'node:timers/promises';
import { percentile } from '../statistics.ts';
import { callerOptions, callRequest, type CallSample } from '../upstream-messages.ts';
import { openOperation, type Operation } from '../upstream-operations.ts';
import { givenOptions, serveParent } from './parent.ts';

/** Makes calls of one kind, one at a time, in a process that does nothing else. */
const options = callerOptions.parse(givenOptions());

const startingMs = 40_000;

/** What is called may still be starting, and the twin reads records of upstreams every 15 seconds. */
const firstRight = async (): Promise<Operation> => {
  const deadline = performance.now() + startingMs;
  for (;;) {
    let operation: Operation | undefined;
    try {
      operation = await openOperation(options);
      await operation.call();
      return operation;
    } catch (error) {
      await operation?.close();
      if (performance.now() > deadline) throw error;
      await wait(250);
    }
  }
};

// The parent may be gone before there is an answer.
const leave = (): never => process.exit(1);
process.once('disconnect', leave);
const { call, close } = await firstRight();
process.off('disconnect', leave);

const measure = async (message: unknown): Promise<CallSample> => {
  const { seconds, least } = callRequest.parse(message);
  const tookMs: number[] = [];
  const deadline = performance.now() + seconds * 1000;
  while (tookMs.length < least || performance.now() < deadline) {
    const startedAt = performance.now();
    await call();
    tookMs.push(performance.now() - startedAt);
  }
  return {
    calls: tookMs.length,
    p50Ms: percentile(tookMs, 0.5),
    p99Ms: percentile(tookMs, 0.99),
  };
};

serveParent({ ready: {}, answer: measure, close });

import { setTimeout as wait } from 'node:timers/promises';

const minuteMs = 60_000;
const roomMs = 25_000;

/** Counters begin anew with each minute of the clock: waits for the next one when this one ends soon. */
export const enoughOfMinute = async (): Promise<void> => {
  const left = minuteMs - (Date.now() % minuteMs);
  if (left < roomMs) await wait(left + 100);
};

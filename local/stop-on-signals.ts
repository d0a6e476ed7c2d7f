import { fail } from './terminal.ts';

/** Ends what was started, the last first. */
export const stopOnSignals = (closing: readonly (() => void | Promise<void>)[]): void => {
  let stopping = false;
  const closeAll = async (): Promise<void> => {
    for (const close of closing.toReversed()) await close();
  };
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    closeAll().then(
      () => process.exit(0),
      (error: unknown) => fail(`The twin did not stop cleanly: ${String(error)}`),
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  // The launcher holds this channel: when it is gone, nobody is left to stop the twin.
  if (process.channel !== undefined) process.on('disconnect', stop);
};

import type { LiveTwin } from './live-twin.ts';
import { synthesize, type SynthesizeOptions } from './synthesize.ts';
import { say } from './terminal.ts';

/** Serves what the sources say now; when that is not right, what was served before. @returns whether it changed. */
export const reload = async (live: LiveTwin, synth: SynthesizeOptions): Promise<boolean> => {
  try {
    const { directory, fresh } = await synthesize(synth);
    if (fresh) await live.exchange(directory);
    return fresh;
  } catch (error) {
    say(`problem  ${(error as Error).message}\n         What was served before is served on.`);
    return false;
  }
};

/** Runs `work` for the last of the calls that come while it runs. */
export const oneAtATime = (work: () => Promise<void>): (() => void) => {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      await work();
    } while (again);
    running = false;
  };
  return () => {
    again = true;
    if (!running) void run();
  };
};

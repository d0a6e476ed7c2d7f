import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { peerOptions } from '../upstream-messages.ts';
import { givenOptions, serveParent } from './parent.ts';

/** Runs somebody else's server, and ends it with everything that it started. Its callers wait until it listens. */
const { file, args, cwd } = peerOptions.parse(givenOptions());

const stoppingMs = 5_000;

// A group of its own. Its standard input stays open: some of them stop with it.
const peer = spawn(file, args, { cwd, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
const exited = once(peer, 'exit');

const signal = (name: NodeJS.Signals): void => {
  try {
    if (peer.pid !== undefined) process.kill(-peer.pid, name);
  } catch {
    // Nothing of the group is left.
  }
};

const close = async (): Promise<void> => {
  signal('SIGTERM');
  await Promise.race([exited, wait(stoppingMs)]);
  signal('SIGKILL');
};

serveParent({ ready: { pid: peer.pid ?? 0 }, close });

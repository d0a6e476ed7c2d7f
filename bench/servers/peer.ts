import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { peerOptions } from '../upstream-messages.ts';
import { givenOptions, serveParent } from './parent.ts';

/** Runs somebody else's server, and ends it with everything that it started. */
const { command, port } = peerOptions.parse(givenOptions());

const startingMs = 30_000;
const stoppingMs = 5_000;

// A group of its own. Its standard input stays open: some of them stop with it.
const peer = spawn(command.file, command.args, {
  cwd: command.cwd,
  detached: true,
  stdio: ['pipe', 'ignore', 'ignore'],
});
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

const listens = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

const deadline = performance.now() + startingMs;
while (!(await listens())) {
  if (peer.exitCode !== null || performance.now() > deadline) {
    await close();
    throw new Error(`${command.args[0] ?? command.file} does not listen`);
  }
  await wait(50);
}

serveParent({ ready: {}, close });

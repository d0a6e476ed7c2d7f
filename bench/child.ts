import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type * as z from 'zod';

const STOP_TIMEOUT_MS = 10_000;

/** A process of the bench: it says once that it is ready, then answers one message at a time. */
export interface Child<Ready> {
  readonly pid: number;
  readonly ready: Ready;
  ask<S extends z.ZodType>(message: unknown, answer: S): Promise<z.infer<S>>;
  stop(): Promise<void>;
}

/**
 * Forks a file of this folder with `options` as its argument, under the Node that runs the bench, with `environment` added to its own.
 * @throws Error when it ends before it is ready.
 */
export const startChild = async <S extends z.ZodType>(
  file: string,
  options: unknown,
  ready: S,
  environment: Readonly<Record<string, string>> = {},
): Promise<Child<z.infer<S>>> => {
  const child = fork(join(import.meta.dirname, file), [JSON.stringify(options)], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let gone = false;
  const exited = once(child, 'exit').then(() => {
    gone = true;
  });
  const nextMessage = async (): Promise<unknown> => {
    const waiting = new AbortController();
    const ended = exited.then(() => Promise.reject(new Error(`${file} ended unexpectedly`)));
    try {
      const [message] = (await Promise.race([
        once(child, 'message', { signal: waiting.signal }),
        ended,
      ])) as [unknown];
      return message;
    } finally {
      ended.catch(() => undefined);
      waiting.abort();
    }
  };

  const stop = async (): Promise<void> => {
    if (gone) return;
    if (child.connected) child.disconnect();
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(kill);
  };
  try {
    return {
      ready: ready.parse(await nextMessage()),
      pid: child.pid ?? 0,
      ask: async (message, answer) => {
        const reply = nextMessage();
        // With a callback: `reply` tells of a child that is gone, and nothing else has to.
        child.send(message as object, () => undefined);
        return answer.parse(await reply);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'undici';
import { beginSession } from './session.ts';
import { requestHeaders } from './workload.ts';

const pauseMs = 10;
const longestMs = 60_000;

interface Asked {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sessions?: boolean;
  /** Of a request that is answered 200. */
  readonly body: string;
}

const answers = async ({ url, headers, sessions = false, body }: Asked): Promise<boolean> => {
  const { origin, pathname: path } = new URL(url);
  const client = new Client(origin);
  try {
    const sent = { ...requestHeaders, ...headers };
    const own = sessions ? await beginSession(client, path, sent) : sent;
    const reply = await client.request({ method: 'POST', path, headers: own, body });
    await reply.body.dump();
    return reply.statusCode === 200;
  } catch {
    return false;
  } finally {
    await client.destroy();
  }
};

/** Waits for the first right answer. @returns milliseconds since `startedAt`. @throws Error after a minute */
export const untilAnswered = async (asked: Asked, startedAt: number): Promise<number> => {
  for (;;) {
    if (await answers(asked)) return performance.now() - startedAt;
    if (performance.now() - startedAt > longestMs) throw new Error(`${asked.url} does not answer`);
    await wait(pauseMs);
  }
};

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connectTo } from '../../cli/connect.ts';
import type { CiCredentials } from '../../local/twin.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { claimsOf, type PoolFacts } from '../support/pool-claims.ts';
import type { FromParent, ToParent } from './twin-messages.ts';

/** A twin in a process of its own: what it holds in memory is its own, and it can be killed. */
export interface TwinProcess {
  readonly pid: number;
  readonly url: string;
  readonly mcpUrl: string;
  readonly admin: AdminPorts;
  readonly ciRole: CiCredentials;
  readonly pool: PoolFacts;
  /** What went wrong in the twin itself. */
  readonly problems: readonly string[];
  token(tenant: string, changes?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Bytes in use after a collection, buffers among them. */
  heap(): Promise<number>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const startTimeoutMs = 90_000;

/** @throws Error with what the process wrote, when it did not start. */
export const startTwinProcess = async (
  cdkOut: string,
  stateDirectory: string,
): Promise<TwinProcess> => {
  const child = fork(join(import.meta.dirname, 'twin-child.ts'), [cdkOut, stateDirectory], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  });
  const problems: string[] = [];
  let errors = '';
  child.stderr?.on(
    'data',
    (chunk: Buffer) => (errors = `${errors}${chunk.toString()}`.slice(-4_000)),
  );
  const exited = once(child, 'exit');
  const { promise: ready, resolve: setReady } =
    Promise.withResolvers<Extract<ToParent, { kind: 'ready' }>>();
  const waiting = new Map<number, (value: string | number) => void>();
  const answer = (id: number, value: string | number): void => {
    waiting.get(id)?.(value);
    waiting.delete(id);
  };
  child.on('message', (message) => {
    const told = message as ToParent;
    if (told.kind === 'ready') setReady(told);
    else if (told.kind === 'problem') problems.push(told.line);
    else answer(told.id, told.kind === 'token' ? told.token : told.bytes);
  });
  const { promise: late, reject: setLate } = Promise.withResolvers<never>();
  const lateness = setTimeout(() => {
    child.kill('SIGKILL');
    setLate(new Error(`the twin did not start within ${startTimeoutMs} ms: ${errors}`));
  }, startTimeoutMs);
  const gone = exited.then(() => {
    throw new Error(`the twin ended: ${errors}`);
  });
  for (const rejecting of [late, gone]) rejecting.catch(() => undefined);
  const { url, awsUrl, operator, ciRole, pool } = await Promise.race([ready, late, gone]);
  clearTimeout(lateness);

  let lastId = 0;
  const ask = (message: Exclude<FromParent, { kind: 'stop' }>): Promise<unknown> =>
    Promise.race([
      gone,
      new Promise<string | number>((resolve) => {
        waiting.set(message.id, resolve);
        child.send(message);
      }),
    ]);
  const admin = await connectTo({
    kind: 'twin',
    env: 'local',
    parameter: '/drawbridge/local/deployment',
    endpoint: awsUrl,
    hosts: [new URL(url).host],
    region: operator.region,
    credentials: operator,
  });
  return {
    pid: child.pid ?? 0,
    url,
    mcpUrl: `${url}/mcp`,
    admin,
    ciRole,
    pool,
    problems,
    token: async (tenant, changes) =>
      (await ask({
        kind: 'sign',
        id: ++lastId,
        claims: { ...claimsOf(pool, tenant, changes) },
      })) as string,
    heap: async () => (await ask({ kind: 'heap', id: ++lastId })) as number,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      if (child.connected) child.send({ kind: 'stop' } satisfies FromParent);
      await exited;
    },
  };
};

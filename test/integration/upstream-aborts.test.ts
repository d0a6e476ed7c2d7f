import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLegacySessions } from '../fixtures/upstreams/legacy-http.ts';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import { memoryBelow } from './support/processes.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';
import { upstreamAt, writeUpstream } from './support/upstream-records.ts';

/**
 * A client that goes away is nothing that API Gateway or Lambda tells a function: its call runs on to its end, or to its
 * deadline. What a call left behind would stay for good.
 */

/** Of each function, fewer than may run at once in a stdio server: the others wait, and none is throttled. */
const maxSandboxesPerFunction = 4;
const timesLarger = 1.3;

let running: RunningTwin;
let key: string;
let legacy: Awaited<ReturnType<typeof startLegacySessions>>;
let modern: Awaited<ReturnType<typeof startModern>>;
const clients: Client[] = [];

beforeAll(async () => {
  [legacy, modern] = await Promise.all([startLegacySessions(), startModern()]);
  running = await runTwin({ upstreams: true, maxSandboxesPerFunction });
  key = await running.keyOn('premium', 'acme');
  await writeUpstream(running.admin, upstreamAt('legacy', legacy.url));
  await writeUpstream(running.admin, upstreamAt('modern', modern.url));
  await writeUpstream(running.admin, upstreamAt('short', modern.url, { timeoutMs: 300 }));
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await running[Symbol.asyncDispose]();
  await Promise.all([legacy.close(), modern.close()]);
});

/** Says once that it gives up: by a notification in 2025, by closing the connection in 2026. */
const connect = async (mode: 'legacy' | 'auto') => {
  const client = new Client(
    { name: 'aborts-test', version: '1.0.0' },
    { versionNegotiation: { mode } },
  );
  const requestInit = { headers: bearer(key) };
  await client.connect(new StreamableHTTPClientTransport(new URL(running.mcpUrl), { requestInit }));
  clients.push(client);
  return client;
};

type Send = (name: string, args: Record<string, unknown>, signal: AbortSignal) => Promise<unknown>;

const sendWith =
  (client: Client): Send =>
  (name, args, signal) =>
    client.callTool({ name, arguments: args }, { signal });

/** Hangs up, and says nothing. */
const sendBare: Send = async (name, args, signal) => {
  const response = await fetch(running.mcpUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(key) },
    body: JSON.stringify(callOf(name, args)),
    signal,
  });
  return response.text();
};

/** Each takes longer than anybody waits here; `count` waits until it is released. */
const calls = [
  ['everything_trigger-long-running-operation', { duration: 0.1, steps: 2 }],
  ['legacy_count', {}],
  ['everything_trigger-long-running-operation', { duration: 0.1, steps: 1 }],
  ['modern_count', {}],
] as const;

/** Calls that are under way or wait for a sandbox. */
const underWay = (): number =>
  Object.values(running.twin.lambda.stats()).reduce(
    (sum, { sandboxes, idle, queued }) => sum + sandboxes - idle + queued,
    0,
  );

const total = (name: 'functionErrors' | 'timeouts' | 'throttles' | 'sandboxes'): number =>
  Object.values(running.twin.lambda.stats()).reduce((sum, stats) => sum + stats[name], 0);

const settled = () =>
  expect
    .poll(
      () => {
        legacy.tools.release();
        modern.tools.release();
        return underWay();
      },
      { timeout: 20_000, interval: 10 },
    )
    .toBe(0);

/** Sends calls of all kinds in every way, and gives each up while it is under way, or still waits for a sandbox. */
const abortMany = async (count: number, ways: readonly Send[]): Promise<void> => {
  const atOnce = calls.length * ways.length;
  for (let sent = 0; sent < count; sent += atOnce) {
    const batch = calls.flatMap(([name, args], at) =>
      ways.map(async (send, way) => {
        const signal = AbortSignal.timeout(5 + 4 * ((at * ways.length + way) % 10));
        await expect(send(name, args, signal)).rejects.toThrow();
      }),
    );
    await Promise.all(batch);
    await settled();
  }
};

/** Runs every sandbox that there may be, each with its child. */
const startAll = async (): Promise<void> => {
  const [name] = calls[0];
  const long = () => post(running.mcpUrl, callOf(name, { duration: 2, steps: 1 }), bearer(key));
  await Promise.all(Array.from({ length: maxSandboxesPerFunction }, long));
};

const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

const heapBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

/** Sandboxes of the stdio server: each has one process more, the server. */
const stdioSandboxes = (): number =>
  Object.entries(running.twin.lambda.stats())
    .filter(([name]) => /everything/i.test(name))
    .reduce((sum, [, { sandboxes }]) => sum + sandboxes, 0);

/** Processes below the twin that are no sandbox and no server in one. */
const otherProcesses = (processes: ReadonlyMap<number, number>): number =>
  processes.size - total('sandboxes') - stdioSandboxes();

/**
 * A sandbox of the stdio server, or the server in it: their memory stays where it is. That of the mcp function goes up
 * until it collects its garbage, and down again.
 */
const isOfStdio = (pid: number): boolean => {
  const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1');
  return (
    /AWS_LAMBDA_FUNCTION_NAME=[^\0]*everything/.test(read('environ')) ||
    read('cmdline').includes('server-everything')
  );
};

const sumOf = (memory: ReadonlyMap<number, number>, pids: Iterable<number>): number =>
  [...pids].reduce((sum, pid) => sum + (memory.get(pid) ?? 0), 0);

describe.runIf(process.platform === 'linux')('1,000 calls that their clients give up', () => {
  it('leave no process and no memory behind, and the next call works', async () => {
    const ways = [sendBare, sendWith(await connect('legacy')), sendWith(await connect('auto'))];
    await startAll();
    await abortMany(204, ways);

    const before = memoryBelow(process.pid);
    const others = otherProcesses(before);
    const heapBefore = heapBytes();
    const connections = legacy.connections() + modern.connections();
    const sessions = legacy.sessions();
    expect(stdioSandboxes()).toBe(maxSandboxesPerFunction);

    await abortMany(1_000, ways);

    const after = memoryBelow(process.pid);
    expect(otherProcesses(after)).toBe(others);
    expect(stdioSandboxes()).toBe(maxSandboxesPerFunction);
    const lasting = [...before.keys()].filter((pid) => after.has(pid));
    expect(lasting.length).toBe(before.size);
    expect(sumOf(after, lasting)).toBeLessThan(sumOf(before, lasting) * timesLarger);
    for (const pid of lasting.filter((one) => isOfStdio(one))) {
      expect(after.get(pid)).toBeLessThan((before.get(pid) ?? 0) * timesLarger);
    }
    expect(heapBytes()).toBeLessThan(heapBefore * timesLarger);
    expect(legacy.connections() + modern.connections()).toBeLessThanOrEqual(connections);
    expect(legacy.sessions()).toBe(sessions);
    expect([total('functionErrors'), total('timeouts'), total('throttles')]).toEqual([0, 0, 0]);

    for (const [name, args, text] of [
      ['everything_echo', { message: 'still here' }, 'Echo: still here'],
      ['legacy_echo', { text: 'still here' }, 'still here'],
      ['modern_echo', { text: 'still here' }, 'still here'],
    ] as const) {
      const answer = await post(running.mcpUrl, callOf(name, args), bearer(key));
      expect(answer.json?.result).toMatchObject({ content: [{ text }] });
    }
  }, 180_000);
});

it('a call that nobody waits for ends at its deadline, and the upstream is told', async () => {
  const { cancelled } = modern.tools;
  // Fewer failures in a row than open the circuit.
  const aborted = Array.from({ length: 3 }, () =>
    expect(sendBare('short_wait', {}, AbortSignal.timeout(100))).rejects.toThrow(),
  );
  await Promise.all(aborted);
  await expect.poll(() => modern.tools.calls['wait'], { timeout: 20_000 }).toBe(3);
  await expect.poll(() => modern.tools.cancelled, { timeout: 5_000 }).toBe(cancelled + 3);
  await expect.poll(underWay).toBe(0);
});

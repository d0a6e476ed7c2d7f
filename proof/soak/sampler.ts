import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLineOf, functionIn, processesBelow } from '../chaos/processes.ts';
import type { TwinProcess } from '../chaos/twin-process.ts';

/** Every Linux that Node runs on here has pages of this size. */
const pageBytes = 4_096;
const heapWaitMs = 3_000;

/** Of one kind of process at one moment. Memory and handles are those of one process, in the mean. */
export interface Look {
  readonly processes: number;
  readonly handles: number;
  readonly rssBytes: number;
  /** And buffers, after a collection; absent where nobody can be asked. */
  readonly heapBytes?: number;
}

const rssOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes;
const handlesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Gone, or not ours to look at: nothing that anybody holds. */
const orNothing = (read: () => number): number => {
  try {
    return read();
  } catch {
    return 0;
  }
};

const kindOf = (pid: number): string => {
  const command = commandLineOf(pid);
  if (command.includes('server-everything')) return 'stdio server';
  if (command.includes('dynalite-server')) return 'DynamoDB';
  const name = functionIn(pid);
  if (name === undefined) return 'other';
  if (/everything/i.test(name)) return 'stdio sandbox';
  // Of another server, which only lists are asked of.
  if (/upstreams/i.test(name)) return 'idle sandbox';
  return /(Mcp|Authorizer|[A-Z][a-z]+)Function/.exec(name)?.[1]?.toLowerCase() ?? name;
};

/** A function writes its heap down when it is signalled; one that is busy for long has none. */
const heapsOf = async (pids: readonly number[], directory: string) => {
  const files = new Map(pids.map((pid) => [pid, join(directory, String(pid))]));
  for (const file of files.values()) rmSync(file, { force: true });
  for (const pid of pids) {
    orNothing(() => Number(process.kill(pid, 'SIGUSR2')));
  }
  const heaps = new Map<number, number>();
  for (const startedAt = performance.now(); performance.now() - startedAt < heapWaitMs;) {
    for (const [pid, file] of files) {
      const bytes = orNothing(() => Number(readFileSync(file, 'utf8')));
      if (bytes > 0) heaps.set(pid, bytes);
    }
    if (heaps.size === pids.length) break;
    await sleep(20);
  }
  return heaps;
};

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Makes what looks at the twin and at all that it started. */
export const createLook = (twin: TwinProcess, heapDirectory: string) => {
  /** A process of a moment ago may not listen to signals yet, and would end by one. */
  let known: ReadonlySet<number> = new Set();
  return async (): Promise<ReadonlyMap<string, Look>> => {
    const looks = await lookAt(twin, heapDirectory, known);
    known = new Set(processesBelow(twin.pid));
    return looks;
  };
};

const lookAt = async (
  twin: TwinProcess,
  heapDirectory: string,
  known: ReadonlySet<number>,
): Promise<ReadonlyMap<string, Look>> => {
  const kinds = new Map<string, number[]>();
  for (const pid of processesBelow(twin.pid)) {
    const kind = kindOf(pid);
    kinds.set(kind, [...(kinds.get(kind) ?? []), pid]);
  }
  const asked = [...kinds].flatMap(([kind, pids]) =>
    ['stdio server', 'DynamoDB', 'other'].includes(kind) ? [] : pids,
  );
  const heaps = await heapsOf(
    asked.filter((pid) => known.has(pid)),
    heapDirectory,
  );
  const looks = new Map<string, Look>();
  const look = (pids: readonly number[], heapBytes: readonly number[]): Look => ({
    processes: pids.length,
    handles: meanOf(pids.map((pid) => orNothing(() => handlesOf(pid)))),
    rssBytes: meanOf(pids.map((pid) => orNothing(() => rssOf(pid)))),
    ...(heapBytes.length === 0 ? {} : { heapBytes: meanOf(heapBytes) }),
  });
  for (const [kind, pids] of kinds) {
    looks.set(
      kind,
      look(
        pids,
        pids.flatMap((pid) => heaps.get(pid) ?? []),
      ),
    );
  }
  return looks.set('twin', look([twin.pid], [await twin.heap()]));
};

/** Of all files below it. */
export const bytesIn = (directory: string): number =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { parentPath, name }) =>
        sum + orNothing(() => readFileSync(join(parentPath, name)).length),
      0,
    );

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** `USER_HZ`: /proc counts in hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10;
/** Of x86-64 and of most arm64 systems. */
const PAGE_BYTES = 4_096;

/** CPU time so far, in milliseconds. */
export interface CpuTimes {
  /** Of the process alone. */
  readonly self: number;
  /** With every process below it, those that have ended included. */
  readonly tree: number;
}

interface ProcessTimes {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended and were waited for. */
  readonly ended: number;
}

/** proc(5), /proc/pid/stat. The command, in parentheses, may hold anything: fields are counted behind it. */
const readProcess = (pid: number): ProcessTimes | undefined => {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    parent: field(4),
    own: (field(14) + field(15)) * TICK_MS,
    ended: (field(16) + field(17)) * TICK_MS,
  };
};

/** proc(5), /proc/stat: all but idle and iowait. Time that the host took away counts as used. */
const readMachine = (): number => {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
};

/** CPU times of a process and of those it started, or undefined where there is no /proc. */
export const readCpu = (pid: number): CpuTimes | undefined => {
  if (!existsSync('/proc/self/stat')) return undefined;
  const processes = new Map<number, ProcessTimes>();
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const id = Number(name);
    const times = Number.isInteger(id) ? readProcess(id) : undefined;
    if (times === undefined) continue;
    processes.set(id, times);
    children.set(times.parent, [...(children.get(times.parent) ?? []), id]);
  }
  const treeOf = (id: number): number => {
    const times = processes.get(id);
    const below = (children.get(id) ?? []).reduce((sum, child) => sum + treeOf(child), 0);
    return (times?.own ?? 0) + (times?.ended ?? 0) + below;
  };
  return { self: processes.get(pid)?.own ?? 0, tree: treeOf(pid) };
};

/** Of the process and all below it, in MB of 2^20 bytes: what they share counts in each. Undefined where there is no /proc. */
export const readMemoryMb = (pid: number): number | undefined => {
  if (!existsSync('/proc/self/statm')) return undefined;
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const id = Number(name);
    const times = Number.isInteger(id) ? readProcess(id) : undefined;
    if (times === undefined) continue;
    children.set(times.parent, [...(children.get(times.parent) ?? []), id]);
  }
  const residentPages = (id: number): number => {
    try {
      return Number(readFileSync(`/proc/${id}/statm`, 'latin1').split(' ')[1]);
    } catch {
      return 0;
    }
  };
  const treeOf = (id: number): number =>
    residentPages(id) + (children.get(id) ?? []).reduce((sum, child) => sum + treeOf(child), 0);
  return (treeOf(pid) * PAGE_BYTES) / 2 ** 20;
};

/**
 * Watches the machine from now on. The function that it returns tells which share of all cores went to programs that
 * the bench did not start: noise. Undefined where there is no /proc.
 */
export const watchOthers = (): (() => number | undefined) => {
  const startedAt = performance.now();
  const before = readCpu(process.pid);
  if (before === undefined) return () => undefined;
  const machineBefore = readMachine();
  return () => {
    const ours = (readCpu(process.pid)?.tree ?? 0) - before.tree;
    const available = (performance.now() - startedAt) * availableParallelism();
    return Math.max(0, readMachine() - machineBefore - ours) / available;
  };
};

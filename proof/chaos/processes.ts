import { readdirSync, readFileSync } from 'node:fs';

/** Linux's, of one process. Empty when there is none of this id, or it is somebody else's. */
const readProc = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
};

export const parentOf = (pid: number): number => {
  const stat = readProc(pid, 'stat');
  // The name, in brackets, may hold anything; what comes behind it does not.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
};

const isBelow = (pid: number, ancestor: number): boolean => {
  for (let at = pid; at > 1; at = parentOf(at)) if (at === ancestor) return true;
  return false;
};

/** Processes that this one, or the one of that id, started, and those that these started. */
export const processesBelow = (ancestor: number): readonly number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== ancestor && isBelow(pid, ancestor));

/** The name of the function that runs in a process; undefined for all others. */
export const functionIn = (pid: number): string | undefined =>
  /(?:^|\0)AWS_LAMBDA_FUNCTION_NAME=([^\0]*)/.exec(readProc(pid, 'environ'))?.[1];

export const commandLineOf = (pid: number): string =>
  readProc(pid, 'cmdline').replaceAll('\0', ' ').trim();

export const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
};

import { readdirSync, readFileSync } from 'node:fs';

/** A process, as proc(5) has it. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Resident memory, bytes. */
  readonly memory: number;
}

/** Every Linux that Node runs on here has pages of this size. */
const pageBytes = 4_096;

const readProcess = (pid: number): Process | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything: fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(fields[1]), memory: Number(fields[21]) * pageBytes };
  } catch {
    return undefined;
  }
};

/** Resident bytes of each process below this one, by its id. */
export const memoryBelow = (ancestor: number): ReadonlyMap<number, number> => {
  const all = readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : [],
  );
  const childrenOf = (parent: number): readonly Process[] =>
    all
      .filter((process) => process.parent === parent)
      .flatMap((child) => [child, ...childrenOf(child.pid)]);
  return new Map(childrenOf(ancestor).map(({ pid, memory }) => [pid, memory]));
};

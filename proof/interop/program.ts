import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

/** How long one program may take, and one client in this process: it ends what hangs, and is no measure of speed. */
export const deadlineMs = 45_000;

export interface Program {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Hears each line of stdout or stderr as it is written; may answer on the program's stdin. */
  readonly onLine?: (line: string, answer: (line: string) => void) => void;
}

const lastLines = (text: string): string =>
  text.trim().split('\n').slice(-6).join('\n').slice(-900);

const hear = (child: ChildProcessWithoutNullStreams, onLine: (line: string) => void) => {
  const heard = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    let rest = '';
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      heard[name] += chunk;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    });
  }
  return heard;
};

/**
 * Runs a script on this Node until it ends, and returns its stdout.
 * @throws Error with what it wrote, when it failed or was not done in time.
 */
export const runProgram = ({ args, env, onLine }: Program): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: 'pipe' });
    // One that has ended reads no more answers.
    child.stdin.on('error', () => undefined);
    const heard = hear(child, (line) => {
      onLine?.(line, (answer) => void child.stdin.write(`${answer}\n`));
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, deadlineMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === 0) return resolve(heard.stdout);
      const how = late ? `was not done in ${deadlineMs / 1000} s` : `ended with ${code}`;
      reject(new Error(`it ${how}: ${lastLines(heard.stderr || heard.stdout)}`));
    });
  });

/** @throws Error when `work` is not done in time. */
export const within = async <T>(work: Promise<T>, ms = deadlineMs): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it was not done in ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

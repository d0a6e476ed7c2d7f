import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { LineSplitter } from '../log/line-splitter.ts';
import type { LogSink } from '../log/log-sink.ts';
import type { FunctionDefinition } from './function-service.ts';
import { heapFlags, sandboxEnvironment } from './sandbox-environment.ts';

const PRELOAD = fileURLToPath(new URL('./sandbox-preload.cjs', import.meta.url));
const RUNTIME = createRequire(import.meta.url).resolve('aws-lambda-ric');

/** `2026/11/21/[$LATEST]<32 hex digits>`, one per sandbox. */
const logStreamName = (): string => {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[$LATEST]${randomBytes(16).toString('hex')}`;
};

export interface ProcessOptions {
  readonly definition: FunctionDefinition;
  readonly awsEnvironment: Readonly<Record<string, string>>;
  readonly runtimeApi: string;
  readonly temporaryDirectory: string | undefined;
  readonly log: LogSink;
  /** Hears of process groups that the function starts and that end (sandbox-preload.cjs). */
  readonly onGroup: (change: '+' | '-', processGroup: number) => void;
}

/** Starts aws-lambda-ric on the function, as the leader of a process group of its own. Its lines go to `log`. */
export const startProcess = ({
  definition,
  awsEnvironment,
  runtimeApi,
  temporaryDirectory,
  log,
  onGroup,
}: ProcessOptions): ChildProcess => {
  const logStream = logStreamName();
  const child = spawn(
    process.execPath,
    [...heapFlags(definition.memoryMb), '--require', PRELOAD, RUNTIME],
    {
      cwd: definition.codeDirectory,
      env: sandboxEnvironment(definition, awsEnvironment, {
        runtimeApi,
        logStreamName: logStream,
        temporaryDirectory,
      }),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    },
  );
  const pipe = (output: Readable): void => {
    const lines = new LineSplitter((line) =>
      log.write(definition.logGroupName, line, { stream: logStream }),
    );
    output.on('data', (chunk: Buffer) => lines.write(chunk));
    output.on('end', () => lines.end());
  };
  const [, stdout, stderr, groups] = child.stdio;
  pipe(stdout as Readable);
  pipe(stderr as Readable);
  const changes = new LineSplitter((line) => {
    const [, change, group] = /^([+-]) (\d+)$/.exec(line) ?? [];
    if (change === '+' || change === '-') onGroup(change, Number(group));
  });
  groups?.on('data', (chunk: Buffer) => changes.write(chunk)).on('error', () => undefined);
  return child;
};

/** How Lambda words the end of a runtime; `undefined` for an exit with status 0, which has no reason. */
export const exitReason = (
  code: number | null,
  signal: NodeJS.Signals | null,
): string | undefined => {
  if (signal !== null) return `signal: ${signal === 'SIGKILL' ? 'killed' : signal}`;
  return code === 0 ? undefined : `exit status ${code}`;
};

/** Ends a process and what it started. */
export const killGroup = (processGroup: number): void => {
  try {
    process.kill(-processGroup, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
};

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

/** Starts aws-lambda-ric on the function, as the leader of a process group of its own. Its lines go to `log`. */
export const startProcess = (
  definition: FunctionDefinition,
  awsEnvironment: Readonly<Record<string, string>>,
  runtimeApi: string,
  log: LogSink,
): ChildProcess => {
  const child = spawn(
    process.execPath,
    [...heapFlags(definition.memoryMb), '--require', PRELOAD, RUNTIME],
    {
      cwd: definition.codeDirectory,
      env: sandboxEnvironment(definition, awsEnvironment, runtimeApi, logStreamName()),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  const pipe = (output: Readable): void => {
    const lines = new LineSplitter((line) => log.write(definition.logGroupName, line));
    output.on('data', (chunk: Buffer) => lines.write(chunk));
    output.on('end', () => lines.end());
  };
  pipe(child.stdout);
  pipe(child.stderr);
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

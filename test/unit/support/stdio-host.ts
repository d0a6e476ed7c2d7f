import { readdirSync, readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Context, StreamifyHandler } from 'aws-lambda';
import './awslambda.ts';
import { createHandler } from '../../../lambdas/stdio-host/handler.ts';
import { createLog } from '../../../src/log/log.ts';
import { childEnvironment, serverCommand } from '../../../src/sandbox/server-command.ts';
import { StdioServer, type StdioServerOptions } from '../../../src/sandbox/stdio-server.ts';
import {
  sandboxLine,
  type SandboxCall,
  type SandboxLine,
} from '../../../src/upstreams/sandbox-protocol.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/stdio/', import.meta.url));

export const fixedPath = `${process.execPath.replace(/\/node$/, '')}:/usr/bin:/bin`;

export const aCall = (over: Partial<SandboxCall> = {}): SandboxCall => ({
  method: 'tools/call',
  params: { name: 'echo', arguments: { a: 1 } },
  env: {},
  timeoutMs: 10_000,
  progress: false,
  log: false,
  requestId: 'request-1',
  ...over,
});

export const toolCall = (name: string, over: Partial<SandboxCall> = {}): SandboxCall =>
  aCall({ ...over, params: { name, arguments: over.params ?? {} } });

/** The function in this process: its handler, its domain, and a real child. */
export class StdioHost implements AsyncDisposable {
  readonly logLines: string[] = [];
  readonly server: StdioServer;
  /** Unix milliseconds, for a freeze without waiting. */
  now = 1_000_000;
  readonly #handler: StreamifyHandler;

  constructor(
    fixture: string,
    args: readonly string[] = [],
    options: Partial<StdioServerOptions> = {},
  ) {
    const log = createLog((line) => this.logLines.push(line));
    this.server = new StdioServer({
      command: serverCommand(
        { command: 'node', args: [fixture, ...args], cwd: '.' },
        fixtures,
        process.execPath,
      ),
      environment: (env) => childEnvironment(env, { path: fixedPath, temporaryDirectory: '/tmp' }),
      startTimeoutMs: 10_000,
      logsStderr: false,
      log,
      now: () => this.now,
      ...options,
    });
    this.#handler = createHandler({ server: this.server, log }) as unknown as StreamifyHandler;
  }

  /** @param remainingMs - what the runtime says is left of the function's time. */
  async call(call: SandboxCall, remainingMs = 60_000): Promise<readonly SandboxLine[]> {
    const chunks: Buffer[] = [];
    const stream = Object.assign(
      new Writable({
        write: (chunk: Buffer, _, done) => {
          chunks.push(Buffer.from(chunk));
          done();
        },
      }),
      { setContentType: () => undefined },
    );
    const context = { getRemainingTimeInMillis: () => remainingMs } as Context;
    await this.#handler(call, stream, context);
    const lines = Buffer.concat(chunks).toString('utf8').split('\n');
    if (lines.pop() !== '') throw new Error('the last line has no end');
    return lines.map((line) => sandboxLine.parse(JSON.parse(line)));
  }

  /** The last line of a call. */
  async last(call: SandboxCall, remainingMs?: number): Promise<SandboxLine> {
    const line = (await this.call(call, remainingMs)).at(-1);
    if (line === undefined) throw new Error('there was no line');
    return line;
  }

  /** What a tool of the fixture `behaviours` answered. */
  async tool(name: string, over: Partial<SandboxCall> = {}): Promise<unknown> {
    const line = await this.last(toolCall(name, over));
    if (line.type !== 'result') throw new Error(JSON.stringify(line));
    const [content] = line.result['content'] as { text: string }[];
    return JSON.parse(content?.text ?? '');
  }

  logged(event: string): readonly Readonly<Record<string, unknown>>[] {
    return this.logLines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line['event'] === event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** Whether a process is there and is no zombie. */
export const isRunning = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** Processes whose command line names `text`, this one apart. */
export const processesOf = (text: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { LineTooLongError } from '../upstreams/byte-lines.ts';
import { UpstreamError } from '../upstreams/upstream.ts';
import { MessageLines } from './message-lines.ts';
import type { ServerCommand } from './server-command.ts';
import { StderrTail, type StderrFacts } from './stderr-tail.ts';

/** A larger message would not fit into an answer of the gateway either. */
const maxMessageBytes = 5 * 1024 * 1024;

/** How long after its end a process may hold its pipes: one that left its group can. */
const lastWordsMs = 200;

export interface ChildEnd extends StderrFacts {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly garbageLines: number;
  readonly tooLarge: boolean;
}

export interface ChildTransportOptions {
  readonly command: ServerCommand;
  readonly env: Readonly<Record<string, string>>;
  readonly onStderrLine?: ((line: string) => void) | undefined;
  /** Called once, when the process is gone. */
  readonly onEnd?: ((end: ChildEnd) => void) | undefined;
}

/**
 * An MCP server in a child process, by its standard input and output. Unlike the SDK's transport it gives the child no
 * variable that it was not told to, and its end is the end of everything that it started: the child leads a process
 * group of its own.
 */
export class ChildTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: <T extends JSONRPCMessage>(message: T) => void;
  /** Beside `pid`, what tells a transport to a child from one over HTTP. */
  readonly stderr = null;
  readonly #options: ChildTransportOptions;
  readonly #lines = new MessageLines(maxMessageBytes);
  readonly #tail: StderrTail;
  readonly #closed = Promise.withResolvers<void>();
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  #ended = false;
  #tooLarge = false;

  constructor(options: ChildTransportOptions) {
    this.#options = options;
    this.#tail = new StderrTail(options.onStderrLine);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get tooLarge(): boolean {
    return this.#tooLarge;
  }

  /** @throws UpstreamError `misconfigured` when there is no such program. */
  async start(): Promise<void> {
    const { command, env } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    child.once('spawn', resolve);
    child.on('error', (cause) => {
      reject(
        new UpstreamError('misconfigured', "The sandbox's program cannot be started.", { cause }),
      );
      this.#end(null, null);
    });
    child.stdin.on('error', () => undefined);
    child.stdout.on('error', () => undefined);
    child.stderr.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    child.stderr.on('data', (chunk: Buffer) => this.#tail.write(chunk));
    child.on('exit', (code, signal) => {
      // What it started must not outlive it, nor hold its pipes.
      this.kill();
      setTimeout(() => this.#end(code, signal), lastWordsMs);
    });
    child.on('close', (code, signal) => this.#end(code, signal));
    await promise;
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (stdin === undefined || this.#ended || !stdin.writable) {
      throw new UpstreamError('unreachable', "The sandbox's process has ended.");
    }
    stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Ends the process and what it started, at once. */
  kill(): void {
    const pid = this.pid;
    // A process id that is free again may be another's.
    if (pid === undefined || this.#ended) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  }

  async close(): Promise<void> {
    if (this.#child === undefined) this.#end(null, null);
    this.kill();
    await this.#closed.promise;
  }

  #read(chunk: Buffer): void {
    if (this.#tooLarge) return;
    try {
      for (const message of this.#lines.read(chunk)) this.onmessage?.(message);
    } catch (error) {
      this.onerror?.(error as Error);
      if (!(error instanceof LineTooLongError)) return;
      this.#tooLarge = true;
      this.kill();
    }
  }

  #end(exitCode: number | null, signal: string | null): void {
    if (this.#ended) return;
    this.#ended = true;
    const child = this.#child;
    child?.stdin.destroy();
    child?.stdout.destroy();
    child?.stderr.destroy();
    const { garbageLines } = this.#lines;
    this.#options.onEnd?.({
      exitCode,
      signal,
      garbageLines,
      tooLarge: this.#tooLarge,
      ...this.#tail.facts(),
    });
    this.#closed.resolve();
    this.onclose?.();
  }
}

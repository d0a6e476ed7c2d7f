import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs';
import type { LogSink } from '../log/log-sink.ts';
import type { FunctionDefinition } from './function-service.ts';
import type { Invocation } from './invocation.ts';
import { INIT_TIMEOUT_MS } from './limits.ts';
import type { OrphanReaper } from '../orphan-reaper.ts';
import { reportLine } from './report-line.ts';
import { RuntimeApi } from './runtime-api.ts';
import type { RuntimeError } from './runtime-error.ts';
import { exitReason, killGroup, startProcess } from './sandbox-process.ts';

export interface SandboxOptions {
  readonly definition: FunctionDefinition;
  /** The role's credentials and the twin's AWS endpoints. */
  readonly awsEnvironment: Readonly<Record<string, string>>;
  readonly log: LogSink;
  readonly reaper: OrphanReaper;
  /** Makes the /tmp of a sandbox that serves one tenant; it is removed at the sandbox's end. */
  readonly makeTemporaryDirectory: () => string;
  /** @default 10,000 ms, as on Lambda. */
  readonly initTimeoutMs?: number;
}

export interface SandboxEvents {
  /** Ready for an event: after its start, and after each invocation. */
  onIdle(sandbox: Sandbox): void;
  /** It never became ready. `describe` words the failure for the request that waited for it. */
  onInitFailure(sandbox: Sandbox, fail: (invocation: Invocation) => void): void;
  onTimeout(sandbox: Sandbox): void;
  onExit(sandbox: Sandbox): void;
}

/** How long after a process its last log lines may take: a pipe can be held open by a process that left the group. */
const LAST_LINES_MS = 200;

const seconds = (ms: number): string => (ms / 1000).toFixed(2);

/** One execution environment: a process group that runs aws-lambda-ric on the function's bundle. */
export class Sandbox {
  /** Milliseconds from spawn to the first `next`. */
  initMs: number | undefined;
  readonly exited: Promise<void>;
  readonly #options: SandboxOptions;
  readonly #events: SandboxEvents;
  readonly #api: RuntimeApi;
  readonly #startedAt = performance.now();
  readonly #markExited: () => void;
  /** Of a function with tenant isolation. */
  readonly #temporaryDirectory: string | undefined;
  /** Process groups that its function started. */
  readonly #groups = new Set<number>();
  #child: ChildProcess | undefined;
  #current: Invocation | undefined;
  #invokedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #initError: RuntimeError | undefined;
  #reported = false;
  #killed = false;
  #gone = false;

  constructor(options: SandboxOptions, events: SandboxEvents) {
    this.#options = options;
    this.#events = events;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.exited = promise;
    this.#temporaryDirectory =
      options.definition.isPerTenant === true ? options.makeTemporaryDirectory() : undefined;
    this.#markExited = resolve;
    this.#api = new RuntimeApi(options.definition.arn, {
      onNext: () => this.#onNext(),
      onInitError: (error) => (this.#initError = error),
    });
    this.#timer = setTimeout(() => this.#onInitTimeout(), options.initTimeoutMs ?? INIT_TIMEOUT_MS);
    this.#start().catch((error: unknown) => this.#onExit(`could not start: ${String(error)}`));
  }

  /** @throws Error when the sandbox is not idle. */
  invoke(invocation: Invocation): void {
    const { timeoutMs } = this.#options.definition;
    this.#api.dispatch(invocation, Date.now() + timeoutMs);
    this.#current = invocation;
    this.#invokedAt = performance.now();
    this.#timer = setTimeout(() => this.#onTimeout(invocation, timeoutMs), timeoutMs);
  }

  /** Ends the process group at once; `exited` tells when it is gone. */
  kill(): void {
    this.#killed = true;
    const pid = this.#child?.pid;
    if (pid !== undefined && !this.#gone) killGroup(pid);
    for (const group of this.#groups) killGroup(group);
  }

  async #start(): Promise<void> {
    const { definition, awsEnvironment, log, reaper } = this.#options;
    const address = await this.#api.listen();
    if (this.#killed) {
      this.#onExit('killed before it started');
      return;
    }
    const child = startProcess({
      definition,
      awsEnvironment,
      runtimeApi: address,
      temporaryDirectory: this.#temporaryDirectory,
      log,
      onGroup: (change, group) => this.#onGroup(change, group),
    });
    this.#child = child;
    if (child.pid !== undefined) reaper.watch(child.pid);
    child.on('close', this.#markExited);
    child.on('error', (error) => this.#onExit(`could not start: ${error.message}`));
    child.on('exit', (code, signal) => this.#onExit(exitReason(code, signal)));
  }

  #onGroup(change: '+' | '-', group: number): void {
    const { reaper } = this.#options;
    if (change === '-') {
      this.#groups.delete(group);
      reaper.forget(group);
    } else if (this.#gone) {
      killGroup(group);
    } else {
      this.#groups.add(group);
      reaper.watch(group);
    }
  }

  #onNext(): void {
    clearTimeout(this.#timer);
    if (this.#gone || this.#killed) return;
    this.#report();
    this.initMs ??= performance.now() - this.#startedAt;
    this.#events.onIdle(this);
  }

  #report(): void {
    const invocation = this.#current;
    if (invocation === undefined) return;
    this.#current = undefined;
    const { memoryMb, environment } = this.#options.definition;
    const report = {
      requestId: invocation.requestId,
      durationMs: performance.now() - this.#invokedAt,
      initDurationMs: this.#reported ? undefined : this.initMs,
      memoryMb,
    };
    this.#reported = true;
    if (this.#options.definition.writesReports === false) return;
    this.#log(reportLine(report, environment['AWS_LAMBDA_LOG_FORMAT'] === 'JSON'));
  }

  #onInitTimeout(): void {
    const limit = seconds(this.#options.initTimeoutMs ?? INIT_TIMEOUT_MS);
    const message = `Error: Init phase timed out after ${limit} seconds`;
    this.#initError = {
      errorType: 'Sandbox.Timedout',
      errorMessage: message,
      payload: Buffer.from(
        JSON.stringify({ errorType: 'Sandbox.Timedout', errorMessage: message }),
      ),
    };
    this.kill();
  }

  #onTimeout(invocation: Invocation, timeoutMs: number): void {
    const message = `Task timed out after ${seconds(timeoutMs)} seconds`;
    this.#log(`${new Date().toISOString()} ${invocation.requestId} ${message}`);
    this.#events.onTimeout(this);
    this.kill();
    this.#current = undefined;
    invocation.fail('Sandbox.Timedout', `RequestId: ${invocation.requestId} Error: ${message}`);
  }

  #onExit(reason: string | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#timer);
    this.#api.close();
    const pid = this.#child?.pid;
    if (pid !== undefined) {
      killGroup(pid);
      this.#options.reaper.forget(pid);
    }
    for (const group of this.#groups) {
      killGroup(group);
      this.#options.reaper.forget(group);
    }
    this.#groups.clear();
    const directory = this.#temporaryDirectory;
    if (directory !== undefined) rm(directory, { recursive: true, force: true }, () => undefined);
    if (this.#child === undefined) this.#markExited();
    else setTimeout(this.#markExited, LAST_LINES_MS);
    const fail = (invocation: Invocation): void => this.#failWith(invocation, reason);
    if (this.#current !== undefined) fail(this.#current);
    if (this.initMs === undefined) this.#events.onInitFailure(this, fail);
    this.#events.onExit(this);
  }

  #failWith(invocation: Invocation, reason: string | undefined): void {
    const initError = this.#initError;
    if (initError !== undefined) {
      invocation.fail(initError.errorType, initError.errorMessage, initError.payload);
      return;
    }
    const text =
      reason === undefined
        ? 'Error: Runtime exited without providing a reason'
        : `Error: Runtime exited with error: ${reason}`;
    this.#log(`RequestId: ${invocation.requestId} ${text}\tRuntime.ExitError`);
    invocation.fail('Runtime.ExitError', `RequestId: ${invocation.requestId} ${text}`);
  }

  #log(line: string): void {
    this.#options.log.write(this.#options.definition.logGroupName, line);
  }
}

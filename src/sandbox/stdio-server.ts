import type { Log } from '../log/log.ts';
import type { SessionMode } from '../upstreams/mcp-connect.ts';
import { McpSession } from '../upstreams/mcp-session.ts';
import type { SandboxCall, SandboxLine } from '../upstreams/sandbox-protocol.ts';
import { UpstreamError, type UpstreamFacts } from '../upstreams/upstream.ts';
import { ChildTransport, type ChildEnd } from './child-transport.ts';
import { errorLine } from './error-line.ts';
import type { ServerCommand } from './server-command.ts';

/** After a longer pause the function may have been frozen, and its child with it. */
const staleAfterMs = 5_000;
const healthCheckMs = 2_000;
/** What a server has to show that it lives after it let a call run out of time. */
const graceMs = 250;
/** Of one call, as JSON: a server that floods its client with notifications loses the rest of them. */
const maxNotificationChars = 1_000_000;

export interface StdioServerOptions {
  readonly command: ServerCommand;
  readonly environment: (env: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** A start goes on when the call that began it has run out of time: the next call finds it further. */
  readonly startTimeoutMs: number;
  /** Whether the lines of standard error are logged. They may hold secrets. */
  readonly logsStderr: boolean;
  readonly log: Log;
  /** Unix milliseconds: a clock that goes on while the function is frozen. */
  readonly now: () => number;
}

/** A child with its session, from its start on. */
interface Server {
  /** The variables that it was started with. */
  readonly key: string;
  readonly session: McpSession;
  readonly started: Promise<UpstreamFacts>;
  transport: ChildTransport | undefined;
}

type Emit = (line: SandboxLine) => void;

const keyOf = (env: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * One stdio server, kept warm from call to call. It is started at the first call, and again when it died, hung, slept
 * through a freeze without waking up, or is to have other variables. One call at a time.
 */
export class StdioServer {
  readonly #options: StdioServerOptions;
  #server: Server | undefined;
  #running: { readonly done: Promise<void>; readonly controller: AbortController } | undefined;
  #lastAnswerAt = 0;
  /** How the server began the last time: some end at the question which era they are of. */
  #mode: SessionMode = 'auto';

  constructor(options: StdioServerOptions) {
    this.#options = options;
  }

  /** The child's process id, while there is one. */
  get pid(): number | undefined {
    return this.#server?.transport?.pid;
  }

  /**
   * Makes a call. The last line that `emit` gets is its result or error. Resolves when nothing of the call is left: a
   * function that answers earlier would be frozen in the midst of it. A call that is still under way is given up.
   */
  async serve(call: SandboxCall, emit: Emit): Promise<void> {
    const before = this.#running;
    before?.controller.abort();
    const controller = new AbortController();
    const done = (before?.done ?? Promise.resolve()).then(() =>
      this.#serve(call, emit, controller.signal),
    );
    const running = { done, controller };
    this.#running = running;
    await done;
    if (this.#running === running) this.#running = undefined;
  }

  async close(): Promise<void> {
    this.#running?.controller.abort();
    await this.#running?.done;
    await this.#discard();
  }

  async #serve(call: SandboxCall, emit: Emit, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + call.timeoutMs;
    try {
      const server = await this.#ready(call, deadline, signal);
      const result =
        call.method === 'facts'
          ? { ...server.session.facts }
          : await server.session.request({ ...request(call, emit, deadline), signal });
      emit({ type: 'result', result });
    } catch (error) {
      const server = this.#server;
      emit(errorLine(error, server?.transport?.tooLarge === true));
      const failure = error instanceof UpstreamError ? error.failure : undefined;
      const wasLeft = failure === 'timeout' || failure === 'aborted';
      if (wasLeft && server?.session.facts !== undefined && !(await isAlive(server, graceMs))) {
        this.#options.log.warn('sandbox.hangs', { requestId: call.requestId });
        await this.#discard();
      }
    } finally {
      this.#lastAnswerAt = this.#options.now();
    }
  }

  /** @throws UpstreamError */
  async #ready({ env, requestId }: SandboxCall, deadline: number, signal: AbortSignal) {
    const key = keyOf(env);
    const { log, now } = this.#options;
    if (this.#server !== undefined && (this.#server.key !== key || this.#server.session.closed)) {
      await this.#discard();
    }
    const isStale = now() - this.#lastAnswerAt > staleAfterMs;
    if (this.#server?.session.facts !== undefined && isStale) {
      const patience = Math.min(healthCheckMs, remaining(deadline));
      if (!(await isAlive(this.#server, patience))) {
        log.warn('sandbox.asleep', { requestId });
        await this.#discard();
      }
    }
    const server = (this.#server ??= this.#start(key, env));
    await within(server.started, remaining(deadline), signal);
    return server;
  }

  #start(key: string, env: Readonly<Record<string, string>>): Server {
    const { command, environment, startTimeoutMs, logsStderr, log } = this.#options;
    const began = performance.now();
    const onEnd = ({ exitCode, signal, ...rest }: ChildEnd) =>
      log.info('sandbox.ended', { exitCode, signal, ...rest });
    const session = new McpSession({
      createTransport: () => {
        const transport = new ChildTransport({
          command,
          env: environment(env),
          onEnd,
          ...(logsStderr ? { onStderrLine: (line) => log.info('sandbox.stderr', { line }) } : {}),
        });
        server.transport = transport;
        return transport;
      },
      mode: this.#mode,
      connectTimeoutMs: startTimeoutMs,
    });
    // Begun a turn later, so that `server` is there when a transport is made.
    const started = Promise.resolve().then(() => session.connect(new AbortController().signal));
    const server: Server = { key, session, started, transport: undefined };
    started.then(
      ({ era }) => {
        this.#mode = era === 'modern' ? 'modern' : 'legacy';
        log.info('sandbox.started', { era, ms: Math.round(performance.now() - began) });
      },
      () => {
        if (this.#server === server) this.#server = undefined;
      },
    );
    return server;
  }

  async #discard(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.transport?.kill();
    await server.session.close();
    await server.transport?.close();
  }
}

const remaining = (deadline: number): number =>
  Math.max(1, Math.ceil(deadline - performance.now()));

const request = (call: SandboxCall, emit: Emit, deadline: number) => {
  let left = maxNotificationChars;
  const forward = (type: 'progress' | 'log') => (params: Readonly<Record<string, unknown>>) => {
    left -= JSON.stringify(params).length;
    if (left >= 0) emit({ type, params });
  };
  return {
    method: call.method,
    params: call.params,
    trace: call.trace,
    timeoutMs: remaining(deadline),
    elicitation: call.elicitation,
    capabilities: call.capabilities,
    onProgress: call.progress ? forward('progress') : undefined,
    onLog: call.log ? forward('log') : undefined,
  };
};

/** A server that answers at all is alive, be it with an error. */
const isAlive = async ({ session }: Server, timeoutMs: number): Promise<boolean> => {
  try {
    await session.request({
      method: session.facts?.era === 'modern' ? 'server/discover' : 'ping',
      params: {},
      timeoutMs,
      signal: new AbortController().signal,
    });
    return true;
  } catch (error) {
    return error instanceof UpstreamError && error.failure === 'rpc';
  }
};

/** @throws UpstreamError `timeout` or `aborted`, while `work` goes on. */
const within = async <T>(work: Promise<T>, timeoutMs: number, signal: AbortSignal): Promise<T> => {
  const { promise: left, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(new UpstreamError('aborted', 'The call was given up.'));
  const timer = setTimeout(
    () => reject(new UpstreamError('timeout', 'The server is still starting.')),
    timeoutMs,
  );
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, left]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
};

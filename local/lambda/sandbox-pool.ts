import { availableParallelism } from 'node:os';
import type { InvokeOptions } from './function-service.ts';
import { Invocation, type InvocationOutcome } from './invocation.ts';
import { Sandbox, type SandboxOptions } from './sandbox.ts';

/**
 * An event waits for a busy sandbox as long as a new one would take to start, no longer: it is then answered as soon
 * as on Lambda, which would have started one. Bounds in milliseconds, and what is assumed before one has started.
 */
const patience = { least: 10, most: 300 } as const;

export interface PoolOptions extends SandboxOptions {
  /** A laptop runs ten sandboxes, not a thousand: events beyond it wait, where Lambda would start more. @default 10 */
  readonly maxSandboxesPerFunction?: number;
  /** Events that may wait for a sandbox; one more is throttled. @default 1,000 */
  readonly maxQueueLength?: number;
  /** An idle sandbox is stopped after this time. @default 300,000 ms */
  readonly idleTimeoutMs?: number;
}

export interface PoolStats {
  readonly invocations: number;
  readonly coldStarts: number;
  readonly functionErrors: number;
  readonly timeouts: number;
  readonly throttles: number;
  readonly sandboxes: number;
  readonly idle: number;
  readonly queued: number;
  /** Spawn to ready of the newest sandbox, in milliseconds. */
  readonly lastInitMs: number | undefined;
}

/** The sandboxes of one function. One event at a time in each; the most recently used idle one is taken first. */
export class SandboxPool {
  readonly #options: PoolOptions;
  readonly #limit: number;
  readonly #all = new Set<Sandbox>();
  readonly #starting = new Set<Sandbox>();
  readonly #idle: Sandbox[] = [];
  readonly #idleTimers = new Map<Sandbox, NodeJS.Timeout>();
  readonly #queue: Invocation[] = [];
  /** Events accepted and not answered in full: what ReservedConcurrentExecutions counts. */
  #running = 0;
  #patienceTimer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #count = { invocations: 0, coldStarts: 0, functionErrors: 0, timeouts: 0, throttles: 0 };
  #lastInitMs: number | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#limit = Math.min(
      options.maxSandboxesPerFunction ?? 10,
      options.definition.reservedConcurrency ?? Infinity,
    );
  }

  async run(payload: Buffer, options?: InvokeOptions): Promise<InvocationOutcome> {
    const { definition, maxQueueLength = 1000 } = this.#options;
    if (this.#closed) throw new Error(`${definition.displayName}: the twin is stopping.`);
    if (
      this.#running >= (definition.reservedConcurrency ?? Infinity) ||
      this.#queue.length >= maxQueueLength
    ) {
      this.#count.throttles++;
      return { kind: 'throttled' };
    }
    this.#count.invocations++;
    this.#running++;
    const invocation = new Invocation(payload, options, () => this.#running--);
    const sandbox = this.#takeIdle();
    if (sandbox !== undefined) {
      sandbox.invoke(invocation);
    } else {
      this.#queue.push(invocation);
      this.#startMissing();
    }
    const outcome = await invocation.outcome;
    if (outcome.kind === 'function-error') this.#count.functionErrors++;
    return outcome;
  }

  stats(): PoolStats {
    return {
      ...this.#count,
      sandboxes: this.#all.size,
      idle: this.#idle.length,
      queued: this.#queue.length,
      lastInitMs: this.#lastInitMs,
    };
  }

  /** Kills every sandbox and resolves when the processes are gone. Events under way end as function errors. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopWaiting();
    for (const timer of this.#idleTimers.values()) clearTimeout(timer);
    const sandboxes = [...this.#all];
    for (const sandbox of sandboxes) sandbox.kill();
    await Promise.all(sandboxes.map((sandbox) => sandbox.exited));
    for (const invocation of this.#queue.splice(0)) {
      invocation.fail('Runtime.ExitError', 'The twin stopped before a sandbox was free.');
    }
  }

  #takeIdle(): Sandbox | undefined {
    const sandbox = this.#idle.pop();
    if (sandbox === undefined) return undefined;
    clearTimeout(this.#idleTimers.get(sandbox));
    this.#idleTimers.delete(sandbox);
    return sandbox;
  }

  /**
   * Starts sandboxes for events that wait and have none coming, once the first of them has been patient. At most as
   * many start at once as there are processors: more would only slow each other down.
   */
  #startMissing(): void {
    const isBusy = this.#all.size > this.#starting.size + this.#idle.length;
    const waitMs = isBusy ? this.#patienceLeftMs() : 0;
    if (waitMs > 0) {
      this.#patienceTimer ??= setTimeout(() => {
        this.#patienceTimer = undefined;
        this.#startMissing();
      }, waitMs);
      return;
    }
    let missing = this.#queue.length - this.#starting.size;
    while (
      missing-- > 0 &&
      this.#all.size < this.#limit &&
      this.#starting.size < availableParallelism()
    ) {
      this.#start();
    }
  }

  #patienceLeftMs(): number {
    const [first] = this.#queue;
    if (first === undefined) return 0;
    const { least, most } = patience;
    const patienceMs = Math.min(most, Math.max(least, this.#lastInitMs ?? least));
    return Math.ceil(first.queuedAt + patienceMs - performance.now());
  }

  #stopWaiting(): void {
    clearTimeout(this.#patienceTimer);
    this.#patienceTimer = undefined;
  }

  #start(): void {
    this.#count.coldStarts++;
    const sandbox = new Sandbox(this.#options, {
      onIdle: (ready) => this.#onIdle(ready),
      onInitFailure: (failed, fail) => {
        this.#starting.delete(failed);
        const first = this.#queue.shift();
        if (first !== undefined) fail(first);
      },
      onTimeout: () => this.#count.timeouts++,
      onExit: (gone) => this.#onExit(gone),
    });
    this.#all.add(sandbox);
    this.#starting.add(sandbox);
  }

  #onIdle(sandbox: Sandbox): void {
    if (this.#starting.delete(sandbox)) this.#lastInitMs = sandbox.initMs;
    const next = this.#queue.shift();
    if (next !== undefined) {
      sandbox.invoke(next);
      if (this.#queue.length > 0) this.#startMissing();
      else this.#stopWaiting();
      return;
    }
    this.#idle.push(sandbox);
    const timer = setTimeout(() => this.#stopIdle(sandbox), this.#options.idleTimeoutMs ?? 300_000);
    this.#idleTimers.set(sandbox, timer.unref());
  }

  #stopIdle(sandbox: Sandbox): void {
    this.#forgetIdle(sandbox);
    sandbox.kill();
  }

  #onExit(sandbox: Sandbox): void {
    this.#all.delete(sandbox);
    this.#starting.delete(sandbox);
    this.#forgetIdle(sandbox);
    if (!this.#closed && this.#queue.length > 0) this.#startMissing();
  }

  #forgetIdle(sandbox: Sandbox): void {
    clearTimeout(this.#idleTimers.get(sandbox));
    this.#idleTimers.delete(sandbox);
    const index = this.#idle.indexOf(sandbox);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}

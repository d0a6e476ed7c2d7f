import { availableParallelism } from 'node:os';
import type { InvokeOptions } from './function-service.ts';
import type { BudgetHolder, FunctionBudget } from './function-budget.ts';
import { Invocation, type InvocationOutcome } from './invocation.ts';
import { Sandbox, type SandboxOptions } from './sandbox.ts';

/**
 * An event waits for a busy sandbox as long as a new one would take to start, no longer: it is then answered as soon
 * as on Lambda, which would have started one. Bounds in milliseconds, and what is assumed before one has started.
 */
const patience = { least: 10, most: 300 } as const;

export interface PoolOptions extends SandboxOptions {
  readonly budget: FunctionBudget;
  /** Events that may wait for a sandbox; one more is throttled. @default 1,000 */
  readonly maxQueueLength?: number;
  /** An idle sandbox is stopped after this time. @default 300,000 ms */
  readonly idleTimeoutMs?: number;
  /** Its last sandbox has gone, and no event waits. */
  readonly onEmpty?: (pool: SandboxPool) => void;
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

/**
 * The sandboxes of one function, or of one tenant of it. One event at a time in each; the most recently used idle one
 * is taken first.
 */
export class SandboxPool implements BudgetHolder {
  readonly #options: PoolOptions;
  readonly #all = new Set<Sandbox>();
  readonly #starting = new Set<Sandbox>();
  readonly #idle: { readonly sandbox: Sandbox; readonly since: number }[] = [];
  readonly #idleTimers = new Map<Sandbox, NodeJS.Timeout>();
  readonly #queue: Invocation[] = [];
  #patienceTimer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #count = { invocations: 0, coldStarts: 0, functionErrors: 0, timeouts: 0, throttles: 0 };
  #lastInitMs: number | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    options.budget.join(this);
  }

  get idleSince(): number | undefined {
    return this.#idle[0]?.since;
  }

  get needsPlace(): boolean {
    return this.#queue.length > this.#starting.size;
  }

  /** Whether there is neither a sandbox nor an event that waits for one. */
  get isEmpty(): boolean {
    return this.#all.size === 0 && this.#queue.length === 0;
  }

  async run(payload: Buffer, options?: InvokeOptions): Promise<InvocationOutcome> {
    const { definition, budget, maxQueueLength = 1000 } = this.#options;
    if (this.#closed) throw new Error(`${definition.displayName}: the twin is stopping.`);
    if (this.#queue.length >= maxQueueLength || !budget.admit()) {
      this.#count.throttles++;
      return { kind: 'throttled' };
    }
    this.#count.invocations++;
    const invocation = new Invocation(payload, options, () => budget.leave());
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

  stopLongestIdle(): void {
    const [longest] = this.#idle;
    if (longest !== undefined) this.#stopIdle(longest.sandbox);
  }

  retry(): void {
    if (!this.#closed) this.#startMissing();
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
    const sandbox = this.#idle.pop()?.sandbox;
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
      this.#starting.size < availableParallelism() &&
      this.#options.budget.claim(this)
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
    this.#idle.push({ sandbox, since: performance.now() });
    const timer = setTimeout(() => this.#stopIdle(sandbox), this.#options.idleTimeoutMs ?? 300_000);
    this.#idleTimers.set(sandbox, timer.unref());
    this.#options.budget.onIdle();
  }

  #stopIdle(sandbox: Sandbox): void {
    this.#forgetIdle(sandbox);
    sandbox.kill();
  }

  #onExit(sandbox: Sandbox): void {
    this.#all.delete(sandbox);
    this.#starting.delete(sandbox);
    this.#forgetIdle(sandbox);
    this.#options.budget.release();
    if (!this.#closed && this.#queue.length > 0) this.#startMissing();
    if (this.isEmpty) this.#options.onEmpty?.(this);
  }

  #forgetIdle(sandbox: Sandbox): void {
    clearTimeout(this.#idleTimers.get(sandbox));
    this.#idleTimers.delete(sandbox);
    const index = this.#idle.findIndex((idle) => idle.sandbox === sandbox);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}

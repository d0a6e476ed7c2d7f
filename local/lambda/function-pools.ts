import { FunctionBudget } from './function-budget.ts';
import type { InvokeOptions } from './function-service.ts';
import type { InvocationOutcome } from './invocation.ts';
import { SandboxPool, type PoolOptions, type PoolStats } from './sandbox-pool.ts';

export interface FunctionPoolsOptions extends Omit<PoolOptions, 'budget' | 'onEmpty'> {
  /** A laptop runs ten sandboxes, not a thousand: events beyond it wait, where Lambda would start more. @default 10 */
  readonly maxSandboxesPerFunction?: number;
}

const none: PoolStats = {
  invocations: 0,
  coldStarts: 0,
  functionErrors: 0,
  timeouts: 0,
  throttles: 0,
  sandboxes: 0,
  idle: 0,
  queued: 0,
  lastInitMs: undefined,
};

const sum = (a: PoolStats, b: PoolStats): PoolStats => ({
  invocations: a.invocations + b.invocations,
  coldStarts: a.coldStarts + b.coldStarts,
  functionErrors: a.functionErrors + b.functionErrors,
  timeouts: a.timeouts + b.timeouts,
  throttles: a.throttles + b.throttles,
  sandboxes: a.sandboxes + b.sandboxes,
  idle: a.idle + b.idle,
  queued: a.queued + b.queued,
  lastInitMs: b.lastInitMs ?? a.lastInitMs,
});

/** The sandboxes of one function: one pool, or one for each tenant of a function with tenant isolation. */
export class FunctionPools {
  readonly #options: FunctionPoolsOptions;
  readonly #budget: FunctionBudget;
  readonly #pools = new Map<string, SandboxPool>();
  /** What pools counted that are no more. */
  #past = none;

  constructor(options: FunctionPoolsOptions) {
    this.#options = options;
    this.#budget = new FunctionBudget(
      options.definition.reservedConcurrency ?? Infinity,
      options.maxSandboxesPerFunction ?? 10,
    );
  }

  get isPerTenant(): boolean {
    return this.#options.definition.isPerTenant === true;
  }

  async run(payload: Buffer, options?: InvokeOptions): Promise<InvocationOutcome> {
    return this.#poolOf(options?.tenantId ?? '').run(payload, options);
  }

  stats(): PoolStats {
    return [...this.#pools.values()].map((pool) => pool.stats()).reduce(sum, this.#past);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  #poolOf(tenant: string): SandboxPool {
    const known = this.#pools.get(tenant);
    if (known !== undefined) return known;
    const pool = new SandboxPool({
      ...this.#options,
      budget: this.#budget,
      ...(this.isPerTenant ? { onEmpty: (empty) => this.#forget(tenant, empty) } : {}),
    });
    this.#pools.set(tenant, pool);
    return pool;
  }

  #forget(tenant: string, pool: SandboxPool): void {
    if (this.#pools.get(tenant) !== pool) return;
    this.#pools.delete(tenant);
    this.#budget.part(pool);
    this.#past = sum(this.#past, pool.stats());
  }
}

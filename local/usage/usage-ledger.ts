import * as z from 'zod';
import { JsonFile } from '../state/json-file.ts';
import { dayName, parseDay } from './quota-period.ts';

/** API Gateway keeps usage data for 90 days ("GetUsage"). */
const RETENTION_DAYS = 90;
const FLUSH_INTERVAL_MS = 1000;

const usageState = z.object({
  /** plan id → key id → `YYYY-MM-DD` (UTC) → requests. */
  plans: z.record(
    z.string(),
    z.record(z.string(), z.record(z.string(), z.number().int().nonnegative())),
  ),
});

/** Requests of one key under one plan. */
export class UsageAccount {
  readonly #days: Map<number, number>;
  readonly #touch: () => void;
  #day = -1;
  #used = 0;

  constructor(days: Map<number, number>, touch: () => void) {
    this.#days = days;
    this.#touch = touch;
  }

  add(day: number): void {
    if (day !== this.#day) {
      this.#day = day;
      this.#used = this.#days.get(day) ?? 0;
    }
    this.#used += 1;
    this.#days.set(day, this.#used);
    this.#touch();
  }

  /** Requests on the days `first` to `last`, both included. */
  sum(first: number, last: number): number {
    let total = 0;
    for (const [day, used] of this.#days) if (day >= first && day <= last) total += used;
    return total;
  }

  prune(before: number): void {
    for (const day of this.#days.keys()) if (day < before) this.#days.delete(day);
  }

  entries(): Iterable<readonly [number, number]> {
    return this.#days;
  }
}

/**
 * How many requests each key has used per UTC day. Counting is in memory; the file follows at most a second later,
 * so a kill can lose a second of counts: API Gateway calls its own quotas best-effort too.
 */
export class UsageLedger {
  readonly #file: JsonFile<typeof usageState>;
  readonly #accounts = new Map<string, Map<string, UsageAccount>>();
  readonly #today: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, today: () => number) {
    this.#file = new JsonFile(path, usageState, { plans: {} });
    this.#today = today;
    for (const [planId, keys] of Object.entries(this.#file.value.plans)) {
      for (const [keyId, days] of Object.entries(keys)) this.#open(planId, keyId, days);
    }
  }

  account(planId: string, keyId: string): UsageAccount {
    return this.#accounts.get(planId)?.get(keyId) ?? this.#open(planId, keyId, {});
  }

  drop(keyId: string, planId?: string): void {
    for (const [plan, keys] of this.#accounts) {
      if ((planId === undefined || plan === planId) && keys.delete(keyId)) this.#changed();
    }
  }

  /** Writes what is pending. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#file.save({ plans: this.#snapshot() });
  }

  #open(planId: string, keyId: string, days: Readonly<Record<string, number>>): UsageAccount {
    const byDay = new Map<number, number>();
    for (const [name, used] of Object.entries(days)) {
      const day = parseDay(name);
      if (day !== undefined) byDay.set(day, used);
    }
    const account = new UsageAccount(byDay, () => this.#changed());
    const keys = this.#accounts.get(planId) ?? new Map<string, UsageAccount>();
    keys.set(keyId, account);
    this.#accounts.set(planId, keys);
    return account;
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => this.#flushLater(), FLUSH_INTERVAL_MS).unref();
  }

  /** A disk that refuses one write must not take the gateway down: the counts stay in memory for the next. */
  #flushLater(): void {
    try {
      this.flush();
    } catch {
      this.#changed();
    }
  }

  #snapshot(): z.infer<typeof usageState>['plans'] {
    const before = this.#today() - RETENTION_DAYS;
    const plans: z.infer<typeof usageState>['plans'] = {};
    for (const [planId, keys] of this.#accounts) {
      const byKey: Record<string, Record<string, number>> = {};
      for (const [keyId, account] of keys) {
        account.prune(before);
        const days: Record<string, number> = {};
        for (const [day, used] of account.entries()) days[dayName(day)] = used;
        if (Object.keys(days).length > 0) byKey[keyId] = days;
      }
      if (Object.keys(byKey).length > 0) plans[planId] = byKey;
    }
    return plans;
  }
}

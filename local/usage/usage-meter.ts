import type { Admission, UsageMeter, UsagePlan } from './api-key-service.ts';
import type { ApiKeys } from './api-keys.ts';
import { dayNumber, quotaWindow } from './quota-period.ts';
import { TokenBucket } from './token-bucket.ts';
import type { UsageAccount, UsageLedger } from './usage-ledger.ts';

/** What the meter keeps in memory for one key under one plan. */
interface Meter {
  readonly bucket: TokenBucket | undefined;
  readonly account: UsageAccount;
  /** Last day of the quota period that `used` counts. */
  until: number;
  used: number;
}

const INVALID_KEY: Admission = { kind: 'invalid-key' };
const THROTTLED: Admission = { kind: 'throttled' };
const QUOTA_EXCEEDED: Admission = { kind: 'quota-exceeded' };

/**
 * Usage plans on the data plane: the plan's token bucket per key, then its quota. A throttled request does not count
 * against the quota. Constant time and no disk access per request. API Gateway enforces both best-effort over many
 * hosts ("clients can exceed the targets"); the twin is exact.
 */
export class PlanMeter implements UsageMeter {
  readonly #keys: ApiKeys;
  readonly #ledger: UsageLedger;
  readonly #now: () => number;
  readonly #meters = new WeakMap<UsageAccount, Meter>();

  constructor(keys: ApiKeys, ledger: UsageLedger, now: () => number) {
    this.#keys = keys;
    this.#ledger = ledger;
    this.#now = now;
  }

  admit(apiKeyValue: string, api: { readonly apiId: string; readonly stage: string }): Admission {
    const found = this.#keys.resolve(apiKeyValue, api);
    if (!found?.key.enabled) return INVALID_KEY;
    const { key, plan } = found;
    const now = this.#now();
    const day = dayNumber(now);
    const meter = this.#meter(plan, key.id, now);
    if (meter.bucket && !meter.bucket.take(now)) return THROTTLED;
    if (plan.quota) {
      if (day > meter.until) this.#enterPeriod(meter, plan.quota, day);
      if (meter.used >= plan.quota.limit) return QUOTA_EXCEEDED;
    }
    meter.used += 1;
    meter.account.add(day);
    return { kind: 'admitted', apiKeyId: key.id, planId: plan.id };
  }

  #meter(plan: UsagePlan, keyId: string, now: number): Meter {
    const account = this.#ledger.account(plan.id, keyId);
    const known = this.#meters.get(account);
    if (known) return known;
    const bucket =
      plan.throttle &&
      new TokenBucket({ rate: plan.throttle.rateLimit, burst: plan.throttle.burstLimit }, now);
    const meter: Meter = { bucket, account, until: -1, used: 0 };
    this.#meters.set(account, meter);
    return meter;
  }

  #enterPeriod(meter: Meter, quota: NonNullable<UsagePlan['quota']>, day: number): void {
    const window = quotaWindow(quota.period, quota.offset, day);
    meter.until = window.last;
    meter.used = meter.account.sum(window.first, window.last);
  }
}

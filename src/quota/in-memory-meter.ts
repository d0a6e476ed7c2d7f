import type { Clock } from '../clock/clock.ts';
import type { Principal } from '../principals/principal.ts';
import { countersOf, limitsOf, limitStates, refusalOf } from './limits.ts';
import {
  MeterUnavailableError,
  type Charge,
  type ChargeOutcome,
  type LimitState,
  type Meter,
  type StandingWriter,
  type UsageReader,
} from './meter.ts';
import { planOf, type PlanTable, type PlanUnits } from './plan-limits.ts';
import { daysOf } from './usage-days.ts';
import { noUsage, type UsageItem } from './usage-item.ts';
import { attributes, revokedAttribute } from './usage-table.ts';

/** The meter, what is read of it and what operators tell it, in memory. A tenant's counters are one, whatever `shards` says. */
export class InMemoryMeter implements Meter, UsageReader, StandingWriter {
  readonly #plans: PlanTable;
  readonly #now: Clock;
  readonly #items = new Map<string, Map<string, number>>();
  /** Whether charges fail as if the table could not be reached. */
  unreachable = false;

  constructor({ plans, now }: { readonly plans: PlanTable; readonly now: Clock }) {
    this.#plans = plans;
    this.#now = now;
  }

  async charge({ principal, units }: Charge): Promise<ChargeOutcome> {
    if (!Number.isSafeInteger(units) || units < 0) throw new RangeError('units are whole numbers');
    const plan = this.#plan(principal.plan);
    if (this.unreachable) {
      if (plan.whenUnreachable === 'allow') return { kind: 'granted', limits: [] };
      throw new MeterUnavailableError('the units could not be counted');
    }
    const at = this.#seconds();
    const limits = limitsOf(plan, principal.subject, at);
    const item = this.#items.get(principal.tenant) ?? noUsage;
    const refusal = refusalOf(item, limits, { principal, units, at });
    if (refusal === undefined) {
      const added = this.#itemOf(principal.tenant);
      for (const counter of countersOf(limits, at)) {
        added.set(counter, (added.get(counter) ?? 0) + units);
      }
      return { kind: 'granted', limits: states(limits, added) };
    }
    if (refusal.kind !== 'over-limit') return refusal;
    const { counter, ...over } = refusal.over;
    return {
      kind: 'over-limit',
      over: { ...over, used: item.get(counter) ?? 0 },
      limits: states(limits, item),
    };
  }

  async read({
    tenant,
    plan,
    subject,
  }: Pick<Principal, 'tenant' | 'plan' | 'subject'>): Promise<readonly LimitState[]> {
    const limits = limitsOf(this.#plan(plan), subject, this.#seconds());
    return states(limits, this.#items.get(tenant) ?? noUsage);
  }

  async days(tenant: string): Promise<readonly { readonly day: string; readonly units: number }[]> {
    return daysOf([this.#items.get(tenant) ?? noUsage]);
  }

  async revoke(tenant: string, subject: string, at: number): Promise<void> {
    this.#itemOf(tenant).set(revokedAttribute(subject), at);
  }

  async readmit(tenant: string, subject: string): Promise<void> {
    this.#itemOf(tenant).delete(revokedAttribute(subject));
  }

  async suspend(tenant: string): Promise<void> {
    this.#itemOf(tenant).set(attributes.suspended, 1);
  }

  async resume(tenant: string): Promise<void> {
    this.#itemOf(tenant).delete(attributes.suspended);
  }

  async setPolicyVersion(tenant: string, version: number): Promise<void> {
    const item = this.#itemOf(tenant);
    const known = item.get(attributes.policyVersion) ?? 0;
    item.set(attributes.policyVersion, Math.max(known, version));
  }

  #plan(name: string): PlanUnits {
    const plan = planOf(this.#plans, name);
    if (plan === undefined) throw new MeterUnavailableError('the plan is not known here');
    return plan;
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }

  #itemOf(tenant: string): Map<string, number> {
    const known = this.#items.get(tenant);
    if (known !== undefined) return known;
    const item = new Map<string, number>();
    this.#items.set(tenant, item);
    return item;
  }
}

const states = (limits: ReturnType<typeof limitsOf>, item: UsageItem): readonly LimitState[] =>
  limitStates(limits, 1, [{ shard: 0, item }]);

import { AwsError } from '../aws/aws-client.ts';
import type { Clock } from '../clock/clock.ts';
import type { Principal } from '../principals/principal.ts';
import { chargeExpression, type ChargeInput } from './charge-expression.ts';
import { limitsOf, limitsOfShard, limitStates, refusalOf, type SeenShard } from './limits.ts';
import {
  MeterUnavailableError,
  type Charge,
  type ChargeOutcome,
  type LimitState,
  type Meter,
} from './meter.ts';
import { planOf, type PlanTable, type PlanUnits } from './plan-limits.ts';
import { StaleNames } from './stale-names.ts';
import { parseUsageItem, updateOutput, type UsageItem } from './usage-item.ts';
import { usagePk } from './usage-table.ts';

/**
 * DynamoDB's UpdateItem. It must not be sent again when its answer was lost (`countingLimits` of `aws-client.ts`): a
 * repeat would count twice.
 */
export type UpdateItem = (input: ChargeInput) => Promise<unknown>;

export interface DynamoDbMeterDeps {
  readonly updateItem: UpdateItem;
  readonly tableName: string;
  readonly plans: PlanTable;
  readonly now: Clock;
  /** From 0 to below 1: where a charge begins to look for room. @default Math.random */
  readonly random?: () => number;
}

interface Answer {
  readonly admitted: boolean;
  readonly item: UsageItem;
}

/**
 * Counts on the `Usage` table: one conditional write for each charge and shard that is asked, and no read. A charge whose
 * answer is lost may stand in the counters without having been granted. Counters never pass a limit by that.
 */
export class DynamoDbMeter implements Meter {
  readonly #deps: DynamoDbMeterDeps;
  readonly #random: () => number;
  readonly #stale = new StaleNames();

  constructor(deps: DynamoDbMeterDeps) {
    this.#deps = deps;
    this.#random = deps.random ?? Math.random;
  }

  async charge({ principal, units }: Charge): Promise<ChargeOutcome> {
    if (!Number.isSafeInteger(units) || units < 0) throw new RangeError('units are whole numbers');
    const plan = planOf(this.#deps.plans, principal.plan);
    if (plan === undefined) throw new MeterUnavailableError('the plan is not known here');
    try {
      return await this.#charge(principal, plan, units);
    } catch (cause) {
      if (plan.whenUnreachable === 'allow' && cause instanceof AwsError && cause.isPassing) {
        return { kind: 'granted', limits: [] };
      }
      throw new MeterUnavailableError('the units could not be counted', { cause });
    }
  }

  async #charge(principal: Principal, plan: PlanUnits, units: number): Promise<ChargeOutcome> {
    const at = Math.floor(this.#deps.now() / 1000);
    const { shards } = plan;
    const limits = limitsOf(plan, principal.subject, at);
    const seen: SeenShard[] = [];
    const states = (): readonly LimitState[] => limitStates(limits, shards, seen);
    /** Of the limits that are in the way, the one that is over first. */
    let over: Pick<LimitState, 'window' | 'scope' | 'resetAt'> | undefined;
    for (const shard of this.#shardsFor(plan, units)) {
      const own = limitsOfShard(limits, shards, shard);
      const { admitted, item } = await this.#ask({
        principal,
        shard,
        limits: own,
        units,
        at,
      });
      seen.push({ shard, item });
      if (admitted) return { kind: 'granted', limits: states() };
      const refusal = refusalOf(item, own, { principal, units, at });
      if (refusal === undefined) throw new Error('the item does not say why it was refused');
      if (refusal.kind !== 'over-limit') return refusal;
      if (over === undefined || refusal.over.resetAt < over.resetAt) over = refusal.over;
    }
    const all = states();
    const found = all.find(({ window, scope }) => window === over?.window && scope === over.scope);
    if (found === undefined) throw new Error('no shard was asked');
    return { kind: 'over-limit', over: found, limits: all };
  }

  /**
   * Shards in the order in which they are asked: from one at random. Those whose part is smaller than the charge are not
   * asked; when all are, the largest is, for the write tells also whether the caller may call at all.
   */
  #shardsFor(plan: PlanUnits, units: number): readonly number[] {
    const { shards } = plan;
    const limits = limitsOf(plan, '', 0);
    const start = Math.floor(this.#random() * shards);
    const all = Array.from({ length: shards }, (_, index) => (start + index) % shards);
    const able = all.filter((shard) =>
      limitsOfShard(limits, shards, shard).every(({ limit }) => units <= limit),
    );
    return able.length > 0 ? able : [0];
  }

  async #ask(
    charge: Omit<Parameters<typeof chargeExpression>[0], 'tableName' | 'stale'>,
  ): Promise<Answer> {
    const { updateItem, tableName } = this.#deps;
    const pk = usagePk(charge.principal.tenant, charge.shard);
    const stale = this.#stale.of(pk);
    try {
      const output = await updateItem(chargeExpression({ ...charge, tableName, stale }));
      const item = updateOutput.parse(output).Attributes;
      this.#stale.learn(pk, item, charge.at);
      return { admitted: true, item };
    } catch (error) {
      if (!(error instanceof AwsError) || error.name !== 'ConditionalCheckFailedException') {
        throw error;
      }
      return { admitted: false, item: parseUsageItem(error.item) };
    }
  }
}

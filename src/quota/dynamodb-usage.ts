import type { Clock } from '../clock/clock.ts';
import type { Principal } from '../principals/principal.ts';
import { limitsOf, limitStates, type SeenShard } from './limits.ts';
import { MeterUnavailableError, type LimitState, type UsageReader } from './meter.ts';
import { planOf, type PlanTable } from './plan-limits.ts';
import { daysOf } from './usage-days.ts';
import { getOutput, noUsage } from './usage-item.ts';
import { usagePk } from './usage-table.ts';

/** DynamoDB's GetItem, by whichever client there is: input and output as in its API reference. */
export type GetUsageItem = (input: {
  readonly TableName: string;
  readonly Key: { readonly pk: { readonly S: string } };
  readonly ConsistentRead: true;
}) => Promise<unknown>;

export interface DynamoDbUsageDeps {
  readonly getItem: GetUsageItem;
  readonly tableName: string;
  /** Who knows no plans can read days only. */
  readonly plans: PlanTable;
  /** The most shards of any plan: a tenant may have come from it. */
  readonly maxShards: number;
  readonly now: Clock;
}

/** Reads usage with one strongly consistent GetItem for each shard. */
export class DynamoDbUsage implements UsageReader {
  readonly #deps: DynamoDbUsageDeps;

  constructor(deps: DynamoDbUsageDeps) {
    this.#deps = deps;
  }

  /** @throws MeterUnavailableError when the plan is not known here. */
  async read({
    tenant,
    plan: name,
    subject,
  }: Pick<Principal, 'tenant' | 'plan' | 'subject'>): Promise<readonly LimitState[]> {
    const plan = planOf(this.#deps.plans, name);
    if (plan === undefined) throw new MeterUnavailableError('the plan is not known here');
    const limits = limitsOf(plan, subject, Math.floor(this.#deps.now() / 1000));
    if (limits.length === 0) return [];
    return limitStates(limits, plan.shards, await this.#shards(tenant, plan.shards));
  }

  async days(tenant: string): Promise<readonly { readonly day: string; readonly units: number }[]> {
    const shards = await this.#shards(tenant, this.#deps.maxShards);
    return daysOf(shards.map(({ item }) => item));
  }

  #shards(tenant: string, count: number): Promise<readonly SeenShard[]> {
    const { getItem, tableName } = this.#deps;
    return Promise.all(
      Array.from({ length: count }, async (_, shard) => {
        const output = await getItem({
          TableName: tableName,
          Key: { pk: { S: usagePk(tenant, shard) } },
          ConsistentRead: true,
        });
        return { shard, item: getOutput.parse(output).Item ?? noUsage };
      }),
    );
  }
}

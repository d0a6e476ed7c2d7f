import * as z from 'zod';
import type { Window } from './meter.ts';

/** A limit stands in response headers as an Integer of RFC 9651, which has at most 15 digits. */
const units = z.int().positive().max(1_000_000_000_000);

/** Units for each window; a window without one is not limited. */
export const unitLimits = z.strictObject({
  perMinute: units.optional(),
  perDay: units.optional(),
  perMonth: units.optional(),
});
export type UnitLimits = z.infer<typeof unitLimits>;

export const settingOf = {
  minute: 'perMinute',
  day: 'perDay',
  month: 'perMonth',
} as const satisfies Record<Window, keyof UnitLimits>;

/** What of a plan the meter knows. The configuration has the same fields beside those of API Gateway. */
export const planUnits = {
  units: unitLimits
    .optional()
    .describe('Units of a tenant in each minute, day and month (UTC), counted exactly.'),
  unitsPerCredential: unitLimits
    .optional()
    .describe(
      'The same for each key, user or role of the tenant by itself. For tenants of up to some thousand callers.',
    ),
  shards: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      'Items that a tenant’s counters are spread over: each takes about 1,000 calls per second. A call that is refused asks all of them.',
    ),
  whenUnreachable: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe('What becomes of a call when its units cannot be counted.'),
};

const limitsOfEach = ({ units = {}, unitsPerCredential = {} }: PlanUnits): readonly number[] =>
  [units, unitsPerCredential]
    .flatMap((limits) => Object.values(limits))
    .filter((limit) => limit !== undefined);

/** A share of nothing could never be asked for: every shard has at least one unit of each limit. */
export const everyShardHasUnits = (plan: PlanUnits): boolean =>
  limitsOfEach(plan).every((limit) => limit >= plan.shards);

const plan = z.object(planUnits).refine((one) => everyShardHasUnits(one), {
  error: 'has more shards than units',
});
export type PlanUnits = z.infer<z.ZodObject<typeof planUnits>>;

/** Plans by name, as the function that meters finds them in its environment. */
export const planTable = z.record(z.string().min(1).max(64), plan);
export type PlanTable = Readonly<Record<string, PlanUnits>>;

const fromJson = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});

/** What a function that meters finds in its environment. */
export const quotaEnv = z.object({
  USAGE_TABLE_NAME: z.string().min(1),
  PLANS: fromJson.pipe(planTable),
});
export type QuotaEnv = z.infer<typeof quotaEnv>;

/** @returns the plan, or undefined when there is none of this name. */
export const planOf = (plans: PlanTable, name: string): PlanUnits | undefined =>
  Object.hasOwn(plans, name) ? plans[name] : undefined;

/** As many items as a tenant of any plan can have. */
export const maxShards = (plans: PlanTable): number =>
  Math.max(1, ...Object.values(plans).map(({ shards }) => shards));

/** A shard's part of a limit. All parts together are the limit, and none is larger than that of shard 0. */
export const shareOf = (limit: number, shards: number, shard: number): number =>
  Math.floor(limit / shards) + (shard < limit % shards ? 1 : 0);

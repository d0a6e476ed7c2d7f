import * as z from 'zod';
import { everyShardHasUnits, planUnits, type PlanTable } from '../src/quota/plan-limits.ts';

const planName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, {
  error: 'a plan name is 1 to 32 of a-z, 0-9 and -, and begins with a letter',
});

const plan = z
  .strictObject({
    rateLimit: z
      .number()
      .positive()
      .max(10_000)
      .describe('Requests per second that refill the bucket of a tenant.'),
    burstLimit: z
      .int()
      .positive()
      .max(5_000)
      .describe('Requests that the bucket of a tenant holds.'),
    quota: z
      .strictObject({
        limit: z.int().positive(),
        period: z.enum(['DAY', 'WEEK', 'MONTH']),
      })
      .optional()
      .describe('Requests per calendar period (UTC). API Gateway counts them best effort.'),
    ...planUnits,
  })
  .refine((one) => everyShardHasUnits(one), {
    error: 'must be at most as many as the smallest limit has units',
    path: ['shards'],
  });

export type PlanConfig = z.infer<typeof plan>;

export const plansConfig = z
  .record(planName, plan)
  .refine((plans) => Object.keys(plans).length > 0, { error: 'at least one plan is needed' })
  .describe('Usage plans by name. Every tenant is on one.');

/** What of the plans the meter is to know: the environment variable `PLANS` is this as JSON. */
export const planTableOf = (plans: Readonly<Record<string, PlanConfig>>): PlanTable =>
  Object.fromEntries(
    Object.entries(plans).map(([name, { units, unitsPerCredential, shards, whenUnreachable }]) => [
      name,
      { units, unitsPerCredential, shards, whenUnreachable },
    ]),
  );

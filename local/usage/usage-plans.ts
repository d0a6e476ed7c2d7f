import * as z from 'zod';
import type { DeployedResource, Deployment } from '../template/deployment.ts';
import type { UsagePlan } from './api-key-service.ts';

const MAX_OFFSET = { DAY: 0, WEEK: 6, MONTH: 27 } as const;

const planProperties = z.object({
  UsagePlanName: z.string().optional(),
  Throttle: z
    .object({
      RateLimit: z.coerce.number().nonnegative(),
      BurstLimit: z.coerce.number().int().nonnegative(),
    })
    .optional(),
  Quota: z
    .object({
      Limit: z.coerce.number().int().nonnegative(),
      Offset: z.coerce.number().int().nonnegative().default(0),
      Period: z.enum(['DAY', 'WEEK', 'MONTH']),
    })
    .optional(),
  ApiStages: z
    .array(
      z.object({
        ApiId: z.string(),
        Stage: z.string(),
        Throttle: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .default([]),
});

const readPlan = (resource: DeployedResource): UsagePlan => {
  const plan = planProperties.parse(resource.properties);
  for (const { Stage, Throttle } of plan.ApiStages) {
    if (Throttle !== undefined && Object.keys(Throttle).length > 0) {
      throw new Error(
        `${resource.displayName}: the twin does not implement per-method throttles of a usage plan (ApiStages[].Throttle of stage ${Stage}).`,
      );
    }
  }
  if (plan.Quota !== undefined && plan.Quota.Offset > MAX_OFFSET[plan.Quota.Period]) {
    throw new Error(
      `${resource.displayName}: a quota offset of ${plan.Quota.Offset} is not valid for period ${plan.Quota.Period}.`,
    );
  }
  return {
    id: resource.physicalId,
    name: plan.UsagePlanName ?? resource.logicalId,
    apiStages: plan.ApiStages.map(({ ApiId, Stage }) => ({ apiId: ApiId, stage: Stage })),
    ...(plan.Throttle && {
      throttle: { rateLimit: plan.Throttle.RateLimit, burstLimit: plan.Throttle.BurstLimit },
    }),
    ...(plan.Quota && {
      quota: { limit: plan.Quota.Limit, offset: plan.Quota.Offset, period: plan.Quota.Period },
    }),
  };
};

/**
 * The template's usage plans (AWS::ApiGateway::UsagePlan), in template order.
 * @throws Error naming the resource when it asks for what the twin does not implement.
 */
export const readUsagePlans = (deployment: Deployment): readonly UsagePlan[] => {
  for (const type of ['AWS::ApiGateway::ApiKey', 'AWS::ApiGateway::UsagePlanKey']) {
    const [declared] = deployment.ofType(type);
    if (declared) {
      throw new Error(
        `${declared.displayName}: the twin does not implement ${type}; create keys through the control plane.`,
      );
    }
  }
  return deployment.ofType('AWS::ApiGateway::UsagePlan').map(readPlan);
};

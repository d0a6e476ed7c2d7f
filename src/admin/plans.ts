import { AdminError } from './admin-error.ts';
import type { AdminPorts } from './ports.ts';
import { reporting } from './upstream-failure.ts';

/** @throws AdminError PLAN_UNKNOWN that says which plans there are. */
export const requirePlan = async (
  { usagePlans }: Pick<AdminPorts, 'usagePlans'>,
  plan: string,
): Promise<void> => {
  const plans = await reporting('read the plans', () => usagePlans.planNames());
  if (plans.includes(plan)) return;
  throw new AdminError(
    'PLAN_UNKNOWN',
    `there is no plan "${plan}": choose one of ${plans.join(', ')}`,
  );
};

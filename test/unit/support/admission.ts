import { Admission } from '../../../src/gateway/admission.ts';
import { DefaultDecider } from '../../../src/policy/default-policies.ts';
import type { PolicyDecider } from '../../../src/policy/policy-decider.ts';
import { InMemoryMeter } from '../../../src/quota/in-memory-meter.ts';
import { planTable, type PlanTable } from '../../../src/quota/plan-limits.ts';

/** Plans of the tests: without limits, but for `trial`. */
export const testPlans: PlanTable = planTable.parse({
  free: {},
  pro: {},
  premium: {},
  trial: { units: { perMinute: 5, perDay: 20 } },
});

export interface AdmissionRigOptions {
  readonly now?: () => number;
  readonly plans?: PlanTable;
  readonly policies?: PolicyDecider;
}

/** The shipped policies and counters in memory. */
export const anAdmission = ({
  now = () => Date.UTC(2026, 10, 21, 5),
  plans = testPlans,
  policies = new DefaultDecider(),
}: AdmissionRigOptions = {}) => {
  const meter = new InMemoryMeter({ plans, now });
  return { admission: new Admission({ policies, meter, now }), meter };
};

import type { AdminPorts } from '../ports.ts';
import { reporting } from '../upstream-failure.ts';
import type { KnownCaller } from './caller.ts';
import { forOperators, ifAllowed, pass, refuse, type Verdict } from './explanation.ts';

/** Whether API Gateway finds the tenant's own key in a usage plan. @throws AdminError UPSTREAM_*. */
export const usagePlanStep = async (
  { usagePlans }: Pick<AdminPorts, 'usagePlans'>,
  { principal, tenant }: KnownCaller,
): Promise<Verdict> => {
  if (principal.lane === 'iam') return pass('usage plans of API Gateway do not see signed callers');
  if (tenant === undefined) return refuse(`its tenant "${principal.tenant}" is not there`);
  const { apiGatewayKeyId, plan } = tenant;
  const found = await ifAllowed(async () => ({
    plan: await reporting(`read the plan of API Gateway key ${apiGatewayKeyId}`, () =>
      usagePlans.planOf(apiGatewayKeyId),
    ),
  }));
  if (found === undefined) return forOperators('the usage plan at API Gateway');
  if (found.plan === undefined) {
    return refuse(
      `the tenant’s API Gateway key ${apiGatewayKeyId} is gone or in no plan: \`doctor --repair\` mends it`,
    );
  }
  const notes = ['its rate and burst depend on the traffic of the moment'];
  return found.plan === plan
    ? pass(`the tenant’s API Gateway key is in plan ${plan}`, notes)
    : pass(`the tenant’s API Gateway key is in plan ${found.plan}`, [
        `it should be in ${plan}: \`doctor --repair\` mends it`,
        ...notes,
      ]);
};

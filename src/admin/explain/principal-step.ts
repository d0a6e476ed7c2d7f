import { callerId } from '../../principals/caller-arn.ts';
import type { AdminPorts } from '../ports.ts';
import { reporting } from '../upstream-failure.ts';
import type { Identified } from './caller.ts';
import { pass, refuse } from './explanation.ts';

/** How the function would decide on a signed caller, whom IAM let through. @throws AdminError UPSTREAM_*. */
export const principalStep = async (
  { registry }: Pick<AdminPorts, 'registry'>,
  arn: string,
): Promise<Identified> => {
  const record = await reporting(`read principal ${arn}`, () => registry.getPrincipal(arn));
  if (record === undefined) {
    return { verdict: refuse(`${arn} is no tenant’s principal: \`principals add\` records it`) };
  }
  const tenant = await reporting(`read tenant "${record.tenant}"`, () =>
    registry.getTenant(record.tenant),
  );
  if (tenant === undefined) {
    return { verdict: refuse(`its tenant "${record.tenant}" is not there`) };
  }
  const { plan, policyVersion } = tenant;
  const caller = {
    tenant,
    principal: {
      tenant: tenant.tenant,
      subject: `iam:${callerId(arn)}`,
      role: record.role,
      lane: 'iam',
      plan,
      ...(policyVersion === undefined ? {} : { policyVersion }),
    },
  } as const;
  const verdict =
    tenant.status === 'active'
      ? pass(`a principal of tenant ${tenant.tenant}, role ${record.role}, plan ${plan}`, [
          'that the request is signed, and that IAM lets the caller invoke /ci/mcp, is taken for granted',
        ])
      : refuse(`its tenant "${tenant.tenant}" is suspended`);
  return { verdict, caller };
};

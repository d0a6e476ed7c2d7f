import type { PolicyTool } from '../../policy/policy-decider.ts';
import type { Principal } from '../../principals/principal.ts';
import type { AdminPorts, Standing } from '../ports.ts';
import { reporting } from '../upstream-failure.ts';
import type { Question } from './explain-input.ts';
import { pass, refuse, type Verdict } from './explanation.ts';

type Ports = Pick<AdminPorts, 'registry' | 'policies'>;

/** TEST-NET-1 (RFC 5737): nobody calls from there. */
const nowhere = '192.0.2.1';

/** What decides is the newest that the authorizer's answer or a counter names. */
export const versionInForce = (
  { policyVersion = 0 }: Principal,
  standings: readonly Standing[],
): number => Math.max(policyVersion, ...standings.map((each) => each.policyVersion ?? 0));

const notesOf = ({ args, ip }: Question, version: number): readonly string[] =>
  version === 0
    ? []
    : [
        ...(args === undefined
          ? ['without --args, rules about arguments were tried with none']
          : []),
        ...(ip === undefined
          ? ['without --ip, rules about the address were tried with none of its own']
          : []),
      ];

/** How the policies of the deployment and the tenant decide. @throws AdminError UPSTREAM_*. */
export const policyStep = async (
  { registry, policies }: Ports,
  {
    principal,
    standings,
  }: { readonly principal: Principal; readonly standings: readonly Standing[] },
  tool: PolicyTool,
  question: Question,
): Promise<Verdict> => {
  const { tenant, role, subject, lane } = principal;
  const version = versionInForce(principal, standings);
  const record =
    version === 0
      ? undefined
      : await reporting(`read version ${version} of the policies of tenant "${tenant}"`, () =>
          registry.getPolicy(tenant, version),
        );
  if (version > 0 && record === undefined) {
    return refuse(
      `version ${version} of the tenant’s policies is in force and is not recorded: set them again`,
    );
  }
  const decision = await reporting('decide by the policies', () =>
    policies.decide({
      tenant,
      text: record?.text ?? '',
      role,
      subject,
      lane,
      sourceIp: question.ip ?? nowhere,
      tool,
      args: question.args ?? {},
    }),
  );
  const whose =
    version === 0
      ? 'the deployment’s policies'
      : `version ${version} of the tenant’s policies and the deployment’s`;
  switch (decision.kind) {
    case 'allow':
      return pass(`${whose} allow it`, notesOf(question, version));
    case 'deny':
      return refuse(
        `${decision.policyId} refuses it, whatever the arguments: to the caller it is \`Unknown tool\``,
        decision.policyId,
      );
    case 'deny-arguments':
      return refuse(
        `${decision.policyId} refuses these arguments${decision.message === undefined ? '' : `: ${decision.message}`}`,
        decision.policyId,
      );
  }
};

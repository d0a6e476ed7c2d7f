import type { Principal } from '../principals/principal.ts';
import type { CallDecision, PolicyCaller, PolicyDecider, PolicyTool } from './policy-decider.ts';
import type { Outlook, PolicyName, PolicySource, Verdict } from './verdict.ts';

/** `config/policies/default.cedar` as shipped; a test holds both together. */
export const defaultPolicies = `// What callers of every tenant may do. A tenant's own policies come beside these: one that forbids always wins.

@id("call-every-tool")
permit (
  principal,
  action == Drawbridge::Action::"call",
  resource
)
when { principal in [Drawbridge::Role::"admin", Drawbridge::Role::"user"] };

@id("read-only-tools")
permit (
  principal in Drawbridge::Role::"readonly",
  action == Drawbridge::Action::"call",
  resource
)
when { resource.readOnly };
`;

/** The audit's `policyId` when no policy permits a call. */
export const nothingPermits = 'policy:none';

const callEveryTool: PolicyName = { id: 'base/call-every-tool', effect: 'permit', line: 3 };
const readOnlyTools: PolicyName = { id: 'base/read-only-tools', effect: 'permit', line: 11 };

const permitting = ({ role }: Principal, { readOnly }: PolicyTool): PolicyName | undefined => {
  if (role === 'admin' || role === 'user') return callEveryTool;
  return role === 'readonly' && readOnly ? readOnlyTools : undefined;
};

/** The meaning of `defaultPolicies` without Cedar: a property test proves that they decide alike. */
export const defaultSource: PolicySource = {
  mentionsSource: false,
  judge({ principal }: PolicyCaller, tool: PolicyTool): Verdict {
    const policy = permitting(principal, tool);
    return policy === undefined
      ? { kind: 'none', policies: [], errors: [] }
      : { kind: 'permit', policies: [policy], errors: [] };
  },
  foresee: ({ principal }, tools) =>
    tools.map((tool): Outlook => (permitting(principal, tool) ? 'permit' : 'none')),
};

/** Decides by `defaultPolicies` alone. */
export class DefaultDecider implements PolicyDecider {
  listable({ principal }: PolicyCaller, tools: readonly PolicyTool[]): ReadonlySet<PolicyTool> {
    return new Set(tools.filter((tool) => permitting(principal, tool) !== undefined));
  }

  decide({ principal }: PolicyCaller, tool: PolicyTool): CallDecision {
    return permitting(principal, tool) === undefined
      ? { kind: 'deny', policyId: nothingPermits }
      : { kind: 'allow' };
  }
}

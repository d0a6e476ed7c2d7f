import { cedarDeciders } from '../../../src/policy/cedar-decider.ts';
import { loadCedar } from '../../../src/policy/cedar.ts';
import type { CombinedDecider } from '../../../src/policy/combined-decider.ts';
import { compilePolicies, describeProblem } from '../../../src/policy/compile-policies.ts';
import { defaultPolicies } from '../../../src/policy/default-policies.ts';
import type { PolicyCaller, PolicyTool } from '../../../src/policy/policy-decider.ts';
import type { Principal } from '../../../src/principals/principal.ts';

export const cedar = await loadCedar();

export const aTool = (name: string, changes: Partial<PolicyTool> = {}): PolicyTool => ({
  name,
  server: 'drawbridge',
  readOnly: false,
  destructive: false,
  idempotent: false,
  openWorld: false,
  ...changes,
});

export const aCaller = (
  changes: Partial<Principal> = {},
  sourceIp = '192.0.2.7',
): PolicyCaller => ({
  principal: {
    tenant: 'acme',
    subject: 'key:AAAAAAAA',
    role: 'user',
    lane: 'key',
    plan: 'free',
    ...changes,
  },
  sourceIp,
});

/** Decides by the shipped policies and by `text` of the tenant acme. */
export const deciderOf = (text: string, base: string = defaultPolicies): CombinedDecider =>
  cedarDeciders(cedar)(base, { tenant: 'acme', text });

/** What is wrong with a tenant's text, a line each. */
export const problemsOf = (text: string, tenant?: string): readonly string[] => {
  const result = compilePolicies(cedar, { text, origin: 'tenant', tenant });
  return result.ok ? [] : result.problems.map(describeProblem);
};

/** A policy of one condition. */
export const forbidWhen = (condition: string): string =>
  `forbid (principal, action, resource) when { ${condition} };`;

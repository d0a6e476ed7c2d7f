import type { PolicyCompiler, PolicyProblem, PolicyQuestion } from '../admin/ports.ts';
import { PoliciesInvalidError } from './cedar-decider.ts';
import type { Cedar } from './cedar.ts';
import { compilePolicies, describeProblem } from './compile-policies.ts';
import type { CallDecision } from './policy-decider.ts';
import { testPolicies } from './policy-test.ts';

export interface PolicyCompilerOptions {
  /** The deployment's policies. */
  readonly base: () => string | Promise<string>;
  readonly loadCedar: () => Promise<Cedar>;
}

/** Checks and tries tenants' policies for operators, as the functions would read them. */
export class CedarPolicyCompiler implements PolicyCompiler {
  readonly #options: PolicyCompilerOptions;

  constructor(options: PolicyCompilerOptions) {
    this.#options = options;
  }

  /** @param tenant whose policies they are to be: then those that name another tenant are refused too. */
  async compile(text: string, tenant?: string): Promise<readonly PolicyProblem[]> {
    const cedar = await this.#options.loadCedar();
    const result = compilePolicies(cedar, { text, origin: 'tenant', tenant });
    if (result.ok) return [];
    return result.problems.map(({ line, column, policyId, reason }) => ({
      line,
      column,
      reason: policyId === undefined ? reason : `policy ${policyId}: ${reason}`,
    }));
  }

  /** @throws PoliciesInvalidError for a text that `compile` has something to say about. */
  async decide(question: PolicyQuestion): Promise<CallDecision> {
    const { tenant, text, role, subject, lane, sourceIp, tool, args } = question;
    const result = testPolicies(await this.#options.loadCedar(), {
      base: await this.#options.base(),
      tenant,
      text,
      caller: { role, subject, lane, sourceIp },
      tools: [tool],
      args,
    });
    const decision = result.ok ? result.results[0]?.decision : undefined;
    if (decision !== undefined) return decision;
    throw new PoliciesInvalidError('the policies do not compile', {
      cause: result.ok ? undefined : result.problems.map(describeProblem),
    });
  }
}

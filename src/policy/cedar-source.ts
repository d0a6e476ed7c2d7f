import { projectArguments } from './cedar-arguments.ts';
import { contextOf, mentionsOf, requestOf, type Mentions } from './cedar-request.ts';
import type { Cedar } from './cedar.ts';
import type { CompiledPolicies, CompiledPolicy } from './compile-policies.ts';
import { Foresight } from './foresight.ts';
import type { PolicyCaller, PolicyTool } from './policy-decider.ts';
import type { PolicyGroup, PreparedSets } from './prepared-sets.ts';
import type { Outlook, PolicySource, Verdict } from './verdict.ts';

/** Compiled policies, evaluated by Cedar. */
export class CedarSource implements PolicySource {
  readonly mentionsSource: boolean;
  readonly #cedar: Cedar;
  readonly #prepared: PreparedSets;
  readonly #compiled: CompiledPolicies;
  readonly #group: PolicyGroup;
  readonly #mentions: Mentions;
  readonly #foresight: Foresight;

  constructor(cedar: Cedar, prepared: PreparedSets, compiled: CompiledPolicies) {
    const { policies } = compiled;
    this.#cedar = cedar;
    this.#prepared = prepared;
    this.#compiled = compiled;
    this.#group = Object.fromEntries(policies.map(({ json }, at) => [String(at), json]));
    this.#mentions = mentionsOf(policies.map(({ json }) => json));
    this.#foresight = new Foresight(cedar, prepared, policies);
    this.mentionsSource = this.#mentions.context.has('source');
  }

  judge(caller: PolicyCaller, tool: PolicyTool, args: unknown): Verdict {
    const answer = this.#cedar.statefulIsAuthorized({
      ...requestOf(caller, tool, this.#mentions),
      context: {
        ...contextOf(caller, this.#mentions),
        args: projectArguments(args, this.#compiled.args),
      },
      preparsedPolicySetId: this.#prepared.nameOf(this.#group),
    });
    if (answer.type === 'failure') {
      throw new Error('Cedar could not read a request', { cause: answer.errors });
    }
    const { decision, diagnostics } = answer.response;
    const policies = diagnostics.reason
      .map((id) => Number(id))
      .toSorted((a, b) => a - b)
      .map((at) => this.#policy(at));
    const errors = diagnostics.errors.map(({ policyId, error }) => ({
      policy: this.#policy(Number(policyId)),
      reason: error.message,
    }));
    return { kind: kindOf(decision, policies), policies, errors };
  }

  foresee(caller: PolicyCaller, tools: readonly PolicyTool[]): readonly Outlook[] {
    return this.#foresight.foresee(caller, tools);
  }

  #policy(at: number): CompiledPolicy {
    const policy = this.#compiled.policies[at];
    if (policy === undefined) throw new Error('Cedar names a policy that there is not');
    return policy;
  }
}

const kindOf = (decision: string, policies: readonly unknown[]): Verdict['kind'] => {
  if (decision === 'allow') return 'permit';
  return policies.length > 0 ? 'forbid' : 'none';
};

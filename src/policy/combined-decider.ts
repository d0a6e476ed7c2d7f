import { nothingPermits } from './default-policies.ts';
import type { CallDecision, PolicyCaller, PolicyDecider, PolicyTool } from './policy-decider.ts';
import {
  ArgumentsTooLargeError,
  type PolicyName,
  type PolicySource,
  type Verdict,
} from './verdict.ts';

/** The audit's `policyId` when arguments are too large to be judged. */
const tooLarge = 'policy:arguments';

/** Callers whose lists are kept for one list of tools. */
const mostLists = 50;

/** A decision with all that led to it, for people. */
export interface Explanation {
  readonly decision: CallDecision;
  /** Whether the tool is in the caller's list. */
  readonly listed: boolean;
  /** Policies that decided: those that forbid, or else those that permit. */
  readonly policies: readonly PolicyName[];
  /** Policies that could not be evaluated, which denies. */
  readonly errors: Verdict['errors'];
}

interface Judgement {
  readonly allowed: boolean;
  readonly policyId: string;
  readonly policies: readonly PolicyName[];
  readonly errors: Verdict['errors'];
  readonly message?: string;
}

/** Cedar's own rule, over the sets as over the policies of one: any forbid denies, no permit denies, and so does an error. */
const judgementOf = (verdicts: readonly Verdict[]): Judgement => {
  const of = (kind: Verdict['kind']) =>
    verdicts.filter((verdict) => verdict.kind === kind).flatMap(({ policies }) => policies);
  const errors = verdicts.flatMap((verdict) => verdict.errors);
  const forbids = of('forbid');
  const permits = of('permit');
  const against = [...forbids, ...errors.map(({ policy }) => policy)];
  const decisive = against.find(({ message }) => message !== undefined) ?? against[0];
  return {
    allowed: against.length === 0 && permits.length > 0,
    policyId: decisive === undefined ? nothingPermits : `policy:${decisive.id}`,
    policies: forbids.length > 0 ? forbids : permits,
    errors,
    ...(decisive?.message === undefined ? {} : { message: decisive.message }),
  };
};

/** Decides by several sets of policies: the deployment's and those of one tenant. */
export class CombinedDecider implements PolicyDecider {
  readonly #sources: readonly PolicySource[];
  readonly #mentionsSource: boolean;
  /** By the list of tools, then by what policies can see of the caller. */
  readonly #lists = new WeakMap<readonly PolicyTool[], Map<string, ReadonlySet<PolicyTool>>>();

  constructor(sources: readonly PolicySource[]) {
    this.#sources = sources;
    this.#mentionsSource = sources.some(({ mentionsSource }) => mentionsSource);
  }

  /** Keeps its answer for as long as there is `tools`: who changes a list makes a new one. */
  listable(caller: PolicyCaller, tools: readonly PolicyTool[]): ReadonlySet<PolicyTool> {
    const lists = this.#lists.get(tools) ?? new Map<string, ReadonlySet<PolicyTool>>();
    this.#lists.set(tools, lists);
    const key = this.#keyOf(caller);
    const known = lists.get(key) ?? this.#foresee(caller, tools);
    // Last in the order of use.
    lists.delete(key);
    lists.set(key, known);
    const [oldest] = lists.keys();
    if (lists.size > mostLists && oldest !== undefined) lists.delete(oldest);
    return known;
  }

  decide(caller: PolicyCaller, tool: PolicyTool, args: unknown): CallDecision {
    return this.explain(caller, tool, args).decision;
  }

  explain(caller: PolicyCaller, tool: PolicyTool, args: unknown): Explanation {
    const { allowed, policyId, message, policies, errors } = this.#judge(caller, tool, args);
    if (allowed) return { decision: { kind: 'allow' }, listed: true, policies, errors };
    const listed = this.#foresee(caller, [tool]).has(tool);
    const decision: CallDecision = listed
      ? { kind: 'deny-arguments', policyId, ...(message === undefined ? {} : { message }) }
      : { kind: 'deny', policyId };
    return { decision, listed, policies, errors };
  }

  #judge(caller: PolicyCaller, tool: PolicyTool, args: unknown): Judgement {
    try {
      return judgementOf(this.#sources.map((source) => source.judge(caller, tool, args)));
    } catch (error) {
      if (!(error instanceof ArgumentsTooLargeError)) throw error;
      return { allowed: false, policyId: tooLarge, policies: [], errors: [] };
    }
  }

  #foresee(caller: PolicyCaller, tools: readonly PolicyTool[]): ReadonlySet<PolicyTool> {
    const outlooks = this.#sources.map((source) => source.foresee(caller, tools));
    return new Set(
      tools.filter((_, at) => {
        const of = outlooks.map((outlook) => outlook[at]);
        return !of.includes('forbid') && of.includes('permit');
      }),
    );
  }

  #keyOf({ principal, sourceIp }: PolicyCaller): string {
    const { tenant, subject, role, lane, plan, keyId } = principal;
    const source = this.#mentionsSource ? sourceIp : '';
    return JSON.stringify([tenant, subject, role, lane, plan, keyId ?? null, source]);
  }
}

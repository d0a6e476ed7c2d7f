import type { PolicyCaller, PolicyTool } from './policy-decider.ts';

/** A policy as people are told of it. */
export interface PolicyName {
  /** Its `@id`, or `policy<N>`. Those of the deployment have `base/` before it. */
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  /** Its `@message`. */
  readonly message?: string;
  /** In its text, from 1. */
  readonly line: number;
}

/** What one set of policies says of one call. */
export interface Verdict {
  readonly kind: 'permit' | 'forbid' | 'none';
  /** Those that made it so, in the order of the text. */
  readonly policies: readonly PolicyName[];
  /** Could not be evaluated. Any of these refuses the call. */
  readonly errors: readonly { readonly policy: PolicyName; readonly reason: string }[];
}

/** What one set of policies says of a tool before its arguments are known. */
export type Outlook = 'permit' | 'forbid' | 'none';

/** The policies of one text. Sets are judged each by itself and then combined, as Cedar combines single policies. */
export interface PolicySource {
  /** @throws ArgumentsTooLargeError */
  judge(caller: PolicyCaller, tool: PolicyTool, args: unknown): Verdict;
  /**
   * For each tool: `permit` when some arguments could be permitted, `forbid` when all arguments are forbidden or a policy that
   * does not look at them fails.
   */
  foresee(caller: PolicyCaller, tools: readonly PolicyTool[]): readonly Outlook[];
  /** Whether the caller's address makes a difference. */
  readonly mentionsSource: boolean;
}

/** The arguments that policies look at are more than policies are given. */
export class ArgumentsTooLargeError extends Error {
  override readonly name = 'ArgumentsTooLargeError';
}

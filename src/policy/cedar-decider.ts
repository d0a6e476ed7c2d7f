import { CedarSource } from './cedar-source.ts';
import type { Cedar } from './cedar.ts';
import { CombinedDecider } from './combined-decider.ts';
import { compilePolicies, describeProblem } from './compile-policies.ts';
import { defaultPolicies, defaultSource } from './default-policies.ts';
import { PreparedSets } from './prepared-sets.ts';
import type { PolicySource } from './verdict.ts';

/** The text of a tenant's own policies. */
export interface TenantText {
  readonly tenant: string;
  readonly text: string;
}

/** Makes deciders of texts. There is one for each loaded Cedar, since its memory is one. */
export type CreateDecider = (base: string, tenant?: TenantText) => CombinedDecider;

/** Texts were checked when they were set; one that is wrong all the same decides nothing. */
export class PoliciesInvalidError extends Error {
  override readonly name = 'PoliciesInvalidError';
}

/**
 * The shipped base policies are evaluated here and not by Cedar, since they mean the same (`default-policies.ts`): then a call
 * costs one evaluation instead of two.
 */
export const cedarDeciders = (cedar: Cedar): CreateDecider => {
  const prepared = new PreparedSets(cedar);
  const sourceOf = (text: string, tenant?: string): PolicySource => {
    const result = compilePolicies(cedar, {
      text,
      origin: tenant === undefined ? 'base' : 'tenant',
    });
    if (result.ok) return new CedarSource(cedar, prepared, result.compiled);
    const whose = tenant === undefined ? 'of the deployment' : `of tenant ${tenant}`;
    throw new PoliciesInvalidError(`the policies ${whose} do not compile`, {
      cause: result.problems.map(describeProblem),
    });
  };
  const bases = new Map<string, PolicySource>();
  const baseOf = (text: string): PolicySource => {
    if (text === defaultPolicies) return defaultSource;
    const source = bases.get(text) ?? sourceOf(text);
    bases.set(text, source);
    return source;
  };
  return (base, tenant) =>
    new CombinedDecider([
      baseOf(base),
      ...(tenant === undefined ? [] : [sourceOf(tenant.text, tenant.tenant)]),
    ]);
};

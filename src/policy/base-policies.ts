import * as z from 'zod';
import { defaultPolicies } from './default-policies.ts';

/** `policies.json` beside a function's bundle: the deployment's policies. */
export const basePoliciesFile = 'policies.json';

/** The shipped ones are not written out: a function knows them, and need not load Cedar for them. */
export const basePolicies = z.union([
  z.strictObject({ base: z.literal('default') }),
  z.strictObject({ base: z.literal('text'), text: z.string().min(1) }),
]);
export type BasePolicies = z.infer<typeof basePolicies>;

export const textOf = (policies: BasePolicies): string =>
  policies.base === 'default' ? defaultPolicies : policies.text;

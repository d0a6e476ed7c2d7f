import { lanes, roles, tenantId, type Principal } from '../principals/principal.ts';
import * as z from 'zod';
import { cedarDeciders } from './cedar-decider.ts';
import type { Cedar } from './cedar.ts';
import type { Explanation } from './combined-decider.ts';
import { compilePolicies, type PolicyProblem } from './compile-policies.ts';
import type { PolicyTool } from './policy-decider.ts';

/** A caller as an operator describes one to try policies with. */
export const testCaller = z.strictObject({
  subject: z.string().min(1).max(256).default('key:test'),
  role: z.enum(roles).default('user'),
  lane: z.enum(lanes).default('key'),
  plan: z.string().min(1).max(64).default('free'),
  keyId: z.string().max(64).optional(),
  sourceIp: z.union([z.ipv4(), z.ipv6()]).default('192.0.2.1'),
});
export type TestCaller = z.input<typeof testCaller>;

export interface PolicyTest {
  readonly base: string;
  /** Whose policies are tried. */
  readonly tenant: string;
  /** The tenant's policies, as they are or as they might be; absent to try the deployment's alone. */
  readonly text?: string | undefined;
  readonly caller: TestCaller;
  readonly tools: readonly PolicyTool[];
  readonly args: unknown;
}

export type PolicyTestResult =
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] }
  | {
      readonly ok: true;
      readonly results: readonly (Explanation & { readonly tool: PolicyTool })[];
    };

/**
 * Decides as the functions would, and says by which policies.
 * @throws ZodError for a caller or a tenant that cannot be.
 */
export const testPolicies = (cedar: Cedar, test: PolicyTest): PolicyTestResult => {
  const tenant = tenantId.parse(test.tenant);
  const { sourceIp, keyId, ...facts } = testCaller.parse(test.caller);
  const { text } = test;
  if (text !== undefined) {
    const compiled = compilePolicies(cedar, { text, origin: 'tenant', tenant });
    if (!compiled.ok) return compiled;
  }
  const createDecider = cedarDeciders(cedar);
  const decider = createDecider(test.base, text === undefined ? undefined : { tenant, text });
  const principal: Principal = { ...facts, tenant, ...(keyId === undefined ? {} : { keyId }) };
  return {
    ok: true,
    results: test.tools.map((tool) => ({
      tool,
      ...decider.explain({ principal, sourceIp }, tool, test.args),
    })),
  };
};

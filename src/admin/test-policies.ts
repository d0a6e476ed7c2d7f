import * as z from 'zod';
import type { CallDecision } from '../policy/policy-decider.ts';
import { lanes, role } from '../principals/principal.ts';
import { AdminError } from './admin-error.ts';
import { parseInput } from './input.ts';
import { problemText, showPolicies, validatePolicies } from './policies.ts';
import type { AdminPorts } from './ports.ts';
import { reporting } from './upstream-failure.ts';

/** What is not said of a tool is as MCP has it (`ToolAnnotations`). */
const toolFacts = z.strictObject({
  name: z.string().min(1),
  server: z.string().min(1).default('drawbridge'),
  readOnly: z.boolean().default(false),
  destructive: z.boolean().default(true),
  idempotent: z.boolean().default(false),
  openWorld: z.boolean().default(true),
});

/** A tool, by its name or with what its server says of it. */
const tool = z.union([
  z
    .string()
    .min(1)
    .transform((name) => toolFacts.parse({ name })),
  toolFacts,
]);

const policyCase = z.strictObject({
  name: z.string().optional(),
  role: role.default('user'),
  subject: z.string().min(1).default('key:test'),
  lane: z.enum(lanes).default('key'),
  sourceIp: z.union([z.ipv4(), z.ipv6()]).default('192.0.2.1'),
  tool,
  args: z.record(z.string(), z.unknown()).default({}),
  expect: z.enum(['allow', 'deny']),
  /** The policy that must be the one that refuses, as the audit names it. */
  policyId: z.string().optional(),
});

/** Questions with their answers, as they stand in a file. */
export const policyCases = z.array(policyCase).min(1, { error: 'there are no cases' }).max(1_000);
export type PolicyCases = z.input<typeof policyCases>;

export interface PolicyCaseResult {
  /** As the case says, or what it asks. */
  readonly name: string;
  readonly expected: 'allow' | 'deny';
  readonly decision: CallDecision;
  readonly passed: boolean;
}

export interface PolicyTestRun {
  readonly tenant: string;
  /** The version that was tried; absent for a text that was given. */
  readonly version?: number;
  readonly results: readonly PolicyCaseResult[];
  readonly failed: number;
}

const isAsExpected = (
  { expect, policyId }: z.output<typeof policyCase>,
  decision: CallDecision,
): boolean => {
  if (expect === 'allow') return decision.kind === 'allow';
  return decision.kind !== 'allow' && (policyId === undefined || decision.policyId === policyId);
};

/**
 * Asks policies the questions of a test and compares the answers: those of a tenant as they are in force, or a text that
 * might be. Changes nothing.
 *
 * @param cases - `policyCases`.
 * @throws AdminError INVALID_INPUT, TENANT_NOT_FOUND or POLICY_INVALID.
 */
export const testPolicies = async (
  ports: Pick<AdminPorts, 'registry' | 'policies'>,
  tenantId: string,
  cases: unknown,
  text?: string,
): Promise<PolicyTestRun> => {
  const questions = parseInput(policyCases, cases);
  const inForce = await showPolicies(ports, tenantId);
  const { tenant } = inForce;
  const tried = text ?? inForce.text;
  const problems = await validatePolicies(ports, tried, tenant);
  if (problems.length > 0) {
    throw new AdminError(
      'POLICY_INVALID',
      `the policies are not valid, and nothing was tried: ${problems.map(problemText).join('; ')}`,
    );
  }
  const results: PolicyCaseResult[] = [];
  for (const question of questions) {
    const { name, expect: expected, policyId: _policyId, ...asked } = question;
    const decision = await reporting('decide by the policies', () =>
      ports.policies.decide({ ...asked, tenant, text: tried }),
    );
    results.push({
      name: name ?? `${asked.role} calls ${asked.tool.name}`,
      expected,
      decision,
      passed: isAsExpected(question, decision),
    });
  }
  const failed = results.filter(({ passed }) => !passed).length;
  return {
    tenant,
    ...(text === undefined ? { version: inForce.version } : {}),
    results,
    failed,
  };
};

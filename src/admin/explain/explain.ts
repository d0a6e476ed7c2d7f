import type { AdminPorts, ProjectPorts } from '../ports.ts';
import { reporting } from '../upstream-failure.ts';
import type { Identified, KnownCaller } from './caller.ts';
import { callerName, questionOf, type ExplainInput, type Question } from './explain-input.ts';
import {
  notKnown,
  outcomeOf,
  refuse,
  type Explanation,
  type Step,
  type StepName,
  type Verdict,
} from './explanation.ts';
import { findTool, type FoundTool } from './find-tool.ts';
import { firewallStep } from './firewall-step.ts';
import { keyStep } from './key-step.ts';
import { policyStep } from './policy-step.ts';
import { principalStep } from './principal-step.ts';
import { quotaStep } from './quota-step.ts';
import { pinStep, upstreamStep } from './server-steps.ts';
import { usagePlanStep } from './usage-plan-step.ts';

export interface ExplainPorts {
  readonly ports: AdminPorts;
  /** Absent where there are no files of a project: then deployed servers are known by their document only. */
  readonly project?: ProjectPorts | undefined;
}

const identify = async (ports: AdminPorts, question: Question): Promise<Identified> => {
  const { caller } = question;
  switch (caller.kind) {
    case 'no-key':
      return { verdict: refuse(`that is no API key: ${caller.why}, so nothing is read`) };
    case 'key':
      return keyStep(ports, caller, question);
    case 'principal':
      return principalStep(ports, caller.arn);
  }
};

type Rest = Readonly<Record<Exclude<StepName, 'firewall' | 'authorizer'>, Verdict>>;

const nobodysRest = (): Rest => {
  const verdict = notKnown('nobody calls');
  return {
    'usage-plan': verdict,
    tool: verdict,
    pin: verdict,
    policy: verdict,
    quota: verdict,
    upstream: verdict,
  };
};

/** What comes after the tool is of the tool. */
const ofTool = async (
  found: FoundTool | undefined,
  decide: (found: FoundTool) => Verdict | Promise<Verdict>,
): Promise<Verdict> => (found === undefined ? notKnown('the tool is not known') : decide(found));

const restOf = async (
  { ports, project }: ExplainPorts,
  caller: KnownCaller,
  question: Question,
): Promise<Rest> => {
  const { principal } = caller;
  const { tenant, subject } = principal;
  const [usagePlan, { verdict: tool, found }, standings] = await Promise.all([
    usagePlanStep(ports, caller),
    findTool(ports, project, tenant, question),
    reporting(`read the counters of tenant "${tenant}"`, () =>
      ports.standing.standings(tenant, subject),
    ),
  ]);
  const units = question.units ?? found?.units;
  const unknownDefinition = notKnown('what the server says of the tool is not known: --probe asks');
  return {
    'usage-plan': usagePlan,
    tool,
    pin: await ofTool(found, (known) => pinStep(ports.deployment, known)),
    policy: await ofTool(found, (known) =>
      known.tool === undefined
        ? unknownDefinition
        : policyStep(ports, { principal, standings }, known.tool, question),
    ),
    quota: await quotaStep(ports, { principal, standings, units }),
    upstream: await ofTool(found, upstreamStep),
  };
};

/**
 * Walks the road of one call, as the parts of the deployment stand now, and says which would decide. Calls nothing,
 * charges nothing and changes nothing; connects to a server only when it is asked to.
 *
 * @param input - `explainInput`.
 * @throws AdminError INVALID_INPUT, UPSTREAM_* or CONFIG_INVALID.
 */
export const explain = async (parts: ExplainPorts, input: ExplainInput): Promise<Explanation> => {
  const { ports } = parts;
  const question = questionOf(input);
  const { verdict: authorizer, caller } = await identify(ports, question);
  const rest = caller === undefined ? nobodysRest() : await restOf(parts, caller, question);
  const verdicts: Readonly<Record<StepName, Verdict>> = {
    firewall: firewallStep(ports.deployment, question),
    authorizer,
    ...rest,
  };
  const steps = (Object.entries(verdicts) as [StepName, Verdict][]).map(
    ([step, verdict]): Step => ({ step, ...verdict }),
  );
  return {
    caller: callerName(question.caller),
    ...(caller === undefined ? {} : { tenant: caller.principal.tenant }),
    tool: question.tool,
    ...outcomeOf(steps),
    steps,
  };
};

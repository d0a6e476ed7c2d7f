import type { CallDecision, PolicyTool } from '../policy/policy-decider.ts';
import type { Admission } from './admission.ts';
import type { CallRequest } from './gateway.ts';

/** A call that policies refuse. */
export type Denied =
  | { readonly kind: 'unknown-tool' }
  /** With these arguments; the text is for the caller, who sees that there is the tool. */
  | { readonly kind: 'denied-arguments'; readonly text: string };

/** Takes a call past policies and quota, and tells the audit which of them refuses it. */
export class Pass {
  readonly #admission: Admission;

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  /** What refuses the call, if a policy does. */
  async decide(request: CallRequest, tool: PolicyTool): Promise<Denied | undefined> {
    const decision = await this.#admission.decide(request, tool, request.args);
    if (decision.kind === 'allow') request.onRouted?.({ tool: tool.name, server: tool.server });
    return denied(request, tool, decision);
  }

  /**
   * Charges the call.
   * @returns what refuses it after all, by policies that are newer than the authorizer's answer.
   * @throws GatewayError when the caller may not call, or has no units left.
   */
  async charge(request: CallRequest, tool: PolicyTool, units: number): Promise<Denied | undefined> {
    const route = { tool: tool.name, server: tool.server };
    const decision = await this.#admission.charge(
      { ...request, onRefused: (policyId) => request.onRouted?.({ ...route, policyId }) },
      units,
      (applicant) => this.#admission.decide(applicant, tool, request.args),
    );
    return denied(request, tool, decision);
  }

  /**
   * Prompts and resources cost nothing, and a revoked credential must not get them all the same.
   * @throws GatewayError when the caller may not call.
   */
  async checkStanding(request: CallRequest, server: string): Promise<void> {
    const route = { tool: request.name, server };
    request.onRouted?.(route);
    await this.#admission.checkStanding({
      ...request,
      onRefused: (policyId) => request.onRouted?.({ ...route, policyId }),
    });
  }
}

const denied = (
  { onRouted, requestId }: CallRequest,
  { name, server }: PolicyTool,
  decision: CallDecision,
): Denied | undefined => {
  if (decision.kind === 'allow') return undefined;
  const { policyId } = decision;
  if (decision.kind === 'deny') {
    // For this caller there is no tool of the name: the audit does not name it either.
    onRouted?.({ server, policyId });
    return { kind: 'unknown-tool' };
  }
  onRouted?.({ tool: name, server, policyId });
  const why = decision.message ?? 'The policies of your tenant do not allow these arguments.';
  return { kind: 'denied-arguments', text: `${why} Request ${requestId}.` };
};

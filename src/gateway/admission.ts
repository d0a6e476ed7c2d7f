import { GatewayError } from '../errors/gateway-error.ts';
import type { CallDecision, PolicyDecider, PolicyTool } from '../policy/policy-decider.ts';
import type { Principal } from '../principals/principal.ts';
import type { ChargeOutcome, LimitState, Meter } from '../quota/meter.ts';

export interface AdmissionDeps {
  readonly policies: PolicyDecider;
  readonly meter: Meter;
  readonly now: () => number;
}

/** Who asks, and hears of what it costs. */
export interface Applicant {
  readonly principal: Principal;
  readonly sourceIp: string;
  readonly requestId: string;
  /** Hears what was charged, once it was. */
  readonly onCharged?: ((charged: Charged) => void) | undefined;
  /** Hears what refuses the call: `quota:day`, `standing:revoked`. */
  readonly onRefused?: ((policyId: string) => void) | undefined;
}

export interface Charged {
  readonly units: number;
  readonly limits: readonly LimitState[];
}

/** The tenant's policies can change while a call is decided: it is decided again, a few times. */
const mostDecisions = 3;

/**
 * Whether a call may run: the policies decide, then one write charges it and looks whether the credential, the tenant
 * and the policies are still as the authorizer's answer says (DESIGN, "The road of a request", 4 and 5).
 */
export class Admission {
  readonly #deps: AdmissionDeps;

  constructor(deps: AdmissionDeps) {
    this.#deps = deps;
  }

  async listable(
    { principal, sourceIp }: Applicant,
    tools: readonly PolicyTool[],
  ): Promise<ReadonlySet<PolicyTool>> {
    return this.#deps.policies.listable({ principal, sourceIp }, tools);
  }

  async decide(
    { principal, sourceIp }: Applicant,
    tool: PolicyTool,
    args: unknown,
  ): Promise<CallDecision> {
    return this.#deps.policies.decide({ principal, sourceIp }, tool, args);
  }

  /**
   * Charges a call that `decide` allowed.
   * @returns the decision of policies that were set meanwhile, where they refuse it: nothing was charged then.
   * @throws GatewayError QUOTA_EXCEEDED, UNAUTHENTICATED, FORBIDDEN or UNAVAILABLE.
   */
  async charge(
    applicant: Applicant,
    units: number,
    decide: (applicant: Applicant) => Promise<CallDecision>,
  ): Promise<CallDecision> {
    let current = applicant;
    for (let left = mostDecisions; left > 0; left -= 1) {
      const outcome = await this.#charge(current.principal, units);
      if (outcome.kind === 'granted') {
        applicant.onCharged?.({ units, limits: outcome.limits });
        return { kind: 'allow' };
      }
      if (outcome.kind !== 'policy-changed') throw this.#refusal(applicant, outcome, units);
      const { version: policyVersion } = outcome;
      current = { ...current, principal: { ...current.principal, policyVersion } };
      const decision = await decide(current);
      if (decision.kind !== 'allow') return decision;
    }
    throw unavailable(new Error('the policies changed with each decision'));
  }

  /**
   * For what costs nothing: whether the caller may still ask.
   * @throws GatewayError UNAUTHENTICATED, FORBIDDEN or UNAVAILABLE.
   */
  async checkStanding(applicant: Applicant): Promise<void> {
    await this.charge({ ...applicant, onCharged: undefined }, 0, async () => ({ kind: 'allow' }));
  }

  async #charge(principal: Principal, units: number): Promise<ChargeOutcome> {
    try {
      return await this.#deps.meter.charge({ principal, units });
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  #refusal(
    { principal, onRefused }: Applicant,
    outcome: Exclude<ChargeOutcome, { kind: 'granted' | 'policy-changed' }>,
    units: number,
  ): GatewayError {
    if (outcome.kind === 'over-limit') {
      const { over } = outcome;
      onRefused?.(`quota:${over.scope === 'tenant' ? '' : 'credential-'}${over.window}`);
      return quotaExceeded(principal, over, units, this.#deps.now());
    }
    onRefused?.(`standing:${outcome.kind}`);
    return outcome.kind === 'suspended' && principal.lane === 'iam'
      ? new GatewayError('FORBIDDEN', 'Forbidden: the tenant is suspended')
      : new GatewayError('UNAUTHENTICATED', 'Unauthorized');
  }
}

const unavailable = (cause: unknown): GatewayError =>
  new GatewayError('UNAVAILABLE', 'Service unavailable: try again shortly', { cause });

const quotaExceeded = (
  { plan }: Principal,
  { window, scope, limit, used, resetAt }: LimitState,
  units: number,
  now: number,
): GatewayError => {
  const reset = new Date(resetAt * 1000).toISOString().replace('.000Z', 'Z');
  const whose = scope === 'credential' ? ' and caller' : '';
  const retryAfter = Math.max(1, Math.ceil(resetAt - now / 1000));
  return new GatewayError(
    'QUOTA_EXCEEDED',
    `Quota exceeded: plan ${plan} has ${limit} units per ${window}${whose}, and this call takes ${units}. Resets at ${reset}`,
    {
      details: { plan, window, scope, limit, used, units, resetAt: reset, retryAfter },
      headers: { 'retry-after': String(retryAfter) },
    },
  );
};

import type { Principal } from '../principals/principal.ts';

/** A tool as policies see it. */
export interface PolicyTool {
  /** As clients call it. */
  readonly name: string;
  /** `drawbridge` for our own. */
  readonly server: string;
  readonly readOnly: boolean;
  readonly destructive: boolean;
  readonly idempotent: boolean;
  readonly openWorld: boolean;
}

export interface PolicyCaller {
  readonly principal: Principal;
  /** Address of the caller, as API Gateway saw it. */
  readonly sourceIp: string;
}

export type CallDecision =
  | { readonly kind: 'allow' }
  /** No arguments would help: the tool answers like one that is not there. `policyId` is for the audit. */
  | { readonly kind: 'deny'; readonly policyId: string }
  /** The tool may be called, with other arguments. `message` is the policy's own `@message`, for the caller. */
  | { readonly kind: 'deny-arguments'; readonly policyId: string; readonly message?: string };

/** Decides what a caller may do: the deployment's base policies and those of the caller's tenant. */
export interface PolicyDecider {
  /** Of `tools` those that the caller could call with some arguments. */
  listable(
    caller: PolicyCaller,
    tools: readonly PolicyTool[],
  ): Promise<ReadonlySet<PolicyTool>> | ReadonlySet<PolicyTool>;
  /** @throws Error when the policies cannot be read: the call must then fail, never run. */
  decide(
    caller: PolicyCaller,
    tool: PolicyTool,
    args: unknown,
  ): Promise<CallDecision> | CallDecision;
}

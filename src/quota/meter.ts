import type { Principal } from '../principals/principal.ts';

export const windows = ['minute', 'day', 'month'] as const;
/** A minute, day or month of the calendar, UTC. */
export type Window = (typeof windows)[number];

/** Who shares a limit: the whole tenant, or one caller of it (`principal.subject`). */
export type LimitScope = 'tenant' | 'credential';

/** How one limit stands after the call. */
export interface LimitState {
  readonly window: Window;
  readonly scope: LimitScope;
  /** Units in one window. */
  readonly limit: number;
  readonly used: number;
  /** When the window ends, Unix seconds. */
  readonly resetAt: number;
}

export interface Charge {
  readonly principal: Principal;
  /** 0 asks only whether the caller may still call. */
  readonly units: number;
}

export type ChargeOutcome =
  | { readonly kind: 'granted'; readonly limits: readonly LimitState[] }
  /** Nothing was charged. `over` is the limit that lacks the units; of several, the one that ends last. */
  | {
      readonly kind: 'over-limit';
      readonly over: LimitState;
      readonly limits: readonly LimitState[];
    }
  /** The credential was revoked, or replaced and its grace is over. */
  | { readonly kind: 'revoked' }
  /** The tenant is suspended. */
  | { readonly kind: 'suspended' }
  /** The tenant's policies are newer than `principal.policyVersion`: decide again by `version`. */
  | { readonly kind: 'policy-changed'; readonly version: number };

/** Counts units, exactly: never more than a limit, and not fewer while there is room. */
export interface Meter {
  /** @throws MeterUnavailableError when it cannot be known, and the plan says that such calls are refused. */
  charge(charge: Charge): Promise<ChargeOutcome>;
}

/** The counter could not be reached, or the caller's plan is not known here. */
export class MeterUnavailableError extends Error {
  override readonly name = 'MeterUnavailableError';
}

/** What has been used, for people. */
export interface UsageReader {
  /** As `charge` would find it now. */
  read(principal: Pick<Principal, 'tenant' | 'plan' | 'subject'>): Promise<readonly LimitState[]>;
  /** Units of a tenant by day (`2026-11-28`), oldest first: the days that are still kept. */
  days(tenant: string): Promise<readonly { readonly day: string; readonly units: number }[]>;
}

/**
 * Facts that operators change and that the next charge must know, although an authorizer's answer from before is still
 * cached. Each holds from the moment that the write is answered.
 */
export interface StandingWriter {
  /** `subject` as in `Principal.subject`; `at` is Unix seconds, and may lie ahead (the end of a grace period). */
  revoke(tenant: string, subject: string, at: number): Promise<void>;
  /** Takes a revocation back: an IAM principal that is recorded again. */
  readmit(tenant: string, subject: string): Promise<void>;
  suspend(tenant: string): Promise<void>;
  resume(tenant: string): Promise<void>;
  setPolicyVersion(tenant: string, version: number): Promise<void>;
}

import type { Principal } from '../../principals/principal.ts';
import type { TenantRecord } from '../../registry/records.ts';
import type { Verdict } from './explanation.ts';

/** Whom the authorizer would take the caller for, whether it lets it in or not. */
export interface KnownCaller {
  readonly principal: Principal;
  /** Absent: the record names a tenant that is not there. */
  readonly tenant: TenantRecord | undefined;
}

export interface Identified {
  readonly verdict: Verdict;
  /** Absent: nobody's credential. */
  readonly caller?: KnownCaller;
}

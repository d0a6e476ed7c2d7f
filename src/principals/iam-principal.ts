import type { Clock } from '../clock/clock.ts';
import type { PrincipalReader } from '../registry/registry.ts';
import { callerArnOf, callerId } from './caller-arn.ts';
import type { Principal } from './principal.ts';

/** Why a caller that IAM let through was refused: for the log. The caller learns only that it was. */
export type IamRefusalReason =
  /** Neither a role's session nor a user: root, for one. */
  | 'caller'
  /** No principal is recorded for it. */
  | 'unmapped'
  /** The principal's tenant does not exist. */
  | 'tenant'
  | 'suspended';

export type IamResolution =
  | { readonly kind: 'verified'; readonly principal: Principal }
  | { readonly kind: 'refused'; readonly reason: IamRefusalReason };

/** @param userArn - `requestContext.identity.userArn`, which API Gateway sets after it verified a signature. */
export type IamPrincipalResolver = (userArn: string) => Promise<IamResolution>;

export interface IamPrincipalDeps {
  readonly records: PrincipalReader;
  readonly now: Clock;
}

/** How long a removed principal or a suspended tenant may still be served by a warm function. */
export const cacheMs = 30_000;
export const maxCached = 1_000;

const refused = (reason: IamRefusalReason): IamResolution => ({ kind: 'refused', reason });

const lookUp = async (records: PrincipalReader, arn: string): Promise<IamResolution> => {
  const record = await records.getPrincipal(arn);
  if (record === undefined) return refused('unmapped');
  const tenant = await records.getTenant(record.tenant);
  if (tenant === undefined) return refused('tenant');
  if (tenant.status !== 'active') return refused('suspended');
  return {
    kind: 'verified',
    principal: {
      tenant: tenant.tenant,
      subject: `iam:${callerId(arn)}`,
      role: record.role,
      lane: 'iam',
      plan: tenant.plan,
      ...(tenant.policyVersion === undefined ? {} : { policyVersion: tenant.policyVersion }),
    },
  };
};

/**
 * Maps an IAM caller to a principal: nobody who is not recorded. What was found, and that nothing was, is remembered
 * for 30 seconds, at most 1,000 callers; a failed look-up is not.
 *
 * @throws Error from the resolver, when the registry cannot be read: the caller must then fail, never allow.
 */
export const createIamPrincipalResolver = ({
  records,
  now,
}: IamPrincipalDeps): IamPrincipalResolver => {
  const cache = new Map<
    string,
    { readonly until: number; readonly found: Promise<IamResolution> }
  >();

  const remember = (arn: string): Promise<IamResolution> => {
    const entry = { until: now() + cacheMs, found: lookUp(records, arn) };
    cache.delete(arn);
    // A map keeps the order of insertion: the first is the oldest.
    for (const oldest of cache.keys()) {
      if (cache.size < maxCached) break;
      cache.delete(oldest);
    }
    cache.set(arn, entry);
    entry.found.catch(() => {
      if (cache.get(arn) === entry) cache.delete(arn);
    });
    return entry.found;
  };

  return async (userArn) => {
    const arn = callerArnOf(userArn);
    if (arn === undefined) return refused('caller');
    const known = cache.get(arn);
    return known !== undefined && now() < known.until ? known.found : remember(arn);
  };
};

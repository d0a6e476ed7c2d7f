import type { Principal } from '../principals/principal.ts';
import { windows, type ChargeOutcome, type LimitScope, type LimitState } from './meter.ts';
import { settingOf, shareOf, type PlanUnits } from './plan-limits.ts';
import type { UsageItem } from './usage-item.ts';
import { attributes, revokedAttribute } from './usage-table.ts';
import { credentialCounter, spanOf } from './window.ts';

/** A limit of a plan in the window that is now, and the counter that it looks at. */
export interface Limit extends Omit<LimitState, 'used'> {
  readonly counter: string;
}

const limitsIn = (
  plan: PlanUnits,
  scope: LimitScope,
  subject: string,
  at: number,
): readonly Limit[] =>
  windows.flatMap((window) => {
    const settings = scope === 'tenant' ? plan.units : plan.unitsPerCredential;
    const limit = settings?.[settingOf[window]];
    if (limit === undefined) return [];
    const { counter, endsAt: resetAt } = spanOf(window, at);
    return [
      {
        window,
        scope,
        limit,
        resetAt,
        counter: scope === 'tenant' ? counter : credentialCounter(counter, subject),
      },
    ];
  });

/** The tenant's limits, then the credential's, each from the shortest window to the longest. */
export const limitsOf = (plan: PlanUnits, subject: string, at: number): readonly Limit[] => [
  ...limitsIn(plan, 'tenant', subject, at),
  ...limitsIn(plan, 'credential', subject, at),
];

/** The counters that a charge adds to. Day and month are counted without a limit too: for people. */
export const countersOf = (limits: readonly Limit[], at: number): readonly string[] => [
  ...new Set([
    ...limits.map(({ counter }) => counter),
    spanOf('day', at).counter,
    spanOf('month', at).counter,
  ]),
];

/** The limits as one shard has them. */
export const limitsOfShard = (
  limits: readonly Limit[],
  shards: number,
  shard: number,
): readonly Limit[] => limits.map((one) => ({ ...one, limit: shareOf(one.limit, shards, shard) }));

export type Refusal =
  | Exclude<ChargeOutcome, { readonly kind: 'granted' | 'over-limit' }>
  /** Of several limits that lack the units, the one that ends last. */
  | { readonly kind: 'over-limit'; readonly over: Limit };

export interface Asked {
  readonly principal: Pick<Principal, 'subject' | 'policyVersion'>;
  readonly units: number;
  /** Unix seconds. */
  readonly at: number;
}

const lacking = (limits: readonly Limit[], item: UsageItem, units: number): readonly Limit[] =>
  units === 0
    ? []
    : limits.filter(({ counter, limit }) => (item.get(counter) ?? 0) + units > limit);

/** Why the item does not admit the charge; undefined when it does. The condition of the write says the same. */
export const refusalOf = (
  item: UsageItem,
  limits: readonly Limit[],
  { principal, units, at }: Asked,
): Refusal | undefined => {
  const revokedAt = item.get(revokedAttribute(principal.subject));
  if (revokedAt !== undefined && revokedAt <= at) return { kind: 'revoked' };
  if (item.has(attributes.suspended)) return { kind: 'suspended' };
  const version = item.get(attributes.policyVersion) ?? 0;
  if (version > (principal.policyVersion ?? 0)) return { kind: 'policy-changed', version };
  const [first, ...others] = lacking(limits, item, units);
  if (first === undefined) return undefined;
  const over = others.reduce((last, one) => (one.resetAt > last.resetAt ? one : last), first);
  return { kind: 'over-limit', over };
};

export interface SeenShard {
  readonly shard: number;
  readonly item: UsageItem;
}

/**
 * How the limits stand. Exact when every shard was seen; otherwise what was seen stands for the others too, by their
 * parts of the limit.
 */
export const limitStates = (
  limits: readonly Limit[],
  shards: number,
  seen: readonly SeenShard[],
): readonly LimitState[] =>
  limits.map(({ counter, ...limit }) => {
    const used = seen.reduce((sum, { item }) => sum + (item.get(counter) ?? 0), 0);
    const share = seen.reduce((sum, { shard }) => sum + shareOf(limit.limit, shards, shard), 0);
    return {
      ...limit,
      used: share === limit.limit ? used : Math.ceil(used * (limit.limit / share)),
    };
  });

import type { LimitState } from '../quota/meter.ts';
import type { Principal } from './principal.ts';

const iso = (unixSeconds: number): string =>
  new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');

/** What `GET /me` answers: who the caller is, and how the limits of its plan stand. Units and ISO 8601 times, UTC. */
export const whoAmI = (
  { tenant, subject, role, lane, plan, keyId, cidrs, expiresAt }: Principal,
  limits: readonly LimitState[],
) => ({
  tenant,
  subject,
  role,
  lane,
  plan,
  ...(keyId === undefined ? {} : { keyId }),
  ...(expiresAt === undefined ? {} : { expiresAt: iso(expiresAt) }),
  ...(cidrs === undefined ? {} : { networks: cidrs }),
  limits: limits.map(({ window, scope, limit, used, resetAt }) => ({
    window,
    scope,
    limit,
    used,
    left: Math.max(0, limit - used),
    resetsAt: iso(resetAt),
  })),
});

import type { Principal } from '../../principals/principal.ts';
import { MeterUnavailableError, type LimitState } from '../../quota/meter.ts';
import { AdminError } from '../admin-error.ts';
import type { AdminPorts, Standing } from '../ports.ts';
import { reporting } from '../upstream-failure.ts';
import { notKnown, pass, refuse, type Verdict } from './explanation.ts';

type Ports = Pick<AdminPorts, 'usage' | 'clock'>;

interface Charged {
  readonly principal: Principal;
  readonly standings: readonly Standing[];
  /** Absent: what the tool costs is not known. */
  readonly units: number | undefined;
}

const iso = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString();

/** What operators decided, which the charge looks at before it counts. */
const standingRefusal = ({ standings }: Charged, now: number): Verdict | undefined => {
  const revoked = standings.find(({ revokedAt }) => revokedAt !== undefined && revokedAt <= now);
  if (revoked?.revokedAt !== undefined) {
    const since = iso(revoked.revokedAt);
    return refuse(`the counter refuses this credential since ${since}`, 'standing:revoked');
  }
  return standings.some(({ suspended }) => suspended)
    ? refuse('the counter refuses the tenant: it is suspended', 'standing:suspended')
    : undefined;
};

const readLimits = async (
  { usage }: Ports,
  { principal }: Charged,
): Promise<readonly LimitState[] | undefined> => {
  const read = reporting(`read the usage of tenant "${principal.tenant}"`, () =>
    usage.read(principal),
  );
  return read.catch((error: unknown) => {
    if (error instanceof AdminError && error.cause instanceof MeterUnavailableError) {
      return undefined;
    }
    throw error;
  });
};

const standsAt = ({ window, scope, limit, used }: LimitState): string =>
  `${used} of ${limit} units of this ${window}${scope === 'credential' ? ', of this credential,' : ''} used`;

const over = (limits: readonly LimitState[], units: number): LimitState | undefined =>
  limits
    .filter(({ used, limit }) => used + units > limit)
    .reduce<LimitState | undefined>(
      // Of several the one that ends last, as the caller is told.
      (last, one) => (last === undefined || one.resetAt > last.resetAt ? one : last),
      undefined,
    );

/** What the one write of a call would find: standing first, then the limits. @throws AdminError UPSTREAM_*. */
export const quotaStep = async (ports: Ports, charged: Charged): Promise<Verdict> => {
  const { principal, units } = charged;
  const refusal = standingRefusal(charged, Math.floor(ports.clock() / 1000));
  if (refusal !== undefined) return refusal;
  const limits = await readLimits(ports, charged);
  if (limits === undefined) {
    return refuse(`plan "${principal.plan}" is none that the deployment meters: calls are refused`);
  }
  if (limits.length === 0) return pass(`plan ${principal.plan} has no limits in units`);
  const stands = limits.map(standsAt).join('; ');
  if (units === undefined) {
    const exhausted = over(limits, 1);
    return exhausted === undefined
      ? notKnown(`what the tool costs is not known here, give --units; ${stands}`)
      : notKnown(`what the tool costs is not known here, and nothing is left: ${stands}`);
  }
  const lacking = units === 0 ? undefined : over(limits, units);
  const cost = units === 1 ? '1 unit' : `${units} units`;
  if (lacking === undefined) return pass(`the call takes ${cost}; ${stands}`);
  const { window, scope, resetAt } = lacking;
  return refuse(
    `the call takes ${cost}; ${standsAt(lacking)}, which ends at ${iso(resetAt)}`,
    `quota:${scope === 'tenant' ? '' : 'credential-'}${window}`,
  );
};

import type { LimitState } from './meter.ts';
import { spanOf } from './window.ts';

const nameOf = ({ window, scope }: LimitState): string =>
  scope === 'credential' ? `credential-${window}` : window;

const windowSeconds = ({ window, resetAt }: LimitState): number => {
  const { startsAt, endsAt } = spanOf(window, resetAt - 1);
  return endsAt - startsAt;
};

const secondsUntil = (at: number, now: number): number => Math.max(0, Math.ceil(at - now / 1000));

/**
 * How the limits stand, as draft-ietf-httpapi-ratelimit-headers-11 has it: Lists of Strings with parameters (RFC 9651),
 * one for each limit. Without limits there are no such headers.
 *
 * @param now milliseconds
 */
export const rateLimitHeaders = (
  limits: readonly LimitState[],
  now: number,
): Readonly<Record<string, string>> => {
  if (limits.length === 0) return {};
  const policies = limits.map(
    (limit) => `"${nameOf(limit)}";q=${limit.limit};w=${windowSeconds(limit)}`,
  );
  const states = limits.map((limit) => {
    const remaining = Math.max(0, limit.limit - limit.used);
    return `"${nameOf(limit)}";r=${remaining};t=${secondsUntil(limit.resetAt, now)}`;
  });
  return { 'ratelimit-policy': policies.join(', '), ratelimit: states.join(', ') };
};

/**
 * Whole seconds for `retry-after` until the limit's window ends, and never none: a caller would repeat at once.
 *
 * @param now milliseconds
 */
export const retryAfterSeconds = (over: Pick<LimitState, 'resetAt'>, now: number): number =>
  Math.max(1, secondsUntil(over.resetAt, now));

import { InvalidArgumentError } from 'commander';
import * as z from 'zod';

const secondsPer: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
};

const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

const durationSeconds = (text: string): number | undefined => {
  const [, amount, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const seconds = secondsPer[unit];
  return seconds === undefined ? undefined : Number(amount) * seconds;
};

/** Seconds of `24h`, `90d`, … or of `0`. @throws InvalidArgumentError */
export const parseGrace = (text: string): number => {
  const seconds = text === '0' ? 0 : durationSeconds(text);
  if (seconds !== undefined) return seconds;
  throw new InvalidArgumentError('Write a duration such as 30m, 24h or 7d, or 0.');
};

export type Expiry = { readonly expiresInSeconds: number } | { readonly expiresAt: number };

/** A duration from now, or an instant in ISO 8601 (a date alone is its first second, UTC). @throws InvalidArgumentError */
export const parseExpiry = (text: string): Expiry => {
  const seconds = durationSeconds(text);
  if (seconds !== undefined && seconds > 0) return { expiresInSeconds: seconds };
  if (instant.safeParse(text).success) {
    return { expiresAt: Math.floor(Date.parse(text) / 1000) };
  }
  throw new InvalidArgumentError(
    'Write a duration such as 12h or 90d, or a time such as 2027-01-31T00:00:00Z.',
  );
};

/** As `parseExpiry`, or `never`. @throws InvalidArgumentError */
export const parseExpiryOrNever = (text: string): Expiry | 'never' =>
  text === 'never' ? 'never' : parseExpiry(text);

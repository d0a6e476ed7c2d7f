import { InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { parseGrace } from './durations.ts';

/** A time: so long ago, or an instant. Unix milliseconds. */
export type Moment = (now: number) => number;

const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** `10m`, `24h`, `7d` ago, or an instant in ISO 8601 (a date alone is its first second, UTC). @throws InvalidArgumentError */
export const parseMoment = (text: string): Moment => {
  if (instant.safeParse(text).success) {
    const at = Date.parse(text);
    return () => at;
  }
  try {
    const ago = parseGrace(text) * 1000;
    return (now) => now - ago;
  } catch {
    throw new InvalidArgumentError(
      'Write how long ago, such as 10m, 24h or 7d, or a time such as 2026-11-28T12:00:00Z.',
    );
  }
};

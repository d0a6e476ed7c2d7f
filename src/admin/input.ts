import * as z from 'zod';
import { parseApiKey } from '../credentials/api-key.ts';
import { AdminError } from './admin-error.ts';

/** A name that people give: one line, so that it cannot forge a terminal's output. */
export const displayName = z
  .string()
  .trim()
  .min(1, { error: 'a name has at least one character' })
  .max(128, { error: 'a name has at most 128 characters' })
  .regex(/^\P{Cc}*$/u, { error: 'a name has no line breaks or control characters' });

/** @throws AdminError INVALID_INPUT that names each wrong field. */
export const parseInput = <T>(schema: z.ZodType<T>, input: unknown): T => {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  throw new AdminError('INVALID_INPUT', faults.join('; '));
};

const keyIdPattern = /^[0-9A-Za-z]{8}$/;

/** @throws AdminError INVALID_INPUT, which never repeats what was given: it may be a whole key. */
export const parseKeyId = (text: string): string => {
  if (keyIdPattern.test(text)) return text;
  const parts = parseApiKey(text);
  throw new AdminError(
    'INVALID_INPUT',
    parts === undefined
      ? 'a key id is 8 letters or digits: `keys list` shows them'
      : `that is a whole API key, not its id: use the id ${parts.keyId}`,
  );
};

import { AdminError } from './admin-error.ts';
import { upstreamFailure } from './upstream-failure.ts';

const sentence = (text: string): string => (/[.!?]$/u.test(text) ? text : `${text}.`);

/** A step failed after others were done. `left` says, in sentences, what holds already, what does not, and what to do. */
export const incomplete = (what: string, error: unknown, left: string): AdminError => {
  const failure = upstreamFailure(what, error);
  // Refused, and not broken.
  if (failure.code === 'FORBIDDEN') return failure;
  return new AdminError('INCOMPLETE', `${sentence(failure.message)} ${left}`, { cause: failure });
};

/** Runs a step that others came before. @throws AdminError INCOMPLETE. */
export const afterOthers = async <T>(
  what: string,
  left: string,
  step: () => Promise<T>,
): Promise<T> => {
  try {
    return await step();
  } catch (error) {
    throw incomplete(what, error, left);
  }
};

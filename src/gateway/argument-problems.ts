import type * as z from 'zod';

/** Where and what, for a model to mend its call. Quotes the schema, never what the caller sent. */
export const argumentProblems = (error: z.ZodError, schema: z.ZodObject): string => {
  const known = Object.keys(schema.shape);
  const problems = error.issues.map((issue) => {
    const path = issue.path.map((part) =>
      known.includes(String(part)) || typeof part === 'number' ? String(part) : '?',
    );
    const where = path.length === 0 ? 'arguments' : path.join('.');
    return issue.code === 'unrecognized_keys'
      ? `${where}: only these are known: ${known.join(', ')}`
      : `${where}: ${issue.message}`;
  });
  return `Invalid arguments. ${[...new Set(problems)].join('; ')}.`;
};

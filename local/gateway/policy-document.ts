import * as z from 'zod';

const oneOrMany = z.union([z.string(), z.array(z.string())]);

/** Strict: a Condition, NotAction or NotResource that were skipped would change what the policy says. */
const statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMany,
  Resource: oneOrMany,
});

export const policyDocument = z.looseObject({
  Version: z.string().optional(),
  Statement: z.union([statement.transform((only) => [only]), z.array(statement)]),
});

export type PolicyDecision = 'allow' | 'explicit-deny' | 'implicit-deny';

/** A compiled policy document. */
export type Policy = (methodArn: string) => PolicyDecision;

/** IAM's wildcards: `*` is any text, also across slashes; `?` is one character. At worst pattern × text steps. */
export const matchesWildcard = (pattern: string, text: string): boolean => {
  let at = 0;
  let index = 0;
  let star = -1;
  let resume = 0;
  while (index < text.length) {
    if (at < pattern.length && pattern[at] === '*') {
      star = at;
      resume = index;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      index = resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
};

const asList = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;

const INVOKE = 'execute-api:invoke';

/** The policy that an authorizer returned, for `execute-api:Invoke`: an explicit deny wins over any allow. */
export const compilePolicy = (document: z.infer<typeof policyDocument>): Policy => {
  const patterns = { Allow: [] as string[], Deny: [] as string[] };
  for (const { Effect, Action, Resource } of document.Statement) {
    if (!asList(Action).some((action) => matchesWildcard(action.toLowerCase(), INVOKE))) continue;
    patterns[Effect].push(...asList(Resource));
  }
  return (methodArn) => {
    const isNamed = (pattern: string): boolean => matchesWildcard(pattern, methodArn);
    if (patterns.Deny.some(isNamed)) return 'explicit-deny';
    return patterns.Allow.some(isNamed) ? 'allow' : 'implicit-deny';
  };
};

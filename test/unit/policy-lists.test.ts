import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { aCaller, aTool, deciderOf, problemsOf } from './support/policies.ts';

const atoms = fc.constantFrom(
  'context.args has a',
  '(context.args has a && context.args.a > 3)',
  '(context.args has b && context.args.b == "x")',
  'resource.readOnly',
  'resource.name like "s*"',
  'resource in Drawbridge::Server::"github"',
  'principal.plan == "free"',
  '(principal has keyId && principal.keyId == "AAAAAAAA")',
  'context.source.isIpv4()',
);

const conditions = fc.letrec<{ readonly condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    atoms,
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} && ${b})`),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} || ${b})`),
    tie('condition').map((a) => `!(${a})`),
    fc
      .tuple(tie('condition'), tie('condition'), tie('condition'))
      .map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
  ),
})).condition;

const scopes = fc.constantFrom(
  'resource',
  'resource == Drawbridge::Tool::"search"',
  'resource in Drawbridge::Server::"github"',
  'resource is Drawbridge::Tool',
);

const policies = fc
  .tuple(fc.constantFrom('permit', 'forbid'), scopes, fc.constantFrom('when', 'unless'), conditions)
  .map(
    ([effect, scope, kind, condition]) =>
      `${effect} (principal, action, ${scope}) ${kind} { ${condition} };`,
  );

const tools = [
  aTool('search', { readOnly: true }),
  aTool('store'),
  aTool('github_read', { server: 'github', readOnly: true }),
];

const callers = [
  aCaller({ keyId: 'AAAAAAAA' }),
  aCaller({ lane: 'jwt', plan: 'gold' }, '2001:db8::1'),
  aCaller({ role: 'readonly' }),
];

const someArgs: readonly unknown[] = [
  {},
  { a: 1 },
  { a: 5 },
  { b: 'x' },
  { a: 5, b: 'x' },
  { a: 1, b: 'y' },
];

it('whatever the policies are, a tool that may be called with some arguments is listed', () => {
  let judged = 0;
  fc.assert(
    fc.property(fc.array(policies, { minLength: 1, maxLength: 3 }), (texts) => {
      const text = texts.filter((one) => problemsOf(one).length === 0).join('\n');
      const decider = deciderOf(text);
      for (const caller of callers) {
        const listed = decider.listable(caller, tools);
        for (const tool of tools) {
          const kinds = someArgs.map((args) => decider.decide(caller, tool, args).kind);
          judged += 1;
          if (kinds.includes('allow'))
            expect([text, tool.name, listed.has(tool)]).toEqual([text, tool.name, true]);
          // An unlisted tool is like one that is not there, whatever is sent; a listed one never is.
          expect(kinds.includes('deny')).toBe(!listed.has(tool));
        }
      }
    }),
    { numRuns: 150 },
  );
  expect(judged).toBeGreaterThan(1_000);
}, 60_000);

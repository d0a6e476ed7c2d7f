import assert from 'node:assert/strict';
import fc from 'fast-check';
import { scanPolicies } from '../../../src/policy/policy-text.ts';
import { compilePolicies } from '../../../src/policy/compile-policies.ts';
import { loadCedar } from '../../../src/policy/cedar.ts';
import { dayOf, isStale, spanOf } from '../../../src/quota/window.ts';
import { target, textOf, type FuzzTarget } from '../target.ts';

const windows = target({
  name: 'src/quota/window.ts',
  property:
    'a moment is in its window, whose counter is not stale then; any other name is read without an error',
  arbitrary: fc.record({
    at: fc.integer({ min: 0, max: 253_402_300_799 }),
    name: fc.oneof(
      textOf('cmdo0123456789#'),
      fc.bigInt({ min: 0n, max: 10n ** 30n }).map((day) => `d${day}`),
    ),
  }),
  check: ({ at, name }) => {
    for (const window of ['minute', 'day', 'month'] as const) {
      const { counter, startsAt, endsAt } = spanOf(window, at);
      assert.ok(startsAt <= at && at < endsAt);
      assert.equal(spanOf(window, endsAt).startsAt, endsAt);
      assert.equal(isStale(counter, at), false);
      if (window === 'day')
        assert.equal(dayOf(counter), new Date(at * 1000).toISOString().slice(0, 10).slice(-10));
    }
    isStale(name, at);
    dayOf(name);
  },
});

const cedar = await loadCedar();
const words = [
  'permit',
  'forbid',
  '(',
  ')',
  ',',
  ';',
  'principal',
  'action',
  'resource',
  'when',
  'unless',
  '{',
  '}',
  '&&',
  '||',
  '!',
  '.',
  'has',
  'like',
  '"a*"',
  '==',
  'in',
  'Drawbridge::Role::"admin"',
  'context',
  'args',
  '@id("x")',
  '[',
  ']',
  '1',
  '-',
  'if',
  'then',
  'else',
  '//x\n',
  '"',
  '?principal',
  'é',
];

const policies = target({
  name: 'src/policy/compile-policies.ts',
  property:
    'any text is compiled, or refused with places in it; cuts are of the text; Cedar never traps',
  arbitrary: fc.oneof(
    fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((all) => all.join(' ')),
    fc
      .array(fc.constantFrom(...words), { maxLength: 8 })
      .map((all) => `permit(principal, action, resource) when { ${all.join(' ')} };`),
    textOf('permit(){};"\\/\n'),
  ),
  check: (text) => {
    const scan = scanPolicies(text);
    if (scan.kind === 'scanned') {
      for (const { start, text: part } of scan.segments) {
        assert.equal(text.slice(start, start + part.length), part);
        assert.ok(part.endsWith(';'));
      }
    }
    const result = compilePolicies(cedar, { text, origin: 'tenant', tenant: 'acme' });
    if (result.ok) return;
    assert.ok(result.problems.length > 0);
    const lines = text.split('\n').length;
    for (const { line, column } of result.problems)
      assert.ok(line >= 1 && line <= lines && column >= 1);
  },
});

export const policyTargets: readonly FuzzTarget[] = [windows, policies];

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { closedValues } from '../../src/policy/cedar-schema.ts';
import { defaultPolicies } from '../../src/policy/default-policies.ts';
import { argumentLimits } from '../../src/policy/cedar-arguments.ts';
import { textLimits } from '../../src/policy/policy-text.ts';
import { aCaller, aTool, deciderOf, forbidWhen, problemsOf } from './support/policies.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'content', 'policies.md'), 'utf8');
const blocks = [...page.matchAll(/^```cedar\n([^]*?)^```$/gmu)].map(([, code = '']) => code);
const [shipped = '', ...examples] = blocks;
const all = examples.join('\n');

describe('the page about policies', () => {
  it('shows the shipped policies', () => {
    expect(defaultPolicies.endsWith(`\n${shipped}`)).toBe(true);
  });

  test.each(examples)('example %#', (example) => {
    expect(problemsOf(example)).toEqual([]);
  });

  it('has examples that do what it says of them', () => {
    expect(problemsOf(all)).toEqual([]);
    const decider = deciderOf(all);
    const search = aTool('search', { readOnly: true });
    const issues = aTool('github_create', { server: 'github' });
    const office = aCaller({}, '198.51.100.7');
    const ids = (tool: typeof search, args: unknown, caller = aCaller()) => {
      const decision = decider.decide(caller, tool, args);
      return decision.kind === 'allow' ? 'allow' : decision.policyId;
    };
    expect(ids(aTool('drop', { destructive: true }), {})).toBe('policy:no-destroying');
    expect(ids(aTool('drop', { destructive: true }), {}, aCaller({ role: 'admin' }))).toBe('allow');
    expect(ids(search, { limit: 51 })).toBe('policy:small-pages');
    expect(ids(issues, { ticket: 'A-1' })).toBe('policy:from-the-office');
    expect(ids(issues, {}, office)).toBe('policy:with-a-ticket');
    expect(ids(issues, { ticket: 'A-1' }, office)).toBe('allow');
    const key = aCaller({ keyId: '7fK2mQ9x' });
    expect(ids(search, {}, key)).toBe('allow');
    expect(ids(aTool('status', { readOnly: true }), {}, key)).toBe('policy:ci-key');
    expect(ids(aTool('deploy_web'), {})).toBe('policy:deploy-by-jobs');
    expect(ids(aTool('deploy_web'), {}, aCaller({ lane: 'iam' }))).toBe('allow');
  });

  it('names every attribute that there is, and none besides', () => {
    const names = [...page.matchAll(/^\| `((?:principal|resource|context)\.\w+)`/gmu)].map(
      ([, name = '']) => name,
    );
    expect(names).toHaveLength(14);
    for (const name of names) {
      const guard = name === 'principal.keyId' ? 'principal has keyId && ' : '';
      const value = { source: 'ip("192.0.2.1")', role: '"user"', lane: '"key"' };
      const attribute = name.slice(name.indexOf('.') + 1);
      const isText = /^(?:tenant|subject|plan|keyId|name|server)$/u.test(attribute);
      const literal = Object.hasOwn(value, attribute)
        ? value[attribute as keyof typeof value]
        : isText
          ? '"x"'
          : 'true';
      expect([name, problemsOf(forbidWhen(`${guard}${name} == ${literal}`))]).toEqual([name, []]);
    }
    for (const name of Object.keys(closedValues)) expect(names).toContain(name);
  });

  it('tells the limits that hold', () => {
    const numbers = [
      ...[textLimits.characters, textLimits.policies, textLimits.nesting],
      ...Object.values(argumentLimits),
    ];
    for (const number of numbers) expect(page).toContain(number.toLocaleString('en-US'));
  });
});

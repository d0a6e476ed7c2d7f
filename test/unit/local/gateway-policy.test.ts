import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compilePolicy,
  matchesWildcard,
  policyDocument,
  type PolicyDecision,
} from '../../../local/gateway/policy-document.ts';

const ARN = 'arn:aws:execute-api:us-east-1:111122223333:api1/prod/POST/mcp';

const decide = (...Statement: object[]): PolicyDecision =>
  compilePolicy(policyDocument.parse({ Version: '2012-10-17', Statement }))(ARN);

const statement = (Effect: string, Resource: string | string[], Action: unknown = '*') => ({
  Effect,
  Resource,
  Action,
});

describe('a policy document', () => {
  test.each<[string, object[], PolicyDecision]>([
    ['nothing is allowed by default', [], 'implicit-deny'],
    ['the ARN itself', [statement('Allow', ARN)], 'allow'],
    ['a star across slashes', [statement('Allow', 'arn:aws:execute-api:*/mcp')], 'allow'],
    ['a question mark', [statement('Allow', ARN.replace('POST', 'P?ST'))], 'allow'],
    ['a list', [statement('Allow', ['x', ARN])], 'allow'],
    ['another action', [statement('Allow', ARN, 's3:GetObject')], 'implicit-deny'],
    ['the action in any case', [statement('Allow', ARN, ['EXECUTE-API:INVOKE'])], 'allow'],
    ['another stage', [statement('Allow', ARN.replace('prod', 'dev'))], 'implicit-deny'],
    ['a deny wins', [statement('Allow', '*'), statement('Deny', '*/POST/mcp')], 'explicit-deny'],
    ['a deny of something else', [statement('Deny', '*/GET/*'), statement('Allow', '*')], 'allow'],
  ])('%s', (_, statements, expected) => {
    expect(decide(...statements)).toBe(expected);
  });

  test('one statement need not be a list', () => {
    const document = policyDocument.parse({ Statement: statement('Allow', '*') });
    expect(compilePolicy(document)(ARN)).toBe('allow');
  });

  test.each(['Condition', 'NotAction', 'NotResource'])('%s is refused, not skipped', (key) => {
    const statements = [{ ...statement('Allow', '*'), [key]: {} }];
    expect(policyDocument.safeParse({ Statement: statements }).success).toBe(false);
  });
});

describe('wildcards', () => {
  const alphabet = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 8 });

  test('property: they match what the equivalent expression matches', () => {
    fc.assert(
      fc.property(pattern, alphabet, (wildcard, text) => {
        const source = wildcard.replaceAll('*', '.*').replaceAll('?', '.');
        expect(matchesWildcard(wildcard, text)).toBe(new RegExp(`^${source}$`, 's').test(text));
      }),
    );
  });

  test('many stars against a long text stay fast', () => {
    const startedAt = performance.now();
    expect(matchesWildcard('a*'.repeat(200) + 'b', 'a'.repeat(1600))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

import { describe, expect, it } from 'vitest';
import { defaultPolicies } from '../../src/policy/default-policies.ts';
import { CedarPolicyCompiler } from '../../src/policy/policy-compiler.ts';
import { testPolicies } from '../../src/policy/policy-test.ts';
import { aTool, cedar } from './support/policies.ts';

const search = aTool('search', { readOnly: true });
const writes = aTool('writes');
const text = `// small pages
@id("small-pages")
@message("limit must be at most 50")
forbid (principal, action, resource) when { context.args has limit && context.args.limit > 50 };`;
const common = { base: defaultPolicies, tenant: 'acme', tools: [search], args: {} };

describe('a test of policies', () => {
  it('tells the decision with the policies that made it', () => {
    expect(testPolicies(cedar, { ...common, text, caller: {}, args: { limit: 51 } })).toMatchObject(
      {
        ok: true,
        results: [
          {
            tool: search,
            listed: true,
            decision: {
              kind: 'deny-arguments',
              policyId: 'policy:small-pages',
              message: 'limit must be at most 50',
            },
            policies: [{ id: 'small-pages', effect: 'forbid', line: 2 }],
            errors: [],
          },
        ],
      },
    );
  });

  it('tells which policy permits, and what could not be evaluated', () => {
    const allowed = testPolicies(cedar, { ...common, caller: {} });
    expect(allowed).toMatchObject({
      results: [{ decision: { kind: 'allow' }, policies: [{ id: 'base/call-every-tool' }] }],
    });
    const failed = testPolicies(cedar, { ...common, text, caller: {}, args: { limit: '7' } });
    expect(failed).toMatchObject({
      results: [
        {
          decision: { kind: 'deny-arguments', policyId: 'policy:small-pages' },
          errors: [
            { policy: { id: 'small-pages' }, reason: expect.stringContaining('type') as string },
          ],
        },
      ],
    });
  });

  it('tries several tools as a caller of one role', () => {
    const result = testPolicies(cedar, {
      ...common,
      tools: [search, writes],
      caller: { role: 'readonly', lane: 'jwt', sourceIp: '2001:db8::1' },
    });
    expect(result.ok && result.results.map(({ listed, decision }) => [listed, decision])).toEqual([
      [true, { kind: 'allow' }],
      [false, { kind: 'deny', policyId: 'policy:none' }],
    ]);
  });

  it('tells what is wrong with the text', () => {
    expect(testPolicies(cedar, { ...common, text: 'permit (principal', caller: {} })).toEqual({
      ok: false,
      problems: [
        expect.objectContaining({
          line: 1,
          reason: expect.stringContaining('unexpected end of input') as string,
        }),
      ],
    });
  });

  it('takes no caller that cannot be', () => {
    expect(() => testPolicies(cedar, { ...common, caller: { sourceIp: 'here' } })).toThrow();
    expect(() => testPolicies(cedar, { ...common, tenant: 'A B', caller: {} })).toThrow();
  });
});

describe('the compiler for operators', () => {
  const compiler = new CedarPolicyCompiler({
    base: () => defaultPolicies,
    loadCedar: async () => cedar,
  });
  const question = {
    tenant: 'acme',
    text,
    role: 'user',
    subject: 'key:AAAAAAAA',
    lane: 'key',
    sourceIp: '192.0.2.7',
    tool: search,
    args: { limit: 51 },
  } as const;

  it('tells problems with the policy that has them', async () => {
    expect(await compiler.compile(text)).toEqual([]);
    expect(
      await compiler.compile(
        '@id("a")\nforbid (principal, action, resource) when { resource.nme == "x" };',
      ),
    ).toEqual([
      {
        line: 2,
        column: 45,
        reason: expect.stringMatching(/^policy a: attribute `nme`/u) as string,
      },
    ]);
    const other = 'forbid (principal in Drawbridge::Tenant::"globex", action, resource);';
    expect(await compiler.compile(other)).toEqual([]);
    expect(await compiler.compile(other, 'acme')).toHaveLength(1);
  });

  it('decides a question as the functions would', async () => {
    expect(await compiler.decide(question)).toMatchObject({ kind: 'deny-arguments' });
    expect(await compiler.decide({ ...question, args: { limit: 50 } })).toEqual({ kind: 'allow' });
    expect(await compiler.decide({ ...question, text: '' })).toEqual({ kind: 'allow' });
    await expect(compiler.decide({ ...question, text: 'permit' })).rejects.toThrow(
      'do not compile',
    );
  });
});

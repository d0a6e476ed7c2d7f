import { describe, expect, it } from 'vitest';
import { cedarDeciders, PoliciesInvalidError } from '../../src/policy/cedar-decider.ts';
import { defaultPolicies } from '../../src/policy/default-policies.ts';
import type { PolicyCaller, PolicyTool } from '../../src/policy/policy-decider.ts';
import { PreparedSets } from '../../src/policy/prepared-sets.ts';
import { aCaller, aTool, cedar, deciderOf, forbidWhen } from './support/policies.ts';

const reads = aTool('github_read', { server: 'github', readOnly: true });
const deletes = aTool('github_delete', { server: 'github', destructive: true });
const search = aTool('search', { readOnly: true });
const tools = [deletes, reads, search];

const listed = (text: string, caller: PolicyCaller = aCaller(), base?: string): readonly string[] =>
  [...deciderOf(text, base).listable(caller, tools)].map(({ name }) => name);

const kind = (text: string, caller: PolicyCaller, tool: PolicyTool = search, args: unknown = {}) =>
  deciderOf(text).decide(caller, tool, args).kind;

describe('lists', () => {
  it('a tool that some arguments would be allowed for is listed, and one that none would is not', () => {
    const all = ['github_delete', 'github_read', 'search'];
    expect(listed('')).toEqual(all);
    expect(listed(forbidWhen('resource.destructive'))).toEqual(['github_read', 'search']);
    expect(listed(forbidWhen('context.args has force && context.args.force'))).toEqual(all);
    expect(
      listed(forbidWhen('resource.destructive || context.args has force && context.args.force')),
    ).toEqual(['github_read', 'search']);
    expect(
      listed('forbid (principal, action, resource) unless { context.args has ticket };'),
    ).toEqual(all);
    expect(
      listed(
        'forbid (principal, action, resource) unless { context.args has ticket && resource.readOnly };',
      ),
    ).toEqual(['github_read', 'search']);
  });

  it.each([
    ['resource == Drawbridge::Tool::"github_delete"', ['github_read', 'search']],
    ['resource in Drawbridge::Server::"github"', ['search']],
    ['resource is Drawbridge::Tool in Drawbridge::Server::"github"', ['search']],
    ['resource is Drawbridge::Tool', []],
  ])('a forbid of %s', (scope, rest) => {
    expect(listed(`forbid (principal, action, ${scope});`)).toEqual(rest);
    expect(listed(forbidWhen(scope))).toEqual(rest);
  });

  it.each([
    ['resource.name like "github_*"', ['search']],
    ['resource.server == "github" && resource.readOnly', ['github_delete', 'search']],
    ['resource in [Drawbridge::Server::"github", Drawbridge::Server::"x"]', ['search']],
    ['[Drawbridge::Tool::"search"].contains(resource)', ['github_delete', 'github_read']],
    ['{it: resource}.it.name == "search"', ['github_delete', 'github_read']],
    [
      '(if principal.plan == "free" then resource else resource).destructive',
      ['github_read', 'search'],
    ],
  ])('a forbid when %s', (condition, rest) => {
    expect(listed(forbidWhen(condition))).toEqual(rest);
  });

  it('a permit is listed as far as some arguments reach', () => {
    const readonly = aCaller({ role: 'readonly' });
    const permit = (condition: string) =>
      `permit (principal, action, resource) when { ${condition} };`;
    expect(
      listed(permit('resource.destructive && context.args has dry && context.args.dry'), readonly),
    ).toEqual(['github_delete', 'github_read', 'search']);
    expect(
      listed(
        permit('resource.destructive && principal.plan == "gold" && context.args has dry'),
        readonly,
      ),
    ).toEqual(['github_read', 'search']);
  });

  it('a branch that arguments lead to may guard what would fail elsewhere', () => {
    const text = forbidWhen(
      'if context.args has a && principal has keyId then principal.keyId == "x" else context.args has b',
    );
    expect(listed(text, aCaller({ lane: 'jwt' }))).toHaveLength(3);
    expect(kind(text, aCaller({ lane: 'jwt' }), search, { a: 1 })).toBe('allow');
  });

  it('says the same as decisions, for policies without arguments', () => {
    const conditions = [
      'resource.readOnly && principal.role == "user"',
      'resource.server == "github" && principal.lane == "jwt"',
      'principal.plan == "free" && resource.name like "*delete"',
      'context.source.isIpv6() && resource.openWorld',
      'resource == Drawbridge::Tool::"search" && principal in Drawbridge::Role::"readonly"',
    ];
    const callers = (['admin', 'user', 'readonly'] as const).flatMap((role) =>
      (['key', 'jwt'] as const).flatMap((lane) =>
        ['192.0.2.7', '2001:db8::1'].map((ip) => aCaller({ role, lane }, ip)),
      ),
    );
    const decider = deciderOf(conditions.map(forbidWhen).join('\n'));
    for (const caller of callers) {
      const list = decider.listable(caller, tools);
      for (const tool of tools) {
        const { kind: decided } = decider.decide(caller, tool, {});
        expect(decided).toBe(list.has(tool) ? 'allow' : 'deny');
      }
    }
  });
});

describe('denials', () => {
  const text = `
    @id("no-deleting") @message("ask the owner") ${forbidWhen('resource.destructive')}
    @id("short") ${forbidWhen('context.args has q && context.args.q == "x"')}
    @id("shorter") @message("q must not be x") ${forbidWhen('context.args has q && context.args.q == "x"')}`;

  it('a tool that is not listed is denied without the message', () => {
    expect(deciderOf(text).decide(aCaller(), deletes, {})).toEqual({
      kind: 'deny',
      policyId: 'policy:no-deleting',
    });
  });

  it('of several forbids the first one with a message is named', () => {
    expect(deciderOf(text).decide(aCaller(), search, { q: 'x' })).toEqual({
      kind: 'deny-arguments',
      policyId: 'policy:shorter',
      message: 'q must not be x',
    });
  });

  it('when nothing permits, no policy is named', () => {
    expect(deciderOf('').decide(aCaller({ role: 'readonly' }), deletes, {})).toEqual({
      kind: 'deny',
      policyId: 'policy:none',
    });
  });

  it('a policy of the deployment is told apart from one of the tenant that has its id', () => {
    const forbid =
      '@id("same") forbid (principal, action, resource == Drawbridge::Tool::"search");';
    expect(deciderOf('', `${defaultPolicies}${forbid}`).decide(aCaller(), search, {})).toEqual({
      kind: 'deny',
      policyId: 'policy:base/same',
    });
    expect(deciderOf(forbid).decide(aCaller(), search, {})).toEqual({
      kind: 'deny',
      policyId: 'policy:same',
    });
  });

  it('a forbid of the deployment holds whatever a tenant permits, and a permit of a tenant counts', () => {
    const base = `${defaultPolicies}${forbidWhen('resource.destructive')}`;
    const permitAll = 'permit (principal, action, resource);';
    const readonly = aCaller({ role: 'readonly' });
    const writes = aTool('writes');
    const decider = cedarDeciders(cedar)(base, { tenant: 'acme', text: permitAll });
    expect(decider.decide(readonly, writes, {}).kind).toBe('allow');
    expect(decider.decide(readonly, deletes, {}).kind).toBe('deny');
  });

  it('an argument may have one type in policies of the deployment, and another in those of a tenant', () => {
    const base = `${defaultPolicies}${forbidWhen('context.args has a && context.args.a > 5')}`;
    const own = `forbid (principal, action, resource in Drawbridge::Server::"github") when { context.args has a && context.args.a == "x" };`;
    const decider = cedarDeciders(cedar)(base, { tenant: 'acme', text: own });
    expect(decider.decide(aCaller(), search, { a: 5 }).kind).toBe('allow');
    expect(decider.decide(aCaller(), search, { a: 6 }).kind).toBe('deny-arguments');
  });

  it('a text that does not compile decides nothing', () => {
    expect(() => deciderOf('permit (principal')).toThrow(PoliciesInvalidError);
    expect(() => deciderOf('', 'permit (principal')).toThrow(PoliciesInvalidError);
  });
});

describe('who calls', () => {
  const inside =
    'forbid (principal, action, resource) unless { context.source.isInRange(ip("10.0.0.0/8")) || context.source.isInRange(ip("2001:db8::/32")) };';

  it.each([
    ['10.1.2.3', 'allow'],
    ['11.0.0.1', 'deny'],
    ['2001:db8:7::1', 'allow'],
    ['2001:db9::1', 'deny'],
    ['::1', 'deny'],
  ])('from %s: %s', (ip, decided) => {
    expect(kind(inside, aCaller({}, ip))).toBe(decided);
    expect(listed(inside, aCaller({}, ip))).toHaveLength(decided === 'allow' ? 3 : 0);
  });

  it('what is no address is not let through', () => {
    const caller = aCaller({}, 'nowhere');
    expect(() => kind(inside, caller)).toThrow('Cedar could not read a request');
    expect(listed(inside, caller)).toEqual([]);
  });

  it('by lane, of the context and of the caller', () => {
    for (const name of ['context', 'principal']) {
      const text = forbidWhen(`${name}.lane != "iam"`);
      expect(kind(text, aCaller({ lane: 'iam' }))).toBe('allow');
      expect(kind(text, aCaller({ lane: 'key' }))).toBe('deny');
      expect(kind(text, aCaller({ lane: 'jwt' }))).toBe('deny');
    }
  });

  it('by key, plan, subject, tenant and the caller itself', () => {
    const caller = aCaller({ keyId: 'AAAAAAAA' });
    for (const condition of [
      'principal has keyId && principal.keyId == "AAAAAAAA"',
      'principal.plan == "free"',
      'principal.subject == "key:AAAAAAAA"',
      'principal.tenant == "acme"',
      'principal in Drawbridge::Tenant::"acme"',
      'principal == Drawbridge::Caller::"acme/key:AAAAAAAA"',
    ]) {
      expect([condition, kind(forbidWhen(condition), caller)]).toEqual([condition, 'deny']);
      const other = aCaller({ tenant: 'globex', subject: 'key:BBBBBBBB', plan: 'gold' });
      expect([condition, kind(forbidWhen(condition), other)]).toEqual([condition, 'allow']);
    }
  });
});

describe('kept lists', () => {
  it('are of one caller: another one gets its own', () => {
    const decider = deciderOf(
      forbidWhen(
        'principal.subject == "key:BBBBBBBB" || principal.role == "admin" && resource.destructive',
      ),
    );
    const names = (caller: PolicyCaller) =>
      [...decider.listable(caller, tools)].map(({ name }) => name);
    const [first, second, admin] = [
      aCaller(),
      aCaller({ subject: 'key:BBBBBBBB' }),
      aCaller({ role: 'admin' }),
    ];
    for (let round = 0; round < 2; round += 1) {
      expect(names(first)).toHaveLength(3);
      expect(names(second)).toEqual([]);
      expect(names(admin)).toEqual(['github_read', 'search']);
    }
  });

  it('are of one address where policies look at it, and are kept across addresses where none does', () => {
    const byAddress = deciderOf(forbidWhen('context.source.isInRange(ip("10.0.0.0/8"))'));
    expect(byAddress.listable(aCaller({}, '192.0.2.7'), tools).size).toBe(3);
    expect(byAddress.listable(aCaller({}, '10.0.0.1'), tools).size).toBe(0);
    const byRole = deciderOf(forbidWhen('principal.role == "admin"'));
    const list = byRole.listable(aCaller({}, '192.0.2.7'), tools);
    expect(byRole.listable(aCaller({}, '10.0.0.1'), tools)).toBe(list);
    expect(byRole.listable(aCaller(), [...tools])).not.toBe(list);
  });

  it('are bounded', () => {
    const decider = deciderOf('');
    const first = decider.listable(aCaller({ subject: 'key:first' }), tools);
    expect(decider.listable(aCaller({ subject: 'key:first' }), tools)).toBe(first);
    for (let at = 0; at < 50; at += 1) decider.listable(aCaller({ subject: `key:${at}` }), tools);
    expect(decider.listable(aCaller({ subject: 'key:first' }), tools)).not.toBe(first);
  });
});

describe('names that Cedar keeps policies under', () => {
  const permit = (name: string) => {
    const answer = cedar.policyToJson(
      `permit (principal, action, resource == Drawbridge::Tool::"${name}");`,
    );
    if (answer.type === 'failure') throw new Error('not a policy');
    return { only: answer.json };
  };

  it('go to other policies, and come back', () => {
    const prepared = new PreparedSets(cedar, 2);
    const groups = ['a', 'b', 'c'].map(permit);
    const allows = (group: (typeof groups)[number], tool: string): boolean => {
      const answer = cedar.statefulIsAuthorized({
        principal: { type: 'Drawbridge::Caller', id: 'x' },
        action: { type: 'Drawbridge::Action', id: 'call' },
        resource: { type: 'Drawbridge::Tool', id: tool },
        context: {},
        preparsedPolicySetId: prepared.nameOf(group),
        entities: [],
      });
      return answer.type === 'success' && answer.response.decision === 'allow';
    };
    for (let round = 0; round < 3; round += 1) {
      for (const [at, group] of groups.entries()) {
        for (const tool of ['a', 'b', 'c']) expect(allows(group, tool)).toBe(tool === 'abc'[at]);
      }
    }
    expect(new Set(groups.map((group) => prepared.nameOf(group)))).toEqual(
      new Set(['group0', 'group1']),
    );
  });
});

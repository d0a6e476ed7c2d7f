import { describe, expect, it } from 'vitest';
import { compilePolicies } from '../../src/policy/compile-policies.ts';
import { cedar, forbidWhen, problemsOf } from './support/policies.ts';

const condition = (text: string): readonly string[] => problemsOf(forbidWhen(text));

describe('what is wrong with a text', () => {
  it('a syntax error is told with line, column and what was expected', () => {
    const [problem] = problemsOf('permit (principal, action, resource)\n  when { 1 + };');
    expect(problem).toMatch(/^2:14: unexpected token `\}`; expected `!`, /u);
  });

  it.each(['\ud800', '\udc00', `permit (principal, action, resource); // \ud800`])(
    'half of a character is told with its place: %j',
    (text) => {
      const column = text.search(/\p{Surrogate}/u) + 1;
      expect(problemsOf(text)).toEqual([`1:${column}: the text has half of a character in it`]);
    },
  );

  it('columns count characters, whatever stands before', () => {
    expect(
      problemsOf('// für 😀\nforbid (principal, action, resource) when { "ü😀" == resource.nam };'),
    ).toEqual([
      '2:53 policy policy0: attribute `nam` on entity type `Drawbridge::Tool` not found; did you mean `name`?',
    ]);
  });

  it.each([
    [
      'an attribute',
      forbidWhen('resource.readonly'),
      /^1:45 policy policy0: attribute `readonly` .* did you mean `readOnly`/u,
    ],
    [
      'an action',
      'forbid (principal, action == Drawbridge::Action::"cal", resource);',
      /^1:30 policy policy0: unrecognized action/u,
    ],
    [
      'an entity type',
      'forbid (principal in Drawbridge::Rol::"user", action, resource);',
      /^1:22 policy policy0: unrecognized entity type `Drawbridge::Rol`/u,
    ],
    [
      'a role',
      '\n@id("mine")\nforbid (principal in Drawbridge::Role::"raedonly", action, resource);',
      /^3:22 policy mine: .*"raedonly".*"admin", "user", "readonly"/u,
    ],
    [
      'a role in a condition',
      forbidWhen('principal in [Drawbridge::Role::"users"]'),
      /^1:59 policy policy0: .*"users"/u,
    ],
    [
      'a role as a string',
      forbidWhen('principal.role == "raedonly"'),
      /^1:63 policy policy0: principal.role is never "raedonly": it is admin, user, readonly/u,
    ],
    [
      'a lane',
      forbidWhen('["key", "oauth"].contains(context.lane)'),
      /^1:53 policy policy0: context.lane is never "oauth": it is key, jwt, iam/u,
    ],
    [
      'a tenant that cannot be',
      'forbid (principal in Drawbridge::Tenant::"Acme!", action, resource);',
      /^1:40 policy policy0: no tenant can be "Acme!"/u,
    ],
    [
      'a caller without a tenant',
      'forbid (principal == Drawbridge::Caller::"key:AAAAAAAA", action, resource);',
      /^1:40 policy policy0: a caller is "<tenant>\/<subject>"/u,
    ],
    [
      'an annotation',
      '@mesage("x")\nforbid (principal, action, resource);',
      /^1:1 policy policy0: unknown annotation @mesage/u,
    ],
    [
      'a network',
      forbidWhen('context.source.isInRange(ip("10.0.0.0/64"))'),
      /failed to parse as IP address/u,
    ],
    [
      'a name of a type',
      forbidWhen('context.lane == 7'),
      /^1:45 policy policy0: the types Long and String are not compatible/u,
    ],
  ])('a typo in %s is told', (_, text, problem) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it.each(['9007199254740992', '9223372036854775807', '-9007199254740993'])(
    'the number %s, which JSON would change, is refused',
    (number) => {
      expect(condition(`context.args has a && context.args.a < ${number}`)).toEqual([
        '1:1 policy policy0: numbers are at most 9007199254740991, and at least its negative',
      ]);
    },
  );

  it('a policy that can never apply is refused', () => {
    expect(condition('false')).toEqual([
      '1:1 policy policy0: policy is impossible: the policy expression evaluates to false for all valid requests',
    ]);
  });

  it('another tenant cannot be named in the policies of one', () => {
    const text = 'forbid (principal in Drawbridge::Tenant::"globex", action, resource);';
    expect(problemsOf(text, 'acme')).toEqual([
      '1:40 policy policy0: these policies are of tenant acme only, and never see "globex"',
    ]);
    expect(problemsOf(text.replace('globex', 'acme'), 'acme')).toEqual([]);
    expect(
      problemsOf(
        'forbid (principal == Drawbridge::Caller::"globex/key:A", action, resource);',
        'acme',
      ),
    ).toHaveLength(1);
  });

  it('two policies of one id are refused, given or numbered', () => {
    const permit = 'permit (principal, action, resource);';
    expect(problemsOf(`@id("a") ${permit}\n@id("a") ${permit}`)).toEqual([
      '2:1 policy a: there are two policies a',
    ]);
    expect(problemsOf(`${permit}\n@id("policy0") ${permit}`)).toEqual([
      '2:1 policy policy0: there are two policies policy0',
    ]);
  });

  it.each(['none', 'arguments', 'a b', 'base/x', '', 'x'.repeat(65)])(
    'the id %j is refused',
    (id) => {
      expect(
        problemsOf(`@id(${JSON.stringify(id)}) permit (principal, action, resource);`),
      ).toHaveLength(1);
    },
  );

  it.each([
    ['a line break', '"a\\nb"'],
    ['an escape of a terminal', '"\\u{1b}[31m"'],
    ['a turn of direction', '"\\u{202e}x"'],
    ['201 characters', JSON.stringify('x'.repeat(201))],
    ['nothing', '""'],
  ])('a message of %s is refused', (_, message) => {
    expect(problemsOf(`@message(${message}) forbid (principal, action, resource);`)).toEqual([
      expect.stringContaining('a @message is 1 to 200 printable characters'),
    ]);
  });

  it('templates are refused', () => {
    expect(problemsOf('permit (principal == ?principal, action, resource);')[0]).toMatch(
      /^1:22: expected a static policy, got a template/u,
    );
  });

  it('everything that is wrong is told, in the order of the text', () => {
    const text = `${forbidWhen('resource.nme == "x"')}\n${forbidWhen('context.args.a > 1')}\n${forbidWhen('principal.paln == "x"')}`;
    expect(problemsOf(text).map((problem) => problem.slice(0, 2))).toEqual(['1:', '2:', '3:']);
  });

  it('ids are those given, or numbers by the order of the text', () => {
    const permit = 'permit (principal, action, resource);';
    const text = [...Array(12).keys()]
      .map((at) => (at === 5 ? `@id("five") ${permit}` : permit))
      .join('\n');
    const result = compilePolicies(cedar, { text, origin: 'tenant' });
    expect(result.ok && result.compiled.policies.map(({ id, line }) => [id, line])).toEqual(
      [...Array(12).keys()].map((at) => [at === 5 ? 'five' : `policy${at}`, at + 1]),
    );
  });

  it('an empty text, and one of comments, are policies that say nothing', () => {
    expect(problemsOf('')).toEqual([]);
    expect(problemsOf('// nothing; yet\n')).toEqual([]);
  });
});

describe('arguments in policies', () => {
  it('whether one is there must be asked first', () => {
    expect(condition('context.args.limit > 50')).toEqual([
      expect.stringMatching(
        /^1:45 policy policy0: unable to guarantee safety of access to optional attribute `args.limit`.*`context.args has limit/u,
      ),
    ]);
  });

  it('a name that is used as two types is refused, and both uses are named', () => {
    expect(
      problemsOf(
        `${forbidWhen('context.args has a && context.args.a > 50')}\n@id("other")\n${forbidWhen('context.args has a && context.args.a like "x*"')}`,
      ),
    ).toEqual([
      '2:1 policy other: context.args.a is used as Long in policy policy0 (line 1), and as String in policy other (line 2)',
    ]);
  });

  it.each([
    [
      'as a whole',
      'context.args == {a: 1}',
      /context.args cannot be used as a whole: use context.args.<name>/u,
    ],
    ['as something that is there', 'context has args', /context.args cannot be used as a whole/u],
    [
      'behind an if',
      '(if resource.readOnly then context.args else context.args) has a',
      /cannot be used as a whole/u,
    ],
    ['within the context', '{a: context}.a.lane == "key"', /context cannot be used as a whole/u],
    [
      'as an entity',
      'context.args has a && context.args.a in principal',
      /context.args.a is used as entity/u,
    ],
    [
      'compared with each other only',
      'context.args has a && context.args has b && context.args.a == context.args.b',
      /cannot tell the type of context.args.a/u,
    ],
    [
      'as a record and a number',
      'context.args has a.b && context.args.a > 1 && context.args.a.b > 1',
      /context.args.a is used as Record .* and as Long/u,
    ],
    [
      'by a name of Cedar',
      'context.args has __extn && context.args.__extn == "x"',
      /context.args.__extn cannot be used: it begins with __/u,
    ],
    ['too deep', 'context.args has a.b.c.d.e.f.g.h.i', /is more than 8 deep/u],
  ])('they cannot be used %s', (_, text, problem) => {
    const problems = condition(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatch(problem);
  });

  it.each([
    'context.args has a && context.args.a > 1 && context.args.a + 1 < 9',
    'context.args has a && context.args.a == "x"',
    'context.args has a && ["x", "y"].contains(context.args.a)',
    'context.args has a && context.args.a',
    'context.args has a && context.args.a.contains("x")',
    'context.args has a && context.args.a.containsAny([1, 2])',
    'context.args has a && context.args.a.greaterThan(decimal("1.5"))',
    'context.args has a.b && context.args.a.b == principal.subject',
    'context.args has "a b" && context.args["a b"] like "x*"',
    'context.args has constructor && context.args.constructor == 1',
    'context.args has a && context.args has b && context.args.a == context.args.b && context.args.a > 1',
    'context.args has a',
    'if context.args has a then context.args.a == 1 else false',
  ])('%s', (text) => {
    expect(condition(text)).toEqual([]);
  });
});

describe('what Cedar could not survive', () => {
  const deep = (open: string, inner: string, close: string, times: number): string =>
    forbidWhen(`${open.repeat(times)}${inner}${close.repeat(times)}`);

  it.each([
    ['brackets', deep('(', 'true', ')', 5_000)],
    ['sets', deep('[', '1', ']', 5_000)],
    ['conditionals', deep('if true then true else ', 'true', '', 400)],
    ['attributes', forbidWhen(`context${'.a'.repeat(9_000)} == 1`)],
    ['sums', forbidWhen(`${'1 + '.repeat(9_000)}1 == 1`)],
    ['conjunctions', forbidWhen(`${'principal.plan == "x" && '.repeat(90)}true`)],
    [
      'brackets behind a comment that ends with a carriage return',
      `// "\r${deep('(', 'true', ')', 5_000)}`,
    ],
    ['characters', `//${'x'.repeat(100_000)}`],
    ['policies', 'permit (principal, action, resource);'.repeat(1_001)],
  ])('too many %s are refused before it reads them, and it goes on', (_, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0);
    expect(problemsOf(forbidWhen('resource.destructive'))).toEqual([]);
  });

  it('what stands in strings and comments counts for nothing', () => {
    const brackets = '('.repeat(100);
    expect(
      problemsOf(`// ${brackets}\n${forbidWhen(`resource.name == "${brackets};\\"${brackets}"`)}`),
    ).toEqual([]);
  });

  it('forty terms are fine', () => {
    const terms = [...Array(40).keys()].map(
      (at) => `(context.args has a && context.args.a == "${at}")`,
    );
    expect(condition(terms.join(' || '))).toEqual([]);
  });
});

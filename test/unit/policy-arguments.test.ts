import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argumentLimits } from '../../src/policy/cedar-arguments.ts';
import { aCaller, aTool, deciderOf, forbidWhen } from './support/policies.ts';

const tool = aTool('search');
const caller = aCaller();

const kindOf = (text: string, args: unknown): string =>
  deciderOf(text).decide(caller, tool, args).kind;

const limited = `
@id("small-pages")
@message("limit must be at most 50")
${forbidWhen('context.args has limit && !(context.args.limit <= 50)')}`;

describe('a limit of 50', () => {
  const decider = deciderOf(limited);

  it.each([
    ['50', { limit: 50 }],
    ['0', { limit: 0 }],
    ['-0', { limit: -0 }],
    ['negative', { limit: -7 }],
    ['not given', {}],
    ['null, which is not given', { limit: null }],
    ['not given, beside others', { query: 'x', nested: { limit: 99 } }],
    ['no arguments', undefined],
    ['arguments that are no object: a tool is sent none', [51]],
    ['inherited only', Object.create({ limit: 99 })],
  ])('%s is allowed', (_, args) => {
    expect(decider.decide(caller, tool, args)).toEqual({ kind: 'allow' });
  });

  it.each([
    ['51', { limit: 51 }],
    ['9007199254740991', { limit: Number.MAX_SAFE_INTEGER }],
    ['more than is exact', { limit: 9_007_199_254_740_992 }],
    ['50.5', { limit: 50.5 }],
    ['1e30', { limit: 1e30 }],
    ['text', { limit: '50' }],
    ['true', { limit: true }],
    ['a list', { limit: [50] }],
    ['an object', { limit: { limit: 50 } }],
    [
      "Cedar's escape of an entity",
      { limit: { __entity: { type: 'Drawbridge::Role', id: 'admin' } } },
    ],
    ["Cedar's escape of a decimal", { limit: { __extn: { fn: 'decimal', arg: '1.0' } } }],
    ["Cedar's escape of an expression", { limit: { __expr: '50' } }],
  ])('%s is denied, with the message', (_, args) => {
    expect(decider.decide(caller, tool, args)).toEqual({
      kind: 'deny-arguments',
      policyId: 'policy:small-pages',
      message: 'limit must be at most 50',
    });
  });

  it('the tool is listed', () => {
    expect(decider.listable(caller, [tool]).has(tool)).toBe(true);
  });

  it('nothing that a caller can send gets past it', () => {
    const sent = fc.record({ limit: fc.anything() }, { requiredKeys: [] });
    fc.assert(
      fc.property(sent, (args) => {
        const { limit } = args;
        const fine =
          limit === undefined ||
          limit === null ||
          (Number.isSafeInteger(limit) && (limit as number) <= 50);
        expect(decider.decide(caller, tool, args).kind).toBe(fine ? 'allow' : 'deny-arguments');
      }),
      { numRuns: 300 },
    );
  });
});

describe('a text that is forbidden', () => {
  const text = forbidWhen('context.args has mode && context.args.mode == "delete"');

  it.each([
    ['another text', { mode: 'read' }, 'allow'],
    ['the text', { mode: 'delete' }, 'deny-arguments'],
    // Cedar's own == would be false, and the call allowed: some upstreams take a list of one for its element.
    ['the text in a list', { mode: ['delete'] }, 'deny-arguments'],
    ['the text in an object', { mode: { 0: 'delete' } }, 'deny-arguments'],
    ['a number', { mode: 7 }, 'deny-arguments'],
    ['a boolean', { mode: false }, 'deny-arguments'],
  ])('%s', (_, args, kind) => {
    expect(kindOf(text, args)).toBe(kind);
  });

  it('!= and contains look at the type too', () => {
    const only = forbidWhen('context.args has mode && context.args.mode != "read"');
    const listed = forbidWhen('context.args has mode && ["delete"].contains(context.args.mode)');
    expect(kindOf(only, { mode: 'read' })).toBe('allow');
    for (const one of [only, listed]) {
      expect(kindOf(one, { mode: 'delete' })).toBe('deny-arguments');
      expect(kindOf(one, { mode: ['delete'] })).toBe('deny-arguments');
    }
    expect(kindOf(listed, { mode: 'read' })).toBe('allow');
  });

  it('a boolean is no number and no text', () => {
    const force = forbidWhen('context.args has force && context.args.force == true');
    expect(kindOf(force, { force: false })).toBe('allow');
    for (const value of [true, 'true', 1, [true]]) {
      expect(kindOf(force, { force: value })).toBe('deny-arguments');
    }
  });
});

describe('numbers with a point', () => {
  const text = forbidWhen(
    'context.args has price && context.args.price.greaterThan(decimal("10.5"))',
  );

  it.each([
    [10.5, 'allow'],
    [10, 'allow'],
    [-3.25, 'allow'],
    [10.5001, 'deny-arguments'],
    [11, 'deny-arguments'],
    // More digits than a decimal has: nobody knows on which side it is.
    [10.00001, 'deny-arguments'],
    [1e-7, 'deny-arguments'],
    [-1e30, 'deny-arguments'],
    ['1.0', 'deny-arguments'],
    [{ __extn: { fn: 'decimal', arg: '1.0' } }, 'deny-arguments'],
  ])('%j: %s', (price, kind) => {
    expect(kindOf(text, { price })).toBe(kind);
  });
});

describe('lists and members', () => {
  const tags = forbidWhen('context.args has tags && context.args.tags.contains("secret")');
  const owner = forbidWhen('context.args has filter.owner && context.args.filter.owner == "root"');

  it.each([
    [{ tags: [] }, 'allow'],
    [{ tags: ['open'] }, 'allow'],
    [{ tags: ['open', 'secret'] }, 'deny-arguments'],
    [{ tags: ['open', 7] }, 'deny-arguments'],
    [{ tags: [['secret']] }, 'deny-arguments'],
    [{ tags: ['open', null] }, 'deny-arguments'],
    [{ tags: 'secret' }, 'deny-arguments'],
    [{ tags: { 0: 'secret' } }, 'deny-arguments'],
  ])('of %j: %s', (args, kind) => {
    expect(kindOf(tags, args)).toBe(kind);
  });

  it.each([
    [{ filter: {} }, 'allow'],
    [{ filter: null }, 'allow'],
    [{ filter: { owner: null } }, 'allow'],
    [{ filter: { owner: 'me', other: { __extn: 'x' } } }, 'allow'],
    [{ filter: { owner: 'root' } }, 'deny-arguments'],
    [{ filter: 'root' }, 'deny-arguments'],
    [{ filter: [{ owner: 'root' }] }, 'deny-arguments'],
    [{ filter: { __entity: { type: 'Drawbridge::Role', id: 'admin' } } }, 'allow'],
  ])('of %j: %s', (args, kind) => {
    expect(kindOf(owner, args)).toBe(kind);
  });

  it('names of every object are no arguments', () => {
    const text = forbidWhen('context.args has constructor || context.args has toString');
    expect(kindOf(text, {})).toBe('allow');
    expect(kindOf(text, { constructor: 1 })).toBe('deny-arguments');
    expect(kindOf(text, JSON.parse('{"__proto__": {"toString": 1}}'))).toBe('allow');
  });

  it('one that is only asked for may be of any type', () => {
    const text = 'forbid (principal, action, resource) unless { context.args has ticket };';
    for (const ticket of ['x', 7, false, {}, [], { __expr: 'x' }]) {
      expect(kindOf(text, { ticket })).toBe('allow');
    }
    expect(kindOf(text, {})).toBe('deny-arguments');
    expect(kindOf(text, { ticket: null })).toBe('deny-arguments');
  });
});

describe('evaluation that fails', () => {
  it('a forbid denies', () => {
    const text = forbidWhen('context.args has n && context.args.n * 9007199254740991 > 1');
    expect(kindOf(text, { n: -1_000 })).toBe('allow');
    // Too large for 64 bits: Cedar cannot tell whether it is more than 1.
    expect(deciderOf(text).explain(caller, tool, { n: -9_000 }).errors).toHaveLength(1);
    expect(kindOf(text, { n: -9_000 })).toBe('deny-arguments');
    expect(kindOf(text, { n: 'x' })).toBe('deny-arguments');
  });

  it('a permit denies too, although another one permits', () => {
    const text = `@id("wide") permit (principal, action, resource) when { context.args has n && context.args.n < 5 };`;
    expect(kindOf(text, { n: 9 })).toBe('allow');
    expect(deciderOf(text).decide(caller, tool, { n: 'x' })).toEqual({
      kind: 'deny-arguments',
      policyId: 'policy:wide',
    });
  });

  it('a policy of another tool does not look, and does not fail', () => {
    const text = `forbid (principal, action, resource == Drawbridge::Tool::"other") when { context.args has limit && context.args.limit > 50 };`;
    expect(kindOf(text, { limit: 'all' })).toBe('allow');
  });
});

describe('arguments that are large', () => {
  const text = forbidWhen(
    'context.args has q && (context.args.q like "*drop*" || context.args has tags && context.args.tags.contains("x"))',
  );
  const tooLarge = { kind: 'deny-arguments', policyId: 'policy:arguments' };

  it('more than policies are given is denied', () => {
    const decider = deciderOf(text);
    const q = 'x'.repeat(argumentLimits.characters);
    expect(decider.decide(caller, tool, { q }).kind).toBe('allow');
    expect(decider.decide(caller, tool, { q: `${q}x` })).toEqual(tooLarge);
    const tags = Array<string>(argumentLimits.elements + 1).fill('y');
    expect(decider.decide(caller, tool, { q: '', tags })).toEqual(tooLarge);
  });

  it('what no policy looks at may be as large as it likes', () => {
    let deep: unknown = 'x'.repeat(1_000_000);
    for (let level = 0; level < 5_000; level += 1) deep = [deep];
    expect(kindOf(text, { q: '', deep })).toBe('allow');
    expect(kindOf(text, { q: deep })).toBe('deny-arguments');
  });
});

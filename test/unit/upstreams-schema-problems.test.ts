import { describe, expect, it } from 'vitest';
import { createSchemaCheck } from '../../src/upstreams/schema-problems.ts';

const check = (schema: Record<string, unknown>, value: unknown) =>
  createSchemaCheck(schema, 'arguments').problemsOf(value);

describe('a schema check', () => {
  it('finds nothing wrong with what is right', () => {
    expect(check({ type: 'object', properties: { a: { type: 'integer' } } }, { a: 1 })).toEqual([]);
  });

  it.each<[Record<string, unknown>, unknown, string]>([
    [{ type: ['string', 'null'] }, 1, 'a: must be string or null'],
    [{ const: 3 }, 1, 'a: must be 3'],
    [{ minimum: 3 }, 1, 'a: is less than 3'],
    [{ type: 'array', minItems: 2 }, [], 'a: has too few items (0 < 2)'],
    [{ pattern: '^b' }, 'canary', 'a: does not match pattern'],
    [{ format: 'date-time' }, 'canary', 'a: does not match format "date-time"'],
    [
      { anyOf: [{ type: 'string' }, { type: 'number' }] },
      true,
      'a: has none of the forms that it may have',
    ],
    [
      { type: 'array', items: { type: 'object', required: ['b'] } },
      [{ b: 1 }, {}],
      'a.1: b is required',
    ],
    [{ additionalProperties: false }, { canary: 1 }, 'a: has a property that is not known'],
    [{ $ref: '#/$defs/node' }, { next: { next: 3 } }, 'a.next.next: must be object'],
  ])('of %j says what is wrong with %j', (schema, value, problem) => {
    const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' } } };
    const root = { type: 'object', properties: { a: schema }, $defs: { node } };
    expect(check(root, { a: value })).toEqual([problem]);
  });

  it('tells ten problems at most', () => {
    const names = Array.from({ length: 30 }, (_, n) => `p${n}`);
    expect(check({ type: 'object', required: names }, {})).toHaveLength(10);
  });

  it('refuses what cannot be checked: a schema that turns in circles', () => {
    const loop = { allOf: [{ $ref: '#/$defs/loop' }] };
    expect(check({ $ref: '#/$defs/loop', $defs: { loop } }, {})).toEqual([
      'arguments: could not be checked',
    ]);
  });

  it('does not take inherited properties for those of the value', () => {
    const schema = {
      type: 'object',
      properties: {},
      required: ['toString'],
      additionalProperties: false,
    };
    expect(check(schema, {})).toEqual(['arguments: toString is required']);
    expect(check({ ...schema, required: [] }, JSON.parse('{"__proto__":{"a":1}}'))).toEqual([
      'arguments: there are none',
    ]);
  });
});

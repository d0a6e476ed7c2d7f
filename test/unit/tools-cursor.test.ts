import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/tools/cursor.ts';
import { ToolError } from '../../src/tools/tool.ts';

const foreign =
  'This cursor does not belong to this search. Send the query again without a cursor.';

describe('a cursor', () => {
  it('leads back to its place in its own search', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.string(), (offset, scope) => {
        expect(decodeCursor(encodeCursor(offset, scope), scope)).toBe(offset);
      }),
    );
  });

  it('says nothing of the search and needs no escaping', () => {
    const cursor = encodeCursor(10, 'canary query');
    expect(cursor).toMatch(/^[\w-]{20,60}$/);
    expect(Buffer.from(cursor, 'base64url').toString()).not.toContain('canary');
  });

  it('fits no other search', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        fc.pre(one !== other);
        expect(() => decodeCursor(encodeCursor(10, one), other)).toThrow(new ToolError(foreign));
      }),
    );
  });

  const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const mark = (
    JSON.parse(Buffer.from(encodeCursor(0, 's'), 'base64url').toString()) as string[]
  )[1];

  it.each([
    ['nothing', ''],
    ['text', 'canary'],
    ['JSON that is none', forged({ offset: 1 })],
    ['a negative place', forged([-1, mark])],
    ['a place between two', forged([1.5, mark])],
    ['a place too far', forged([1_000_001, mark])],
    ['more than a cursor', forged([1, mark, 2])],
    ['no mark', forged([1])],
  ])('that is %s is refused with what to do', (_, cursor) => {
    expect(() => decodeCursor(cursor, 's')).toThrow(new ToolError(foreign));
  });
});

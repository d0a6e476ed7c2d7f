import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalGreaterThan } from '../../lib/decimal-greater-than.ts';

describe('decimalGreaterThan', () => {
  it.each([
    [1_000_000, '1000000', false],
    [1_000_000, '1000001', true],
    [1_000_000, '999999', false],
    [1_000_000, '9999999', true],
    [1_000_000, '10000000', true],
    [1_000_000, '0', false],
    [1_000_000, '000001000001', true],
    [1_000_000, '000000999999', false],
    [9, '9', false],
    [9, '10', true],
    [99, '100', true],
    [99, '99', false],
    [1, '2', true],
    [1, '1', false],
    [8_999, '9000', true],
    [8_999, '8999', false],
  ])('over %i: %s is %s', (limit, text, expected) => {
    expect(new RegExp(decimalGreaterThan(limit)).test(text)).toBe(expected);
  });

  it('agrees with arithmetic, leading zeros and huge numbers included', () => {
    const limits = fc.oneof(
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.constantFrom(1, 8, 9, 10, 89, 90, 99, 100, 8_192, 9_999, 10_000_000),
    );
    fc.assert(
      fc.property(
        limits.chain((limit) =>
          fc.tuple(
            fc.constant(limit),
            fc.oneof(
              fc.integer({ min: 0, max: 30 }).map((more) => BigInt(limit + more - 15)),
              fc.bigInt({ min: 0n, max: 10n ** 20n }),
            ),
          ),
        ),
        fc.integer({ min: 0, max: 3 }),
        ([limit, value], zeros) => {
          fc.pre(value >= 0n);
          const text = `${'0'.repeat(zeros)}${value}`;
          const matches = new RegExp(decimalGreaterThan(limit)).test(text);
          expect(matches, `${text} > ${limit}`).toBe(value > BigInt(limit));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each([
    '',
    ' 1000001',
    '1000001 ',
    '+1000001',
    '-1',
    '1e9',
    '0x1000000',
    '1000001\n',
    '1,000,001',
  ])('%j is no number above anything', (text) => {
    expect(new RegExp(decimalGreaterThan(1_000_000)).test(text)).toBe(false);
  });

  it('stays within the 512 characters of a WAF pattern, and has nothing that WAF does not know', () => {
    for (const limit of [8_192, 1_000_000, 9_876_543, 10_000_000, 1_111_111]) {
      const pattern = decimalGreaterThan(limit);
      expect(pattern.length).toBeLessThanOrEqual(512);
      expect(pattern).toMatch(/^[\^$0-9()[\]{},|*-]+$/);
    }
  });
});

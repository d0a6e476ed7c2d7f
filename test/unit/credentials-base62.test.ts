import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeBase62, randomBase62 } from '../../src/credentials/base62.ts';

const randomBytes = vi.hoisted(() => vi.fn<(size: number) => Buffer>());
vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof import('node:crypto')>()),
  randomBytes,
}));

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Horner's rule, from the digits back to the number. */
const decode = (text: string): bigint =>
  [...text].reduce((value, digit) => value * 62n + BigInt(alphabet.indexOf(digit)), 0n);

/** Every byte in turn, from 0 on. */
const everyByte = () => {
  let next = 0;
  return (size: number) => Buffer.from(Array.from({ length: size }, () => next++ % 256));
};

describe('randomBase62', () => {
  beforeEach(() => void randomBytes.mockReset());

  it('every character comes from equally many bytes', () => {
    randomBytes.mockImplementation(everyByte());
    const counts = new Map<string, number>();
    for (const character of randomBase62(248)) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect([...counts.keys()].sort().join('')).toBe(alphabet);
    expect(new Set(counts.values())).toEqual(new Set([4]));
  });

  it('the eight bytes that would favour a character are thrown away', () => {
    const biased = [248, 249, 250, 251, 252, 253, 254, 255];
    randomBytes
      .mockReturnValueOnce(Buffer.from(biased))
      .mockReturnValueOnce(Buffer.from([...biased, 247, 0, 61, 62]));
    expect(randomBase62(4)).toBe('z0z0');
    expect(randomBytes).toHaveBeenCalledTimes(2);
  });

  it('has the length asked for, however many bytes are thrown away', async () => {
    const { randomBytes: real } =
      await vi.importActual<typeof import('node:crypto')>('node:crypto');
    randomBytes.mockImplementation((size) => real(size));
    for (const length of [0, 1, 8, 32, 40]) {
      expect(randomBase62(length)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`));
    }
    expect(randomBase62(32)).not.toBe(randomBase62(32));
  });
});

describe('encodeBase62', () => {
  it.each([
    [0, 6, '000000'],
    [9, 1, '9'],
    [10, 1, 'A'],
    [35, 1, 'Z'],
    [36, 1, 'a'],
    [61, 1, 'z'],
    [62, 1, '10'],
    [62, 4, '0010'],
    [4_294_967_295, 6, '4gfFC3'],
  ])('%i in %i characters is %s', (value, width, text) => {
    expect(encodeBase62(value, width)).toBe(text);
  });

  it('every CRC-32 fits into six characters and reads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
        const text = encodeBase62(value, 6);
        expect(text).toHaveLength(6);
        expect(decode(text)).toBe(BigInt(value));
      }),
    );
  });

  it('a number that needs more digits than the width keeps them all', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 4 }), (value, width) => {
        const text = encodeBase62(value, width);
        expect(text.length).toBeGreaterThanOrEqual(width);
        expect(decode(text)).toBe(BigInt(value));
      }),
    );
  });
});

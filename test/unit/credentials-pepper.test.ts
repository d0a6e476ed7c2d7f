import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pepper } from '../../src/credentials/pepper.ts';

const key = 'smcp_acme_0Ab3xYz9Q7wE5rT1yU2iO3pA4sD6fG8hJ9kL0zXc1tCTAy';
const first = 'a'.repeat(32);
const second = 'b'.repeat(32);
const hashUnderFirst = 'uDPJohnz-OGPCegIitOgCiGTdGAKnQoqOpCN_GFJ8nk';
const hashUnderSecond = 'FRiZ7vyDJHU6fYtrekfjxUQDWLK_mFgzHQgSUoYdY0U';

const pepperOf = (document: unknown) => Pepper.parse(JSON.stringify(document));
const one = pepperOf({ current: '1', '1': first });
const two = pepperOf({ current: '2', '1': first, '2': second });

describe('hash', () => {
  it('is HMAC-SHA256 of the key under the current version, in base64url', () => {
    expect(one.hash(key)).toEqual({ hash: hashUnderFirst, pepperVersion: '1' });
    expect(two.hash(key)).toEqual({ hash: hashUnderSecond, pepperVersion: '2' });
    expect(two.currentVersion).toBe('2');
  });

  it('always has 43 characters, and agrees with HMAC-SHA256 on every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { hash } = one.hash(text);
        expect(hash).toMatch(/^[\w-]{43}$/);
        expect(hash).toBe(createHmac('sha256', first).update(text, 'utf8').digest('base64url'));
        expect(one.matches(text, hash, '1')).toBe(true);
      }),
    );
  });

  it('says nothing of the key', () => {
    expect(JSON.stringify(one.hash(key))).not.toContain(key.slice(-38));
  });
});

describe('matches', () => {
  it('a hash made under an older version still matches, under its own version only', () => {
    expect(two.matches(key, hashUnderFirst, '1')).toBe(true);
    expect(two.matches(key, hashUnderSecond, '2')).toBe(true);
    expect(two.matches(key, hashUnderFirst, '2')).toBe(false);
    expect(two.matches(key, hashUnderSecond, '1')).toBe(false);
  });

  it('nothing matches under a version that is not held', () => {
    expect(one.has('2')).toBe(false);
    expect(one.matches(key, hashUnderSecond, '2')).toBe(false);
    for (const version of ['current', '', '__proto__', 'toString']) {
      expect(one.has(version)).toBe(false);
      expect(one.matches(key, hashUnderFirst, version)).toBe(false);
    }
  });

  it.each([
    ['another key’s', 'A'.repeat(43)],
    ['empty', ''],
    ['cut short', hashUnderFirst.slice(0, -2)],
    ['too long', `${hashUnderFirst}AAAA`],
    ['the key itself', key],
  ])('a hash that is %s does not match', (_, hash) => {
    expect(one.matches(key, hash, '1')).toBe(false);
  });

  it('another key does not match', () => {
    expect(one.matches(`${key.slice(0, -1)}z`, hashUnderFirst, '1')).toBe(false);
    expect(one.matches('', hashUnderFirst, '1')).toBe(false);
  });
});

describe('parse', () => {
  it('takes what Secrets Manager generates for the stack', () => {
    const generated = Pepper.parse(`{"current":"1","1":"${'x'.repeat(64)}"}`);
    expect(generated.currentVersion).toBe('1');
    expect(generated.has('1')).toBe(true);
  });

  const canary = `canary-${'c'.repeat(40)}`;
  it.each([
    ['text that is not JSON', canary],
    ['a JSON string', JSON.stringify(canary)],
    ['an array', JSON.stringify([canary])],
    ['null', 'null'],
    ['nothing', ''],
    ['no current version', JSON.stringify({ '1': canary })],
    ['a current version without a value', JSON.stringify({ current: '2', '1': canary })],
    ['a current version that is a number', JSON.stringify({ current: 1, '1': canary })],
    ['a current version that names itself', JSON.stringify({ current: 'current', '1': canary })],
    ['a current version 0', JSON.stringify({ current: '0', '0': canary })],
    ['a value of 31 characters', JSON.stringify({ current: '1', '1': canary.slice(0, 31) })],
    ['a value that is a number', JSON.stringify({ current: '1', '1': canary, '2': 12345678 })],
    ['JSON cut off', `{"current":"1","1":"${canary}`],
  ])('refuses %s without quoting any of it', (_, text) => {
    let failure: unknown;
    try {
      Pepper.parse(text);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(Error);
    const error = failure as Error;
    expect(error.message).toBe('the pepper secret is not a pepper document');
    expect(error.cause).toBeUndefined();
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain('canary');
  });

  it('keeps its keys to itself', () => {
    expect(JSON.stringify(two)).toBe('{"currentVersion":"2"}');
  });
});

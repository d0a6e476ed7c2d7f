import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasDuplicateNames, jwtMaxLength, readJwt } from '../../src/credentials/jwt-form.ts';
import { looksLikeJwt } from '../../src/credentials/looks-like-jwt.ts';
import { part } from './support/jwt-issuer.ts';

const head = part({ alg: 'RS256', kid: 'k' });
const payload = part({ sub: 'a' });

describe('the form of a token', () => {
  it('is three parts of base64url', () => {
    expect(readJwt(`${head}.${payload}.AAAA`)).toEqual({
      header: { alg: 'RS256', kid: 'k' },
      payload: { sub: 'a' },
    });
  });

  it.each([
    ['two parts', `${head}.${payload}`],
    ['five parts, as an encrypted one has', `${head}.${payload}.AAAA.AAAA.AAAA`],
    ['an empty signature', `${head}.${payload}.`],
    ['padding', `${head}==.${payload}.AAAA`],
    ['the alphabet of base64', `${head}.${payload}.AA+/`],
    ['a line break', `${head}.${payload}.AAAA\n`],
    ['bits after the last byte of its signature', `${head}.${payload}.AB`],
    ['bits after the last byte of its payload', `${head}.${part({ a: 12 }).slice(0, -1)}R.AAAA`],
    ['a length that no bytes have', `${head}.${payload}.AAAAA`],
    ['a header that is not JSON', `${part('{')}.${payload}.AAAA`],
    ['a payload that is not JSON', `${head}.${part('{')}.AAAA`],
    [
      'bytes that are not UTF-8',
      `${head}.${Buffer.from('{"a":"\xff"}', 'latin1').toString('base64url')}.AAAA`,
    ],
    ['a byte order mark', `${head}.${part('\ufeff{}')}.AAAA`],
  ])('is not one with %s', (_, token) => {
    expect(readJwt(token)).toBe('malformed');
  });

  it.each([
    ['a header that is a list', `${part([])}.${payload}.AAAA`, 'algorithm'],
    ['a header that is null', `${part('null')}.${payload}.AAAA`, 'algorithm'],
    ['no algorithm', `${part({ kid: 'k' })}.${payload}.AAAA`, 'algorithm'],
    ['the algorithm none', `${part({ alg: 'none', kid: 'k' })}.${payload}.AAAA`, 'algorithm'],
    ['no kid', `${part({ alg: 'RS256' })}.${payload}.AAAA`, 'header'],
    ['crit', `${part({ alg: 'RS256', kid: 'k', crit: ['exp'] })}.${payload}.AAAA`, 'header'],
    ['a header twice', `${part('{"alg":"RS256","alg":"none"}')}.${payload}.AAAA`, 'duplicate-name'],
    ['a claim twice', `${head}.${part('{"a":1,"a":1}')}.AAAA`, 'duplicate-name'],
    ['more than 8 KB', `${head}.${payload}.${'A'.repeat(jwtMaxLength)}`, 'too-long'],
    ['100 KB', `${head}.${'A'.repeat(100_000)}.AAAA`, 'too-long'],
  ])('is refused for its own reason with %s', (_, token, reason) => {
    expect(readJwt(token)).toBe(reason);
  });

  it('is never an API key', () => {
    expect(looksLikeJwt('smcp_acme_0Ab3xYz9')).toBe(false);
  });

  it('is read or refused, never thrown on', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
        readJwt(`${a}.${b}.${c}`);
        readJwt(`${part(a)}.${part(b)}.${part(c)}`);
      }),
    );
  });
});

describe('names in JSON', () => {
  it.each([
    ['{"a":1,"a":1}', true],
    ['{"a":1 , "a"  : 1}', true],
    ['{"a":{"b":1,"b":1}}', true],
    ['[{"a":1},{"b":1,"b":2}]', true],
    ['{"":1,"":1}', true],
    ['{"\\u0061":1,"a":1}', true],
    ['{"__proto__":1,"__proto__":2}', true],
    ['{"a":{"a":{"a":1}}}', false],
    ['[{"a":1},{"a":1}]', false],
    ['{"a":"a","b":"a"}', false],
    ['{"a":["a","a"],"b":"{\\"a\\":1,\\"a\\":2}"}', false],
    ['{"a\\"":1,"a":1}', false],
    ['"a"', false],
  ])('%s: twice is %s', (json, expected) => {
    JSON.parse(json);
    expect(hasDuplicateNames(json)).toBe(expected);
  });

  it('stand once in whatever JSON.stringify writes, and twice once an object repeats one', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (object) => {
        const json = JSON.stringify(object, undefined, 1);
        expect(hasDuplicateNames(json)).toBe(false);
        const name = Object.keys(object)[0] ?? '';
        expect(hasDuplicateNames(`{${JSON.stringify(name)}:0,${json.slice(1)}`)).toBe(true);
      }),
    );
  });
});

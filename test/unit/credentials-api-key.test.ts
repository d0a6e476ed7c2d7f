import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiKeyMaxLength, mintApiKey, parseApiKey } from '../../src/credentials/api-key.ts';
import { withChecksum } from './support/independent-crc32.ts';

const body = 'smcp_acme_0Ab3xYz9Q7wE5rT1yU2iO3pA4sD6fG8hJ9kL0zXc';
const key = 'smcp_acme_0Ab3xYz9Q7wE5rT1yU2iO3pA4sD6fG8hJ9kL0zXc1tCTAy';
const random40 = '0Ab3xYz9Q7wE5rT1yU2iO3pA4sD6fG8hJ9kL0zXc';

const everyCharacter = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-'];

const tenantIds = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/);

describe('parseApiKey', () => {
  it('reads the tenant and the key id of a key', () => {
    expect(parseApiKey(key)).toEqual({ tenant: 'acme', keyId: '0Ab3xYz9' });
  });

  it('the last six characters are the CRC-32 of all others in base 62', () => {
    expect(withChecksum(body)).toBe(key);
  });

  it('refuses a key with any one character changed', () => {
    for (let at = 0; at < key.length; at++) {
      for (const character of everyCharacter) {
        if (character === key[at]) continue;
        const changed = `${key.slice(0, at)}${character}${key.slice(at + 1)}`;
        expect(parseApiKey(changed), changed).toBeUndefined();
      }
    }
  });

  it('refuses a key with any one character missing, doubled or swapped with the next', () => {
    for (let at = 0; at < key.length; at++) {
      const [before, here, next, after] = [
        key.slice(0, at),
        key[at],
        key[at + 1],
        key.slice(at + 2),
      ];
      expect(parseApiKey(`${before}${next ?? ''}${after}`), `missing ${at}`).toBeUndefined();
      expect(parseApiKey(`${before}${here}${key.slice(at)}`), `doubled ${at}`).toBeUndefined();
      if (next === undefined || next === here) continue;
      expect(parseApiKey(`${before}${next}${here}${after}`), `swapped ${at}`).toBeUndefined();
    }
  });

  it.each([
    ['nothing', ''],
    ['another prefix', withChecksum(`smcq_acme_${random40}`)],
    ['a prefix in capitals', withChecksum(`SMCP_acme_${random40}`)],
    ['space before', ` ${key}`],
    ['space after', `${key} `],
    ['a line break after', `${key}\n`],
    ['a NUL after', `${key}\0`],
    ['a scheme before', `Bearer ${key}`],
    ['no tenant', withChecksum(`smcp__${random40}`)],
    [
      'a character that is no ASCII letter',
      withChecksum(`smcp_acme_${random40.replace('A', 'Å')}`),
    ],
    ['a dash in the secret', withChecksum(`smcp_acme_${random40.replace('Q', '-')}`)],
    ['a secret one too short', withChecksum(`smcp_acme_${random40.slice(1)}`)],
    ['a secret one too long', withChecksum(`smcp_acme_${random40}0`)],
  ])('refuses %s although its checksum is right', (_, text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });

  it.each(['a', '0', 'a-b', 'a--b', '7-eleven', 'x'.repeat(32), `a${'-'.repeat(30)}z`])(
    'takes the tenant id %s',
    (tenant) => {
      expect(parseApiKey(withChecksum(`smcp_${tenant}_${random40}`))).toEqual({
        tenant,
        keyId: '0Ab3xYz9',
      });
    },
  );

  it.each(['-a', 'a-', '-', 'A', 'aCme', 'a_b', 'a.b', 'ä', 'x'.repeat(33)])(
    'refuses the tenant id %s',
    (tenant) => {
      expect(parseApiKey(withChecksum(`smcp_${tenant}_${random40}`))).toBeUndefined();
    },
  );

  it('the longest key has 84 characters; what is longer is not looked at', () => {
    const longest = withChecksum(`smcp_${'x'.repeat(32)}_${random40}`);
    expect(longest).toHaveLength(84);
    expect(apiKeyMaxLength).toBe(84);
    expect(parseApiKey(longest)).toBeDefined();
    expect(parseApiKey(withChecksum(`smcp_${'x'.repeat(33)}_${random40}`))).toBeUndefined();
    expect(parseApiKey(`${key}${'0'.repeat(1_000_000)}`)).toBeUndefined();
  });

  it('never throws, and takes nothing that was not made as a key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        expect(parseApiKey(text)).toBeUndefined();
        expect(parseApiKey(`smcp_acme_${text}`)).toBeUndefined();
      }),
    );
  });
});

describe('mintApiKey', () => {
  it('a minted key has the form of a key, its tenant and its key id', () => {
    fc.assert(
      fc.property(tenantIds, (tenant) => {
        const minted = mintApiKey(tenant);
        expect(minted.key).toMatch(new RegExp(`^smcp_${tenant}_${minted.keyId}[0-9A-Za-z]{38}$`));
        expect(minted.keyId).toMatch(/^[0-9A-Za-z]{8}$/);
        expect(parseApiKey(minted.key)).toEqual({ tenant, keyId: minted.keyId });
        expect(withChecksum(minted.key.slice(0, -6))).toBe(minted.key);
      }),
    );
  });

  it('no two keys share an id or a secret', () => {
    const minted = Array.from({ length: 500 }, () => mintApiKey('acme'));
    expect(new Set(minted.map(({ keyId }) => keyId)).size).toBe(500);
    expect(new Set(minted.map((one) => one.key.slice(18, 50))).size).toBe(500);
  });
});

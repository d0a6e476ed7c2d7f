import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInNetworks } from '../../src/credentials/source-networks.ts';

describe('IPv4', () => {
  it.each([
    ['203.0.113.0', ['203.0.113.0/24'], true],
    ['203.0.113.255', ['203.0.113.0/24'], true],
    ['203.0.112.255', ['203.0.113.0/24'], false],
    ['203.0.114.0', ['203.0.113.0/24'], false],
    ['203.0.113.7', ['203.0.113.7/32'], true],
    ['203.0.113.8', ['203.0.113.7/32'], false],
    ['198.51.100.1', ['0.0.0.0/0'], true],
    ['10.9.9.9', ['203.0.113.0/24', '10.0.0.0/8'], true],
    ['203.0.113.200', ['203.0.113.77/24'], true],
    ['203.0.113.7', [], false],
  ])('%s in %j is %s', (address, cidrs, expected) => {
    expect(isInNetworks(address, cidrs)).toBe(expected);
  });

  it('agrees with arithmetic on every prefix length', () => {
    const number = (octets: readonly number[]) =>
      octets.reduce((value, octet) => value * 256n + BigInt(octet), 0n);
    const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
    fc.assert(
      fc.property(octets, octets, fc.nat(32), fc.boolean(), (network, other, bits, near) => {
        const address = near ? ([...network.slice(0, 3), other[3]] as const) : other;
        const shift = BigInt(32 - bits);
        const expected = number(address) >> shift === number(network) >> shift;
        expect(isInNetworks(address.join('.'), [`${network.join('.')}/${bits}`])).toBe(expected);
      }),
    );
  });
});

describe('IPv6', () => {
  it.each([
    ['2001:db8::1', ['2001:db8::/32'], true],
    ['2001:DB8:0:0:0:0:0:1', ['2001:db8::/32'], true],
    ['2001:db9::1', ['2001:db8::/32'], false],
    ['2001:db8::1', ['2001:db8::1/128'], true],
    ['2001:db8::2', ['2001:db8::1/128'], false],
    ['2001:db8::1', ['::/0'], true],
    ['2001:db8::1', ['0.0.0.0/0'], false],
    ['2001:db8::1', ['203.0.113.0/24', '2001:db8::/32'], true],
  ])('%s in %j is %s', (address, cidrs, expected) => {
    expect(isInNetworks(address, cidrs)).toBe(expected);
  });
});

describe('IPv4 written as IPv6', () => {
  it.each(['::ffff:203.0.113.7', '::FFFF:203.0.113.7', '::ffff:cb00:7107'])(
    '%s is the IPv4 address that it stands for',
    (address) => {
      expect(isInNetworks(address, ['203.0.113.0/24'])).toBe(true);
      expect(isInNetworks(address, ['198.51.100.0/24'])).toBe(false);
    },
  );

  it('an address that is only compatible is another one', () => {
    expect(isInNetworks('::203.0.113.7', ['203.0.113.0/24'])).toBe(false);
  });
});

describe('what cannot be read', () => {
  it.each([
    '',
    ' ',
    'localhost',
    '203.0.113',
    '203.0.113.7.1',
    '203.0.113.256',
    '203.0.113.007',
    '203.0.113.7 ',
    '203.0.113.7:443',
    '203.0.113.0/24',
    '0x7f.0.0.1',
    '3405803783',
    '[2001:db8::1]',
    '::ffff:203.0.113.256',
    '2001:db8::1::1',
    'unknown',
    '203.0.113.7, 198.51.100.1',
  ])('the address "%s" lies in no network', (address) => {
    expect(isInNetworks(address, ['0.0.0.0/0', '::/0'])).toBe(false);
  });

  it.each([
    '203.0.113.7',
    '203.0.113.0/',
    '203.0.113.0/x',
    '203.0.113.0/33',
    '203.0.113.0/-1',
    '',
    '/',
    '/8',
  ])('the network "%s" throws and never stands for everything', (network) => {
    expect(() => isInNetworks('198.51.100.1', [network])).toThrow();
  });
});

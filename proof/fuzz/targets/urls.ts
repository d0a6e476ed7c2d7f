import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { GuardError } from '../../../src/fetch-guard/guard-error.ts';
import { isPublicAddress } from '../../../src/fetch-guard/public-address.ts';
import { targetOf } from '../../../src/fetch-guard/target.ts';
import { isClientIdUrl } from '../../../src/oauth/client-metadata-document.ts';
import {
  isListedRedirectUri,
  isWellFormedRedirectUri,
  withParameters,
} from '../../../src/oauth/redirect-uri.ts';
import { target, textOf, type FuzzTarget } from '../target.ts';

const hosts = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6().map((ip) => `[${ip}]`),
  textOf('a.0x7f[]:@%2\\'),
);
const urls = fc
  .tuple(
    fc.constantFrom('https', 'http', 'HTTPS', 'ftp', 'file', 'javascript'),
    fc.constantFrom('://', ':/', ':', ':\\\\'),
    fc.constantFrom('', 'user@', 'u:p@', '@'),
    hosts,
    fc.constantFrom('', ':443', ':80', ':8443', ':0', ':99999'),
    textOf('/.%2e?#ab'),
  )
  .map((parts) => parts.join(''));

const guard = target({
  name: 'src/fetch-guard/target.ts',
  property:
    'a URL is refused by a GuardError, or goes by TLS to a name at port 443, without user info, as URL reads it',
  arbitrary: fc.oneof(urls, fc.webUrl(), textOf('https://[]:@')),
  check: (text) => {
    try {
      const { url, hostname, port, tls, admits } = targetOf(text, {});
      const read = new URL(text);
      assert.deepEqual([tls, port, read.protocol], [true, 443, 'https:']);
      assert.equal(url.href, read.href);
      assert.equal(read.username + read.password, '');
      assert.equal(isIP(hostname), 0);
      for (const inside of ['127.0.0.1', '10.0.0.1', '::1', '169.254.169.254', '::ffff:10.0.0.1']) {
        assert.equal(admits(['8.8.8.8', inside]), false);
      }
    } catch (error) {
      assert.ok(error instanceof GuardError, String(error));
      assert.ok(!error.message.includes(text) || text.length < 8, 'the text is quoted');
    }
  },
});

/** RFC 6890 and 1112 by the first bytes: a second list, shorter than ours. */
const isSurelyInside = ([a = 0, b = 0]: readonly number[]): boolean =>
  a === 0 ||
  a === 10 ||
  a === 127 ||
  (a === 100 && b >= 64 && b < 128) ||
  (a === 169 && b === 254) ||
  (a === 172 && b >= 16 && b < 32) ||
  (a === 192 && b === 168) ||
  a >= 224;

const addresses = target({
  name: 'src/fetch-guard/public-address.ts',
  property: 'what lies inside is never public, in no spelling; what is no address is not either',
  arbitrary: fc.record({
    bytes: fc.oneof(
      fc.tuple(
        fc.nat({ max: 255 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: 255 }),
      ),
      fc.tuple(
        fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 224, 255),
        fc.nat({ max: 255 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: 255 }),
      ),
    ),
    ipv6: fc.ipV6(),
    text: textOf('0123456789.:afx%/'),
  }),
  check: ({ bytes, ipv6, text }) => {
    const address = bytes.join('.');
    if (isSurelyInside(bytes)) assert.equal(isPublicAddress(address), false, address);
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const [high, low] = [hex.slice(0, 4), hex.slice(4)];
    for (const mapped of [
      `::ffff:${address}`,
      `::ffff:${high}:${low}`,
      `64:ff9b::${high}:${low}`,
      `2002:${high}:${low}::1`,
    ]) {
      assert.equal(isPublicAddress(mapped), false, mapped);
    }
    assert.equal(isPublicAddress(`${ipv6}%eth0`), false);
    if (isPublicAddress(ipv6)) assert.match(ipv6, /^[23]/u);
    if (!/^[\da-fA-F.:]+$/u.test(text)) assert.equal(isPublicAddress(text), false);
  },
});

const listed = [
  'https://claude.ai/api/mcp/auth_callback',
  'http://127.0.0.1/callback',
  'http://localhost:3000/cb',
];

const redirects = target({
  name: 'src/oauth/redirect-uri.ts',
  property:
    'what passes for a listed URI is it, or the same of this machine at another port; nothing else is redirected to',
  arbitrary: fc.record({
    base: fc.constantFrom(...listed),
    at: fc.nat({ max: 60 }),
    put: textOf('@:/.#?%\\ 0', 8),
    any: urls,
    state: fc.string(),
  }),
  check: ({ base, at, put, any, state }) => {
    const place = at % (base.length + 1);
    for (const uri of [base.slice(0, place) + put + base.slice(place), any]) {
      if (!isListedRedirectUri(uri, listed)) continue;
      const { hostname, pathname, search, hash, username } = new URL(uri);
      const match = listed.some((one) => {
        const known = new URL(one);
        return known.hostname === hostname && known.pathname === pathname;
      });
      assert.ok(match && search === '' && hash === '' && username === '', uri);
    }
    if (isWellFormedRedirectUri(any)) {
      const url = new URL(withParameters(any, { state, error: undefined }));
      assert.equal(url.searchParams.get('state'), state.toWellFormed());
      assert.equal(url.host, new URL(any).host);
    }
  },
});

const clientIds = target({
  name: 'src/oauth/client-metadata-document.ts',
  property:
    'a client id that is fetched is https in its one spelling, without user info or fragment',
  arbitrary: urls,
  check: (text) => {
    if (!isClientIdUrl(text, [])) return;
    const url = new URL(text);
    assert.equal(url.href, text);
    assert.deepEqual([url.protocol, url.username, url.password, url.hash], ['https:', '', '', '']);
    assert.notEqual(url.pathname, '/');
    assert.ok(!url.pathname.split('/').includes('..'));
  },
});

export const urlTargets: readonly FuzzTarget[] = [guard, addresses, redirects, clientIds];

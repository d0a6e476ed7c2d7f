import { describe, expect, it } from 'vitest';
import { createJwksFetch } from '../../src/credentials/jwt-keys-fetch.ts';
import { VerificationKeys } from '../../src/credentials/jwt-keys.ts';
import { failureOf } from './admin-fixtures.ts';
import { aSigningKey, serve } from './support/jwt-issuer.ts';

describe('a fetch of keys', () => {
  it('answers the text of the document', async () => {
    await using endpoint = await serve((_, response) => response.end('{"keys":[]}'));
    expect(await createJwksFetch()(`${endpoint.url}/a/jwks.json`)).toBe('{"keys":[]}');
    expect(endpoint.requests).toEqual(['/a/jwks.json']);
  });

  it.each([301, 302, 303, 307, 308])('follows no redirect (%i)', async (status) => {
    await using target = await serve((_, response) => response.end('{}'));
    await using endpoint = await serve((_, response) => {
      response.writeHead(status, { location: `${target.url}/jwks.json` }).end('{}');
    });
    expect((await failureOf(createJwksFetch()(endpoint.url))).message).toContain(String(status));
    expect(target.requests).toEqual([]);
  });

  it.each([201, 204, 404, 500])('takes no answer of status %i', async (status) => {
    await using endpoint = await serve((_, response) => response.writeHead(status).end());
    expect((await failureOf(createJwksFetch()(endpoint.url))).message).toContain(String(status));
  });

  it('takes 64 KB and not a byte more, announced or not', async () => {
    await using endpoint = await serve(({ url }, response) => {
      response.write('a'.repeat(65_536));
      response.end(url === '/more' ? 'a' : '');
    });
    expect(await createJwksFetch()(endpoint.url)).toHaveLength(65_536);
    const failure = await failureOf(createJwksFetch()(`${endpoint.url}/more`));
    expect(failure.message).toContain('65536');
  });

  it('ends in time when there is no answer, and when it never ends', async () => {
    await using silent = await serve(() => undefined);
    await using endless = await serve((_, response) => {
      response.write('{');
    });
    const limits = { timeoutMs: 100, maxBytes: 1_000 };
    for (const { url } of [silent, endless]) {
      const from = Date.now();
      await failureOf(createJwksFetch(limits)(url));
      expect(Date.now() - from).toBeLessThan(2_000);
    }
  });

  it('fails when nobody listens', async () => {
    const endpoint = await serve(() => undefined);
    await endpoint[Symbol.asyncDispose]();
    expect(await failureOf(createJwksFetch()(endpoint.url))).toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});

describe('a JWKS', () => {
  it('keeps the keys that verify signatures, and passes over the others', async () => {
    const [rsa, ec] = await Promise.all([aSigningKey('rsa'), aSigningKey('ec', 'ES256')]);
    const { alg: _, use: __, ...bare } = rsa.jwk;
    const keys = VerificationKeys.parse(
      JSON.stringify({
        keys: [
          { kty: 'oct', kid: 'oct', k: 'AAAA' },
          { ...rsa.jwk, kid: 'enc', use: 'enc' },
          { ...rsa.jwk, kid: 'sign-only', key_ops: ['sign'] },
          { ...rsa.jwk, kid: 'short', n: 'A'.repeat(171) },
          { ...ec.jwk, kid: 'off-curve', x: ec.jwk.y },
          { ...rsa.jwk, kid: undefined },
          'no object',
          { ...bare, kid: 'bare' },
          ec.jwk,
          rsa.jwk,
        ],
      }),
    );
    for (const kid of ['oct', 'enc', 'sign-only', 'short', 'undefined']) {
      expect(keys.find(kid, 'RS256')).toBeUndefined();
    }
    expect(keys.find('off-curve', 'ES256')).toBeUndefined();
    expect(keys.find('rsa', 'RS256')).toBeDefined();
    expect(keys.find('rsa', 'RS384')).toBeUndefined();
    expect(keys.find('bare', 'RS384')).toBeDefined();
    expect(keys.find('bare', 'ES256')).toBeUndefined();
    expect(keys.find('ec', 'ES256')).toBeDefined();
    expect(keys.find('ec', 'ES384')).toBeUndefined();
    expect(keys.find('ec', 'RS256')).toBeUndefined();
  });

  it('with private keys in it yields public ones', async () => {
    const { jwk } = await aSigningKey('rsa');
    const keys = VerificationKeys.parse(JSON.stringify({ keys: [{ ...jwk, d: 'AQAB' }] }));
    const key = keys.find('rsa', 'RS256');
    expect(key?.keyObject.type).toBe('public');
    expect(key?.jwk).not.toHaveProperty('d');
  });

  it.each(['', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[]}', '<html>'])(
    'is not "%s"',
    (text) => {
      expect(() => VerificationKeys.parse(text)).toThrow();
    },
  );
});

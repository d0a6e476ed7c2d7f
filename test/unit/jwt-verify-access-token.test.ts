import { createHmac, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  aSigningKey,
  aTokenWorld,
  cognitoIssuer,
  machineClaims,
  nowSeconds,
  part,
  publicClient,
  resource,
  serve,
  signed,
  signedBytes,
  tenant,
  userClaims,
  type SigningKey,
} from './support/jwt-issuer.ts';

let key: SigningKey;
let other: SigningKey;
beforeAll(async () => {
  [key, other] = await Promise.all([aSigningKey('key-1'), aSigningKey('key-2')]);
});

const without = (claims: Record<string, unknown>, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));

describe('a token that is right', () => {
  it('is a principal of the lane jwt, with the plan and the usage key of its tenant', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    const claims = userClaims();
    expect(await world.verify(await signed(claims, key))).toEqual({
      kind: 'verified',
      principal: {
        tenant: 'acme',
        subject: 'jwt:0f9c2b1e-7a51-4f0e-9d3c-aaaaaaaaaaaa',
        role: 'readonly',
        lane: 'jwt',
        plan: 'pro',
        expiresAt: claims['exp'],
      },
      usageKey: 'usage-key-of-acme-0001',
    });
    expect(world.fetches).toEqual(['/jwks.json']);
    expect(world.read).toEqual(['acme']);
  });

  it.each(['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])(
    'may be signed with %s',
    async (algorithm) => {
      const own = await aSigningKey('own', algorithm);
      await using world = await aTokenWorld({ keys: [key, own] });
      expect(await world.verify(await signed(userClaims(), own))).toMatchObject({
        kind: 'verified',
      });
    },
  );

  it.each([
    ['no role', without(userClaims(), 'role'), 'user'],
    ['an admin', { ...userClaims(), role: 'admin' }, 'admin'],
  ])('with %s has its role', async (_, claims, role) => {
    await using world = await aTokenWorld({ keys: [key] });
    const answer = await world.verify(await signed(claims, key));
    expect(answer).toMatchObject({ principal: { role } });
  });

  it('of Cognito needs no audience when client and scope are right', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    const claims = without(userClaims(), 'aud');
    expect(await world.verify(await signed(claims, key))).toMatchObject({ kind: 'verified' });
  });

  it.each<{ what: string; claims?: object; header?: Record<string, unknown> }>([
    { what: 'an audience among others', claims: { aud: ['https://other.example', resource] } },
    {
      what: 'nbf and iat within the tolerance',
      claims: { nbf: nowSeconds() + 25, iat: nowSeconds() + 25 },
    },
    { what: 'typ at+jwt (RFC 9068 §2.1)', header: { typ: 'at+jwt' } },
    { what: 'no typ', header: { typ: undefined } },
  ])('may have $what', async ({ claims, header }) => {
    await using world = await aTokenWorld({ keys: [key] });
    const token = await signed({ ...userClaims(), ...claims }, key, header);
    expect(await world.verify(token)).toMatchObject({ kind: 'verified' });
  });

  it('of a machine client has the tenant and role of the list', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    expect(await world.verify(await signed(machineClaims(), key))).toMatchObject({
      kind: 'verified',
      principal: { tenant: 'acme', subject: 'client:machine-client-1', role: 'user', lane: 'jwt' },
    });
  });

  it('of another issuer names client and scopes as that issuer does', async () => {
    const issuer = 'https://tenant.okta.example/';
    await using world = await aTokenWorld({
      keys: [key],
      issuer: { issuer, cognito: false, tenantClaim: 'https://acme.example/tenant' },
    });
    const claims = {
      ...without(userClaims(), 'client_id', 'scope', 'token_use', 'username', 'tenant'),
      iss: issuer,
      cid: publicClient,
      scp: ['drawbridge/mcp'],
      'https://acme.example/tenant': 'acme',
    };
    expect(await world.verify(await signed(claims, key))).toMatchObject({ kind: 'verified' });
    const audienceless = await signed(without(claims, 'aud'), key);
    expect(await world.verify(audienceless)).toEqual({ kind: 'refused', reason: 'audience' });
  });
});

describe('a token whose claims are wrong', () => {
  const cases: readonly (readonly [string, Record<string, unknown>, string])[] = [
    ['another resource', { aud: 'https://other.example/mcp' }, 'audience'],
    ['our resource with a slash', { aud: `${resource}/` }, 'audience'],
    ['an empty list of audiences', { aud: [] }, 'audience'],
    ['another issuer', { iss: 'https://evil.example' }, 'issuer'],
    ['our issuer with a slash', { iss: `${cognitoIssuer}/` }, 'issuer'],
    ['another pool’s client', { client_id: 'foreign-client' }, 'client'],
    ['another pool’s client and no audience', { client_id: 'x', aud: undefined }, 'client'],
    ['no client', { client_id: undefined }, 'client'],
    [
      'a machine’s client that is not listed',
      { client_id: 'm', sub: 'm', username: undefined },
      'client',
    ],
    [
      'a client named like an object’s method',
      { client_id: 'toString', sub: 'toString', username: undefined },
      'client',
    ],
    ['a user by a machine’s client', { client_id: 'machine-client-1' }, 'client'],
    ['an ID token’s use', { token_use: 'id' }, 'token-use'],
    ['no use', { token_use: undefined }, 'token-use'],
    ['an end in the past', { exp: nowSeconds() - 1 }, 'expired'],
    ['an end of just now', { exp: nowSeconds() }, 'expired'],
    ['no end', { exp: undefined }, 'claims'],
    ['an end that is a string', { exp: '9999999999' }, 'claims'],
    ['a begin in the future', { nbf: nowSeconds() + 40 }, 'not-yet-valid'],
    ['an issue in the future', { iat: nowSeconds() + 40 }, 'not-yet-valid'],
    ['another scope', { scope: 'openid drawbridge/mcp2' }, 'scope'],
    ['no scope', { scope: undefined }, 'scope'],
    ['no subject', { sub: undefined }, 'claims'],
    ['a subject over several lines', { sub: 'a\nb' }, 'claims'],
    ['no tenant', { tenant: undefined }, 'tenant'],
    ['a tenant that is none', { tenant: 'ACME#1' }, 'tenant'],
    ['two tenants', { tenant: ['acme', 'other'] }, 'tenant'],
    ['a role that is none', { role: 'root' }, 'role'],
  ];

  it.each(cases)('(%s) causes no fetch and no read', async (_, claims, reason) => {
    await using world = await aTokenWorld({ keys: [key] });
    const token = await signed({ ...userClaims(), ...claims }, key);
    expect(await world.verify(token)).toEqual({ kind: 'refused', reason });
    expect(world.fetches).toEqual([]);
    expect(world.read).toEqual([]);
  });

  it('is refused when its tenant is not known, or suspended', async () => {
    const suspended = { ...tenant, status: 'suspended' } as const;
    await using world = await aTokenWorld({ keys: [key], tenants: [suspended] });
    expect(await world.verify(await signed(userClaims(), key))).toEqual({
      kind: 'refused',
      reason: 'suspended',
    });
    expect(await world.verify(await signed({ ...userClaims(), tenant: 'nobody' }, key))).toEqual({
      kind: 'refused',
      reason: 'unknown-tenant',
    });
  });
});

describe('a forged token', () => {
  /** Every forgery is asked of a verifier that holds the keys, so that only a fetch of its own would show. */
  const verdictOn = async (make: () => Promise<string> | string) => {
    await using world = await aTokenWorld({ keys: [key, other] });
    await world.verify(await signed(userClaims(), key));
    const before = world.fetches.length;
    const answer = await world.verify(await make());
    return { answer, fetches: world.fetches.length - before, reads: world.read.length - 1 };
  };
  const refused = (reason: string) => ({
    answer: { kind: 'refused', reason },
    fetches: 0,
    reads: 0,
  });

  it('with alg none is refused, with and without a signature', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      const head = `${part({ alg, kid: key.kid })}.${part(userClaims())}`;
      expect(await verdictOn(() => `${head}.`)).toEqual(refused('malformed'));
      expect(await verdictOn(() => `${head}.AAAA`)).toEqual(refused('algorithm'));
    }
  });

  it('with HS256 by the public key is refused', async () => {
    const pem = createPublicKey({ key: key.jwk, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const input = `${part({ alg: 'HS256', kid: key.kid, typ: 'JWT' })}.${part(userClaims())}`;
    for (const secret of [pem, JSON.stringify(key.jwk), key.jwk.n ?? '']) {
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      expect(await verdictOn(() => `${input}.${mac}`)).toEqual(refused('algorithm'));
    }
  });

  it('under the kid of another key is refused', async () => {
    expect(await verdictOn(() => signed(userClaims(), key, { kid: other.kid }))).toEqual(
      refused('signature'),
    );
  });

  it('with an algorithm that its key is not for is refused', async () => {
    expect(
      await verdictOn(() =>
        signedBytes(
          JSON.stringify({ alg: 'ES256', kid: key.kid }),
          JSON.stringify(userClaims()),
          key,
        ),
      ),
    ).toEqual(refused('key'));
  });

  it('with other claims under a true signature is refused', async () => {
    const [head, , signature] = (await signed(userClaims(), key)).split('.');
    const payload = part({ ...userClaims(), role: 'admin' });
    expect(await verdictOn(() => `${head}.${payload}.${signature}`)).toEqual(refused('signature'));
  });

  it('that brings or points to its key is refused, and nothing is fetched', async () => {
    const mallory = await aSigningKey(key.kid);
    await using foreign = await serve((_, response) => {
      response.end(JSON.stringify({ keys: [mallory.jwk] }));
    });
    const headers = [
      { jwk: mallory.jwk },
      { jku: `${foreign.url}/jwks.json` },
      { x5u: `${foreign.url}/cert.pem` },
      { x5c: ['MIIB'] },
    ];
    for (const header of headers) {
      const head = JSON.stringify({ alg: 'RS256', kid: key.kid, ...header });
      expect(
        await verdictOn(() => signedBytes(head, JSON.stringify(userClaims()), mallory)),
      ).toEqual(refused('header'));
    }
    expect(foreign.requests).toEqual([]);
  });

  it('with a crit header is refused, though its signature is true (RFC 7515 §4.1.11)', async () => {
    for (const header of [{ crit: ['b64'], b64: true }, { crit: ['exp'], exp: 1 }, { crit: [] }]) {
      const head = JSON.stringify({ alg: 'RS256', kid: key.kid, ...header });
      expect(await verdictOn(() => signedBytes(head, JSON.stringify(userClaims()), key))).toEqual(
        refused('header'),
      );
    }
  });

  it('with a claim or header twice is refused, though its signature is true', async () => {
    const head = `{"alg":"RS256","kid":"${key.kid}"}`;
    const payload = JSON.stringify(userClaims());
    const twice = payload.replace('{', '{"tenant":"other",');
    const escaped = payload.replace('{', '{"\\u0074enant":"other",');
    const nested = payload.replace('{', '{"a":[{"b":1,"b":2}],');
    const header = head.replace('{', '{"alg":"RS256",');
    expect(await verdictOn(() => signedBytes(head, twice, key))).toEqual(refused('duplicate-name'));
    expect(await verdictOn(() => signedBytes(head, escaped, key))).toEqual(
      refused('duplicate-name'),
    );
    expect(await verdictOn(() => signedBytes(head, nested, key))).toEqual(
      refused('duplicate-name'),
    );
    expect(await verdictOn(() => signedBytes(header, payload, key))).toEqual(
      refused('duplicate-name'),
    );
    expect(await verdictOn(() => signedBytes(head, payload, key))).toMatchObject({
      answer: { kind: 'verified' },
    });
  });

  it('of another type is refused', async () => {
    for (const typ of ['logout+jwt', 'dpop+jwt', 'secevent+jwt', 7]) {
      const head = JSON.stringify({ alg: 'RS256', kid: key.kid, typ });
      expect(await verdictOn(() => signedBytes(head, JSON.stringify(userClaims()), key))).toEqual(
        refused('header'),
      );
    }
  });

  it('without a kid, or with one that is no name, is refused', async () => {
    for (const kid of [undefined, '', 7, 'k'.repeat(300), ['key-1']]) {
      const head = JSON.stringify({ alg: 'RS256', kid });
      expect(await verdictOn(() => signedBytes(head, JSON.stringify(userClaims()), key))).toEqual(
        refused('header'),
      );
    }
  });
});

import { createHmac, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { poolOf, poolTokens, type JsonWebKeyOfPool } from './support/pool-tokens.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
let pool: ReturnType<typeof poolOf>;
let tokens: ReturnType<typeof poolTokens>;
/** The newest first: the pool signs with it. The other one was rotated out, and is still in the JWKS. */
let published: readonly JsonWebKeyOfPool[];
/** Signed before the key was rotated out. */
let signedByRetired: string;
/** Of a listener that keys are said to be at. */
const foreign = { url: '', connections: 0 };
const listener = createServer((socket) => {
  foreign.connections += 1;
  socket.destroy();
});
/** Every token that this file has sent. */
const sent: string[] = [];

const call = (token: string) => {
  sent.push(token);
  return post(running.mcpUrl, callOf('search', { query: 'plan' }), bearer(token));
};

beforeAll(async () => {
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  foreign.url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  // One authorizer process: what it holds in memory is what these tests are about.
  running = await runTwin({ maxSandboxesPerFunction: 1 });
  await createTenant(running.admin, { tenant: 'demo', plan: 'premium' });
  pool = poolOf(running);
  tokens = poolTokens(running);
  signedByRetired = tokens.right();
  pool.rotateSigningKey();
  published = await tokens.jwks();
  expect(published).toHaveLength(2);
  expect((await call(tokens.right())).status).toBe(200);
});
afterAll(async () => {
  listener.close();
  await running[Symbol.asyncDispose]();
});

const statsOf = (construct: string) => {
  const stats = Object.entries(running.twin.lambda.stats());
  return stats.find(([name]) => name.includes(construct))?.[1] ?? expect.fail(`no ${construct}`);
};

/** What a request can set off outside of the authorizer. */
const traffic = () => ({
  mcp: statsOf('McpFunction').invocations,
  jwks: pool.jwksRequests(),
  aws: Object.values(running.twin.aws.counters()).reduce(
    (sum, { allowed, refused }) => sum + allowed + refused,
    0,
  ),
  foreign: foreign.connections,
});
type Traffic = ReturnType<typeof traffic>;
const nothing: Traffic = { mcp: 0, jwks: 0, aws: 0, foreign: 0 };

const since = (before: Traffic): Traffic => {
  const after = traffic();
  return {
    mcp: after.mcp - before.mcp,
    jwks: after.jwks - before.jwks,
    aws: after.aws - before.aws,
    foreign: after.foreign - before.foreign,
  };
};

/** The request's line in the authorizer's log. */
const refusalOf = (requestId: string): string | undefined =>
  running
    .everythingWritten()
    .split('\n')
    .find((line) => line.includes('"event":"auth.refused"') && line.includes(requestId));

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const byStranger = (text: string): string =>
  sign('sha256', Buffer.from(text), stranger.privateKey).toString('base64url');
const strangersJwk = () => ({ ...stranger.publicKey.export({ format: 'jwk' }), alg: 'RS256' });

const kid = () => published[0]?.kid ?? '';
const rs256 = () => ({ alg: 'RS256', kid: kid() });
const forged = (header: object, payload: object = tokens.claims()): string =>
  tokens.unsigned(header, payload, byStranger);
/** A true signature over JSON text in which `name` stands twice. */
const withTwice = (name: string, first: unknown): string =>
  tokens.signed(
    rs256(),
    JSON.stringify(tokens.claims()).replace('{', `{"${name}":${JSON.stringify(first)},`),
  );
const hs256 = (secret: (jwk: JsonWebKeyOfPool) => string | Buffer): string => {
  const jwk = published[0] ?? expect.fail('no key');
  return tokens.unsigned({ alg: 'HS256', kid: jwk.kid }, tokens.claims(), (text) =>
    createHmac('sha256', secret(jwk)).update(text).digest('base64url'),
  );
};
const pem = (jwk: JsonWebKeyOfPool): string =>
  createPublicKey({ key: { ...jwk }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString();

describe('a token like the ones that are refused below, but right', () => {
  it('is served, and its caller is in the audit', async () => {
    const before = traffic();
    expect((await call(tokens.right({ sub: 'right-one' }))).status).toBe(200);
    // The tenant is read, and the call is charged.
    expect(since(before)).toEqual({ ...nothing, mcp: 1, aws: 2 });
    await expect
      .poll(() => running.everythingWritten())
      .toMatch(/"type":"audit"[^\n]*"tenant":"demo","subject":"jwt:right-one"[^\n]*"lane":"jwt"/);
  });

  it.each([
    ['signed by the key that was rotated out', () => signedByRetired],
    ['of typ at+jwt', () => tokens.signed({ ...rs256(), typ: 'at+jwt' })],
    ['of 8 KB', () => tokens.right({ padding: 'x'.repeat(5_300) })],
  ])('is served %s', async (_, make) => {
    expect((await call(make())).status).toBe(200);
  });
});

describe('a token is refused with 401, reaches no tool, and sets nothing off', () => {
  const claims: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['for another resource', { aud: 'https://elsewhere.example/mcp' }, 'audience'],
    [
      'of another issuer',
      { iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other' },
      'issuer',
    ],
    ['of another pool’s client', { client_id: 'abcdefghijklmnopqrstuvwxyz' }, 'client'],
    ['that is an ID token', { token_use: 'id', client_id: undefined, aud: 'client' }, 'token-use'],
    ['that says nothing of its use', { token_use: undefined }, 'token-use'],
    ['that has expired', { exp: 1_000_000_000 }, 'expired'],
    ['that expired a second ago', { exp: Math.floor(Date.now() / 1000) - 1 }, 'expired'],
    ['that is not yet valid', { nbf: 4_000_000_000 }, 'not-yet-valid'],
    ['without the scope', { scope: 'openid' }, 'scope'],
    ['without a tenant', { tenant: undefined }, 'tenant'],
    ['of two tenants', { tenant: ['demo', 'other'] }, 'tenant'],
    ['with a role that is none', { role: 'root' }, 'role'],
  ];
  const forgeries: readonly (readonly [string, () => string, string])[] = [
    ['of an issuer that has a server', () => tokens.right({ iss: foreign.url }), 'issuer'],
    [
      'with alg none',
      () => tokens.unsigned({ ...rs256(), alg: 'none' }, tokens.claims(), () => ''),
      'malformed',
    ],
    [
      'with alg none and a signature',
      () => tokens.signed({ ...rs256(), alg: 'none' }),
      'algorithm',
    ],
    ['with alg nOnE', () => tokens.signed({ ...rs256(), alg: 'nOnE' }), 'algorithm'],
    ['with HS256 by the public key as PEM', () => hs256(pem), 'algorithm'],
    ['with HS256 by the public key as JWK', () => hs256((jwk) => JSON.stringify(jwk)), 'algorithm'],
    [
      'with HS256 by the public key’s modulus',
      () => hs256(({ n }) => Buffer.from(n, 'base64url')),
      'algorithm',
    ],
    [
      'with another algorithm than its key is for',
      () => tokens.signed({ ...rs256(), alg: 'RS512' }),
      'key',
    ],
    [
      'under the kid of the pool’s other key',
      () => tokens.signed({ alg: 'RS256', kid: published[1]?.kid }),
      'signature',
    ],
    ['by a stranger’s key under a kid of the pool', () => forged(rs256()), 'signature'],
    ['without a kid', () => tokens.signed({ alg: 'RS256' }), 'header'],
    ['with a jwk, which signed it', () => forged({ ...rs256(), jwk: strangersJwk() }), 'header'],
    [
      'with a jku, whose key signed it',
      () => forged({ ...rs256(), jku: `${foreign.url}/jwks.json` }),
      'header',
    ],
    [
      'with an x5u, whose key signed it',
      () => forged({ ...rs256(), x5u: `${foreign.url}/cert.pem` }),
      'header',
    ],
    ['with an x5c, whose key signed it', () => forged({ ...rs256(), x5c: ['MIIB'] }), 'header'],
    [
      'with a jku, though its signature is true',
      () => tokens.signed({ ...rs256(), jku: `${foreign.url}/jwks.json` }),
      'header',
    ],
    [
      'with crit, though its signature is true',
      () => tokens.signed({ ...rs256(), crit: ['exp'], exp: 1 }),
      'header',
    ],
    [
      'with a claim twice, though its signature is true',
      () => withTwice('tenant', 'other'),
      'duplicate-name',
    ],
    ['with exp twice, though its signature is true', () => withTwice('exp', 1), 'duplicate-name'],
    [
      'with alg twice, though its signature is true',
      () => tokens.signed(`{"alg":"none","alg":"RS256","kid":"${kid()}"}`),
      'duplicate-name',
    ],
    [
      'of 9 KB, though its signature is true',
      () => tokens.right({ padding: 'x'.repeat(6_200) }),
      'too-long',
    ],
  ];
  it.each([
    ...claims.map(
      ([what, changes, reason]) => [what, () => tokens.right(changes), reason] as const,
    ),
    ...forgeries,
  ])('%s', async (_, make, reason) => {
    const before = traffic();
    const answer = await call(make());
    expect(answer).toMatchObject({ status: 401, json: { id: null, code: 'UNAUTHENTICATED' } });
    expect(answer.headers.get('www-authenticate')).toContain('resource_metadata="');
    expect(since(before)).toEqual(nothing);
    const requestId = answer.headers.get('x-amzn-requestid') ?? expect.fail('no request id');
    await expect.poll(() => refusalOf(requestId)).toContain(`"reason":"${reason}"`);
  });

  it('of a tenant that is not there, after the one read that tells so', async () => {
    const before = traffic();
    const answer = await call(tokens.right({ tenant: 'nobody' }));
    expect(answer.status).toBe(401);
    expect(since(before)).toEqual({ ...nothing, aws: 1 });
    const requestId = answer.headers.get('x-amzn-requestid') ?? expect.fail('no request id');
    await expect.poll(() => refusalOf(requestId)).toContain('"reason":"unknown-tenant"');
  });

  it('with a payload that was changed', async () => {
    const [head, , signature] = tokens.right().split('.');
    const [, payload] = tokens.right({ role: 'admin' }).split('.');
    const before = traffic();
    expect((await call(`${head}.${payload}.${signature}`)).status).toBe(401);
    expect(since(before)).toEqual(nothing);
  });
});

it.each([12_000, 100_000])(
  'a token of %d bytes is more than API Gateway reads: 431, and no function hears of it',
  async (bytes) => {
    const before = traffic();
    const asked = statsOf('AuthorizerFunction').invocations;
    const token = tokens.right({ padding: 'x'.repeat(Math.ceil((bytes * 3) / 4)) });
    expect(token.length).toBeGreaterThan(bytes);
    expect((await call(token)).status).toBe(431);
    expect(since(before)).toEqual(nothing);
    expect(statsOf('AuthorizerFunction').invocations).toBe(asked);
  },
);

describe('keys of the pool', () => {
  /** The authorizer reads the JWKS at most once in ten seconds. */
  const patience = { timeout: 25_000, interval: 500 };

  it('1,000 tokens with a kid that nobody has cause at most a handful of fetches', async () => {
    const before = traffic();
    const startedAt = Date.now();
    const withoutKey = (text: string) => text.split('"reason":"key"').length - 1;
    const known = withoutKey(running.everythingWritten());
    for (let batch = 0; batch < 50; batch++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => call(forged({ alg: 'RS256', kid: randomUUID() }))),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    }
    const { jwks, ...others } = since(before);
    expect(others).toEqual({ mcp: 0, aws: 0, foreign: 0 });
    expect(jwks).toBeLessThanOrEqual(1 + Math.ceil((Date.now() - startedAt) / 10_000));
    expect(jwks).toBeLessThanOrEqual(5);
    await expect.poll(() => withoutKey(running.everythingWritten())).toBe(known + 1_000);
  });

  it('a rotated key is picked up without a restart, and the old one goes on', async () => {
    const { coldStarts } = statsOf('AuthorizerFunction');
    const old = tokens.right();
    pool.rotateSigningKey();
    expect(tokens.kid()).not.toBe(kid());
    await expect.poll(async () => (await call(tokens.right())).status, patience).toBe(200);
    expect((await call(old)).status).toBe(200);
    expect(statsOf('AuthorizerFunction').coldStarts).toBe(coldStarts);
  });

  it('that cannot be fetched stay closed when they are new, and in service when they are known', async () => {
    const { coldStarts } = statsOf('AuthorizerFunction');
    const known = [tokens.right(), tokens.right()];
    pool.cutJwks(true);
    pool.rotateSigningKey();
    const before = traffic();
    const seen = new Set<number>();
    await expect
      .poll(async () => {
        const { status } = await call(tokens.right());
        seen.add(status);
        return status;
      }, patience)
      .toBe(503);
    const answer = await call(tokens.right());
    expect(answer).toMatchObject({ status: 503, json: { code: 'UNAVAILABLE' } });
    expect([...seen].filter((status) => status !== 401 && status !== 503)).toEqual([]);
    const { jwks, ...others } = since(before);
    expect(others).toEqual({ mcp: 0, aws: 0, foreign: 0 });
    expect(jwks).toBeGreaterThan(0);
    await expect
      .poll(() => running.everythingWritten())
      .toMatch(/"event":"auth\.failed"[^\n]*"error":"JwksUnavailableError"/);

    expect((await call(known[0] ?? '')).status).toBe(200);
    pool.cutJwks(false);
    await expect.poll(async () => (await call(tokens.right())).status, patience).toBe(200);
    expect((await call(known[1] ?? '')).status).toBe(200);
    expect(statsOf('AuthorizerFunction').coldStarts).toBe(coldStarts);
  });
});

it('nothing of any token has been written down', async () => {
  await running.stop();
  const written = running.everythingWritten();
  expect(sent.length).toBeGreaterThan(1_000);
  const parts = new Set(sent.flatMap((token) => token.split('.').slice(1)));
  const secrets = [...parts].filter((part) => part.length > 20).map((part) => part.slice(0, 200));
  expect(secrets.filter((part) => written.includes(part))).toEqual([]);
});

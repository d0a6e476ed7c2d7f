import { describe, expect, it } from 'vitest';
import { createHandler } from '../../lambdas/authorizer/handler.ts';
import { JwksUnavailableError } from '../../src/credentials/jwks-source.ts';
import type { AccessTokenVerifier } from '../../src/credentials/verify-access-token.ts';
import type { Verification } from '../../src/credentials/verify-api-key.ts';
import { createLog } from '../../src/log/log.ts';
import { failureOf } from './admin-fixtures.ts';

const methodArn = 'arn:aws:execute-api:eu-central-1:123456789012:abc123/live/POST/mcp';
const token = 'smcp_acme_canary-4c1f';

const verified: Verification = {
  kind: 'verified',
  principal: {
    tenant: 'acme',
    subject: 'key:0Ab3xYz9',
    role: 'readonly',
    lane: 'key',
    plan: 'pro',
    keyId: '0Ab3xYz9',
    cidrs: ['203.0.113.0/24', '2001:db8::/32'],
    expiresAt: 1_900_000_000,
  },
  usageKey: 'usage-key-of-acme-0001',
};

/** A REQUEST authorizer's event as API Gateway makes it. */
const anEvent = (headers: Record<string, string>, multi?: Record<string, string[]>) => ({
  type: 'REQUEST',
  methodArn,
  resource: '/mcp',
  path: '/mcp',
  httpMethod: 'POST',
  headers,
  multiValueHeaders:
    multi ??
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]] as const)),
  queryStringParameters: {},
  pathParameters: {},
  stageVariables: {},
  requestContext: {
    requestId: 'req-1',
    stage: 'live',
    identity: { sourceIp: '203.0.113.7' },
  },
});
const authorized = anEvent({ Authorization: `Bearer ${token}` });

/** The authorizer over a verifier that answers as told. */
const anAuthorizer = (answer: () => Promise<Verification> = async () => verified) => {
  const asked: (readonly [string, string])[] = [];
  const lines: string[] = [];
  const handler = createHandler({
    verifyApiKey: async (...args) => {
      asked.push(args);
      return answer();
    },
    log: createLog(
      (line) => void lines.push(line),
      () => Date.UTC(2026, 10, 21, 5),
    ),
  });
  return { asked, lines, authorize: (event: unknown) => handler(event, {} as never) };
};

const refusal = (reason: string, keyId?: string) => async () =>
  ({ kind: 'refused', reason, ...(keyId === undefined ? {} : { keyId }) }) as Verification;

describe('a credential that is right', () => {
  it('is answered with a policy for every route of the stage, the principal and the usage key', async () => {
    const { authorize, asked, lines } = anAuthorizer();
    expect(await authorize(authorized)).toEqual({
      principalId: 'acme/key:0Ab3xYz9',
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'execute-api:Invoke',
            Effect: 'Allow',
            Resource: 'arn:aws:execute-api:eu-central-1:123456789012:abc123/live/*',
          },
        ],
      },
      context: {
        tenant: 'acme',
        subject: 'key:0Ab3xYz9',
        role: 'readonly',
        lane: 'key',
        plan: 'pro',
        keyId: '0Ab3xYz9',
        cidrs: '203.0.113.0/24,2001:db8::/32',
        expiresAt: '1900000000',
      },
      usageIdentifierKey: 'usage-key-of-acme-0001',
    });
    expect(asked).toEqual([[token, '203.0.113.7']]);
    expect(lines).toEqual([]);
  });

  it('gets the same policy whatever route it was first used on', async () => {
    const { authorize } = anAuthorizer();
    const [api] = methodArn.split('/');
    const answers = await Promise.all(
      ['POST/mcp', 'GET/tools', 'POST/tools/a/b', 'GET/'].map((route) =>
        authorize({ ...authorized, methodArn: `${api}/live/${route}` }),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(JSON.stringify(answers)).not.toMatch(/POST|GET|tools|mcp/);
  });

  it('opens its own stage only', async () => {
    const { authorize } = anAuthorizer();
    const answer = await authorize({ ...authorized, methodArn: methodArn.replace('live', 'test') });
    expect(JSON.stringify(answer)).toContain('abc123/test/*');
    expect(JSON.stringify(answer)).not.toContain('live');
  });

  it('has nothing in its context that API Gateway would refuse', async () => {
    const { authorize } = anAuthorizer(async () => ({
      ...verified,
      principal: { tenant: 'a', subject: 'key:b', role: 'user', lane: 'key', plan: 'free' },
    }));
    const answer = (await authorize(authorized)) as { context: Record<string, unknown> };
    expect(answer.context).toEqual({
      tenant: 'a',
      subject: 'key:b',
      role: 'user',
      lane: 'key',
      plan: 'free',
    });
  });

  it.each(['authorization', 'AUTHORIZATION', 'aUtHoRiZaTiOn'])('is read from %s', async (name) => {
    const { authorize, asked } = anAuthorizer();
    await authorize(anEvent({ Host: 'example.com', [name]: `Bearer ${token}` }));
    expect(asked).toEqual([[token, '203.0.113.7']]);
  });

  it.each([`bearer ${token}`, `BEARER ${token}`, `Bearer   ${token}`, `Bearer ${token} `])(
    'is read from "%s" (RFC 7235 §2.1: the scheme has no case)',
    async (value) => {
      const { authorize, asked } = anAuthorizer();
      await authorize(anEvent({ Authorization: value }));
      expect(asked).toEqual([[token, '203.0.113.7']]);
    },
  );
});

describe('a credential that is refused', () => {
  const everyReason = [
    'malformed',
    'unknown',
    'secret',
    'tenant',
    'pepper-version',
    'revoked',
    'expired',
    'source',
  ] as const;

  it.each(everyReason)('for "%s" is answered with exactly Unauthorized', async (reason) => {
    const { authorize } = anAuthorizer(refusal(reason, '0Ab3xYz9'));
    const failure = await failureOf(authorize(authorized));
    expect(failure.message).toBe('Unauthorized');
    expect(failure.cause).toBeUndefined();
    expect(Object.keys(failure)).toEqual([]);
  });

  it.each([
    ['no header', anEvent({ Host: 'example.com' })],
    ['an empty header', anEvent({ Authorization: '' })],
    ['no token', anEvent({ Authorization: 'Bearer ' })],
    ['no scheme', anEvent({ Authorization: token })],
    ['another scheme', anEvent({ Authorization: `Basic ${token}` })],
    ['two tokens', anEvent({ Authorization: `Bearer ${token} ${token}` })],
    ['a tab for a space', anEvent({ Authorization: `Bearer\t${token}` })],
    ['the key header of other gateways', anEvent({ 'X-Api-Key': token })],
    [
      'two headers that differ in case',
      anEvent({ Authorization: `Bearer ${token}`, authorization: `Bearer ${token}` }),
    ],
    [
      'one header sent twice',
      anEvent(
        { Authorization: `Bearer ${token}` },
        { Authorization: ['Bearer other', `Bearer ${token}`] },
      ),
    ],
    [
      'one header sent twice with the same value',
      anEvent(
        { Authorization: `Bearer ${token}` },
        { Authorization: [`Bearer ${token}`, `Bearer ${token}`] },
      ),
    ],
  ])('%s is not looked up', async (_, event) => {
    const { authorize, asked, lines } = anAuthorizer();
    expect((await failureOf(authorize(event))).message).toBe('Unauthorized');
    expect(asked).toEqual([]);
    expect(lines).toEqual([
      '{"ts":"2026-11-21T05:00:00.000Z","level":"WARN","event":"auth.refused","requestId":"req-1","reason":"malformed"}',
    ]);
  });

  it('an event without multiValueHeaders is as good', async () => {
    const { authorize, asked } = anAuthorizer();
    await authorize({ ...authorized, multiValueHeaders: null });
    expect(asked).toHaveLength(1);
  });
});

describe('an access token', () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnktNGMxZiJ9.c2lnbmF0dXJl';
  const presented = anEvent({ Authorization: `Bearer ${jwt}` });

  const aLane = (verifyAccessToken?: AccessTokenVerifier) => {
    const keys: string[] = [];
    const lines: string[] = [];
    const handler = createHandler({
      verifyApiKey: async (key) => {
        keys.push(key);
        return { kind: 'refused', reason: 'malformed' };
      },
      verifyAccessToken,
      log: createLog(
        (line) => void lines.push(line),
        () => Date.UTC(2026, 10, 21, 5),
      ),
    });
    return { keys, lines, authorize: (event: unknown) => handler(event, {} as never) };
  };

  it('is answered like a key, and is no key’s business', async () => {
    const { authorize, keys } = aLane(async (token) => {
      expect(token).toBe(jwt);
      return {
        kind: 'verified',
        principal: {
          tenant: 'acme',
          subject: 'jwt:ada',
          role: 'user',
          lane: 'jwt',
          plan: 'pro',
          expiresAt: 1_900_000_000,
        },
        usageKey: 'usage-key-of-acme-0001',
      };
    });
    expect(await authorize(presented)).toMatchObject({
      principalId: 'acme/jwt:ada',
      context: {
        tenant: 'acme',
        subject: 'jwt:ada',
        role: 'user',
        lane: 'jwt',
        plan: 'pro',
        expiresAt: '1900000000',
      },
      usageIdentifierKey: 'usage-key-of-acme-0001',
    });
    expect(keys).toEqual([]);
  });

  it('is refused where no issuer is trusted', async () => {
    const { authorize, keys, lines } = aLane();
    expect((await failureOf(authorize(presented))).message).toBe('Unauthorized');
    expect(keys).toEqual([]);
    expect(lines).toEqual([
      '{"ts":"2026-11-21T05:00:00.000Z","level":"WARN","event":"auth.refused","requestId":"req-1","reason":"no-issuers"}',
    ]);
  });

  it('that is refused ends in Unauthorized, and is not written down', async () => {
    const { authorize, lines } = aLane(async () => ({ kind: 'refused', reason: 'signature' }));
    expect((await failureOf(authorize(presented))).message).toBe('Unauthorized');
    expect(lines.join()).toContain('"reason":"signature"');
    expect(lines.join()).not.toMatch(/eyJ|canary/);
  });

  it('whose keys cannot be read is no 401', async () => {
    const { authorize, lines } = aLane(async () => {
      throw new JwksUnavailableError('the keys of an issuer cannot be read', {
        cause: Object.assign(new Error(jwt), { code: 'ECONNREFUSED' }),
      });
    });
    expect((await failureOf(authorize(presented))).message).toBe('Authorizer unavailable');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      event: 'auth.failed',
      error: 'JwksUnavailableError',
      causeCode: 'ECONNREFUSED',
    });
    expect(lines.join()).not.toMatch(/eyJ|canary/);
  });

  it.each(['opaque', 'a.b', 'a.b.c.d.e', 'a..c', 'a.b.', `SMCP_acme_x`])(
    'is not what "%s" is',
    async (credential) => {
      const { authorize, keys, lines } = aLane(async () => {
        throw new Error('asked');
      });
      const event = anEvent({ Authorization: `Bearer ${credential}` });
      expect((await failureOf(authorize(event))).message).toBe('Unauthorized');
      expect(keys).toEqual([]);
      expect(lines.join()).toContain('"reason":"malformed"');
    },
  );
});

describe('the log', () => {
  it('names the key that was refused once the secret was looked at', async () => {
    const { authorize, lines } = anAuthorizer(refusal('revoked', '0Ab3xYz9'));
    await failureOf(authorize(authorized));
    expect(lines).toEqual([
      '{"ts":"2026-11-21T05:00:00.000Z","level":"WARN","event":"auth.refused","requestId":"req-1","reason":"revoked","keyId":"0Ab3xYz9"}',
    ]);
  });

  it('does not repeat a key id that nobody has', async () => {
    const { authorize, lines } = anAuthorizer(refusal('unknown', 'Canary00'));
    await failureOf(authorize(authorized));
    expect(lines).toEqual([
      '{"ts":"2026-11-21T05:00:00.000Z","level":"WARN","event":"auth.refused","requestId":"req-1","reason":"unknown"}',
    ]);
  });

  it('never holds the token, however the request ends', async () => {
    const failing = async () => {
      throw new Error(`cannot look up ${token}`, { cause: new Error(token) });
    };
    for (const answer of [
      undefined,
      refusal('secret', '0Ab3xYz9'),
      refusal('malformed'),
      failing,
    ]) {
      const { authorize, lines } = anAuthorizer(answer);
      await authorize(authorized).catch(() => undefined);
      await authorize(anEvent({ Authorization: token })).catch(() => undefined);
      await authorize({ ...authorized, requestContext: token }).catch(() => undefined);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.join('\n')).not.toMatch(/canary|smcp_/);
    }
  });
});

describe('an authorizer that cannot decide', () => {
  const canary = 'canary-pepper';
  const failing = async (): Promise<never> => {
    throw Object.assign(new Error(`no access to ${canary}`, { cause: new Error(canary) }), {
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 400 },
    });
  };

  it('fails with another error than Unauthorized, which says nothing of the cause', async () => {
    const { authorize } = anAuthorizer(failing);
    const failure = await failureOf(authorize(authorized));
    expect(failure.message).toBe('Authorizer unavailable');
    expect(failure.name).toBe('Error');
    expect(failure.cause).toBeUndefined();
    expect(`${failure.stack}${JSON.stringify(failure)}`).not.toMatch(/canary|AccessDenied/);
  });

  it('logs the kind of error, its status and the request id, not its message', async () => {
    const { authorize, lines } = anAuthorizer(failing);
    await failureOf(authorize(authorized));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'ERROR',
      event: 'auth.failed',
      requestId: 'req-1',
      error: 'AccessDeniedException',
      errorStatus: 400,
      cause: 'Error',
    });
    expect(lines[0]).not.toContain(canary);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a TOKEN authorizer’s event', { type: 'TOKEN', methodArn, authorizationToken: token }],
    ['no method ARN', { ...authorized, methodArn: undefined }],
    ['a method ARN that is none', { ...authorized, methodArn: '*' }],
    ['no headers', { ...authorized, headers: null }],
    ['no source address', { ...authorized, requestContext: { requestId: 'r', identity: {} } }],
  ])('an event that is not of a REQUEST authorizer (%s) is no 401', async (_, event) => {
    const { authorize, asked } = anAuthorizer();
    expect((await failureOf(authorize(event))).message).toBe('Authorizer unavailable');
    expect(asked).toEqual([]);
  });
});

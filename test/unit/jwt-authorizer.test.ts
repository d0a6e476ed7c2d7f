import { beforeAll, describe, expect, it } from 'vitest';
import { createHandler } from '../../lambdas/authorizer/handler.ts';
import { createLog } from '../../src/log/log.ts';
import {
  aSigningKey,
  aTokenWorld,
  signed,
  userClaims,
  type SigningKey,
} from './support/jwt-issuer.ts';

let key: SigningKey;
beforeAll(async () => {
  key = await aSigningKey('key-1');
});

const anEvent = (token: string) => ({
  type: 'REQUEST',
  methodArn: 'arn:aws:execute-api:eu-central-1:123456789012:abc123/live/POST/mcp',
  headers: { Authorization: `Bearer ${token}` },
  multiValueHeaders: { Authorization: [`Bearer ${token}`] },
  requestContext: { requestId: 'req-1', identity: { sourceIp: '203.0.113.7' } },
});

/** The authorizer's handler over the real verifier, whose issuer is a server of the test. */
const anAuthorizer = async () => {
  const world = await aTokenWorld({ keys: [key] });
  const lines: string[] = [];
  const handler = createHandler({
    verifyApiKey: () => expect.fail('a token is no API key'),
    verifyAccessToken: world.verify,
    log: createLog(
      (line) => void lines.push(line),
      () => Date.UTC(2026, 10, 21, 5),
    ),
  });
  return {
    world,
    lines,
    authorize: (token: string) => handler(anEvent(token), {} as never),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
};

describe('the authorizer, given a token', () => {
  it('that is right answers with its caller', async () => {
    await using authorizer = await anAuthorizer();
    expect(await authorizer.authorize(await signed(userClaims(), key))).toMatchObject({
      principalId: 'acme/jwt:0f9c2b1e-7a51-4f0e-9d3c-aaaaaaaaaaaa',
      context: { tenant: 'acme', lane: 'jwt', role: 'readonly', plan: 'pro' },
      usageIdentifierKey: 'usage-key-of-acme-0001',
    });
    expect(authorizer.lines).toEqual([]);
  });

  // Through API Gateway no such header comes: it takes 10,240 bytes of headers in all.
  it.each([9_000, 100_000])(
    'of more than %d bytes says Unauthorized, which is 401, and looks no further',
    async (bytes) => {
      await using authorizer = await anAuthorizer();
      const token = await signed({ ...userClaims(), padding: 'x'.repeat(bytes) }, key);
      expect(token.length).toBeGreaterThan(bytes);
      await expect(authorizer.authorize(token)).rejects.toThrow(/^Unauthorized$/);
      expect(authorizer.world.fetches).toEqual([]);
      expect(authorizer.world.read).toEqual([]);
      expect(authorizer.lines).toEqual([
        '{"ts":"2026-11-21T05:00:00.000Z","level":"WARN","event":"auth.refused","requestId":"req-1","reason":"too-long"}',
      ]);
    },
  );
});

import { beforeAll, describe, expect, it } from 'vitest';
import { JwksUnavailableError } from '../../src/credentials/jwks-source.ts';
import { failureOf } from './admin-fixtures.ts';
import {
  aSigningKey,
  aTokenWorld,
  signed,
  userClaims,
  type SigningKey,
} from './support/jwt-issuer.ts';

const minute = 60_000;
const hour = 60 * minute;

let key: SigningKey;
let next: SigningKey;
beforeAll(async () => {
  [key, next] = await Promise.all([aSigningKey('key-1'), aSigningKey('key-2')]);
});

const verified = { kind: 'verified' };
const unknownKey = { kind: 'refused', reason: 'key' };

describe('keys of an issuer', () => {
  it('are fetched when first needed, once for everyone who waits, and kept', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    expect(world.fetches).toHaveLength(0);
    const token = await signed(userClaims(), key);
    const answers = await Promise.all(Array.from({ length: 50 }, () => world.verify(token)));
    expect(answers.every(({ kind }) => kind === 'verified')).toBe(true);
    world.state.ahead = 59 * minute;
    await world.verify(token);
    expect(world.fetches).toHaveLength(1);
  });

  it('that are new are picked up without a restart', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    await world.verify(await signed(userClaims(), key));
    world.state.jwks = { keys: [key.jwk, next.jwk] };
    const token = await signed(userClaims(), next);
    expect(await world.verify(token)).toEqual(unknownKey);
    world.state.ahead = 10_000;
    expect(await world.verify(token)).toMatchObject(verified);
    expect(await world.verify(await signed(userClaims(), key))).toMatchObject(verified);
    expect(world.fetches).toHaveLength(2);
  });

  it('that were taken out are refused once they are read again, after an hour at most', async () => {
    await using world = await aTokenWorld({ keys: [key, next] });
    const token = await signed(userClaims(), next);
    expect(await world.verify(token)).toMatchObject(verified);
    world.state.jwks = { keys: [key.jwk] };
    world.state.ahead = hour;
    expect(await world.verify(token)).toEqual(unknownKey);
    expect(await world.verify(await signed(userClaims(), key))).toMatchObject(verified);
    expect(world.fetches).toHaveLength(2);
  });

  it('that changed under the same kid verify what the new one signed, and nothing else', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    const successor = await aSigningKey(key.kid);
    const old = await signed(userClaims(), key);
    expect(await world.verify(old)).toMatchObject(verified);
    world.state.jwks = { keys: [successor.jwk] };
    world.state.ahead = hour;
    expect(await world.verify(await signed(userClaims(), successor))).toMatchObject(verified);
    expect(await world.verify(old)).toEqual({ kind: 'refused', reason: 'signature' });
  });

  it('are not fetched again for 1,000 tokens of keys that nobody has', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    const [, payload, signature] = (await signed(userClaims(), key)).split('.');
    const forged = Array.from({ length: 1_000 }, (_, index) => {
      const header = { alg: 'RS256', kid: `${index}-${Math.random()}` };
      return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
    });
    for (const [index, token] of forged.entries()) {
      world.state.ahead = index * 30;
      expect(await world.verify(token)).toEqual(unknownKey);
    }
    // Thirty seconds of them: one fetch, and one each ten seconds.
    expect(world.fetches.length).toBeLessThanOrEqual(4);
    expect(await world.verify(await signed(userClaims(), key))).toMatchObject(verified);
  });
});

describe('an endpoint that cannot be reached', () => {
  it('fails closed when no key is held, and is asked again after a pause only', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    world.state.up = false;
    const token = await signed(userClaims(), key);
    for (let times = 0; times < 20; times++) {
      expect(await failureOf(world.verify(token))).toBeInstanceOf(JwksUnavailableError);
    }
    expect(world.fetches).toHaveLength(1);
    world.state.up = true;
    world.state.ahead = 10_000;
    expect(await world.verify(token)).toMatchObject(verified);
  });

  it('leaves known keys in service, and unknown ones undecided', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    const token = await signed(userClaims(), key);
    await world.verify(token);
    world.state.up = false;
    for (const ahead of [minute, 2 * hour, 23 * hour]) {
      world.state.ahead = ahead;
      expect(await world.verify(token)).toMatchObject(verified);
      const stranger = await signed(userClaims(), next);
      expect(await failureOf(world.verify(stranger))).toBeInstanceOf(JwksUnavailableError);
    }
    expect(world.fetches).toHaveLength(4);
  });

  it('leaves them in service for a day', async () => {
    await using world = await aTokenWorld({ keys: [key] });
    const token = await signed(userClaims(), key);
    await world.verify(token);
    world.state.up = false;
    world.state.ahead = 24 * hour;
    expect(await failureOf(world.verify(token))).toBeInstanceOf(JwksUnavailableError);
  });

  it('is one that answers what holds no key, too', async () => {
    for (const keys of [[], [{ kty: 'oct', k: 'AAAA', kid: 'key-1', alg: 'HS256' }]]) {
      await using world = await aTokenWorld({ keys: [key] });
      world.state.jwks = { keys };
      const token = await signed(userClaims(), key);
      expect(await failureOf(world.verify(token))).toBeInstanceOf(JwksUnavailableError);
    }
  });
});

import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { openid } from '../suites/openid-client.ts';
import { redirectUrl } from './support/oauth-application.ts';
import { runTwin, type RunningTwin } from './support/running-twin.ts';
import { machineClient, publicClientId, signIn } from './support/sign-in.ts';
import { askForToken, callWith } from './support/token-endpoint.ts';

// openid-client refuses what the RFCs forbid; the one thing it is asked to bear is http, as the twin has no certificate.
const { allowInsecureRequests } = openid;

let running: RunningTwin;
beforeAll(async () => {
  running = await runTwin();
  await createTenant(running.admin, { tenant: 'demo', plan: 'premium' });
});
afterAll(() => running?.[Symbol.asyncDispose]());

type Configuration = Awaited<ReturnType<typeof openid.discovery>>;

const discover = (algorithm: 'oauth2' | 'oidc' = 'oauth2'): Promise<Configuration> =>
  openid.discovery(new URL(running.twin.url), publicClientId(running), undefined, openid.None(), {
    algorithm,
    execute: [allowInsecureRequests],
  });

/** A person signs in. @returns what the client needs to redeem the answer. */
const authorize = async (config: Configuration) => {
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUrl,
    scope: 'drawbridge/mcp',
    resource: running.mcpUrl,
    state: expectedState,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const end = await signIn(running, url);
  return { answer: end.url, checks: { pkceCodeVerifier, expectedState } };
};

const tokensOf = async (config: Configuration) => {
  const { answer, checks } = await authorize(config);
  return openid.authorizationCodeGrant(config, answer, checks, { resource: running.mcpUrl });
};

/** As a resource server would: by the keys that the authorization server names. */
const verified = async (config: Configuration, accessToken: string) => {
  const { jwks_uri: jwksUri } = config.serverMetadata();
  const keys = createRemoteJWKSet(new URL(jwksUri ?? expect.fail('no jwks_uri')));
  const { payload } = await jwtVerify(accessToken, keys, {
    algorithms: ['RS256'],
    audience: running.mcpUrl,
    requiredClaims: ['exp', 'iat', 'sub', 'scope'],
  });
  return payload;
};

describe.each(['oauth2', 'oidc'] as const)('openid-client, by %s discovery', (algorithm) => {
  it('signs in, gets a token for this server, calls, and refreshes', async () => {
    const config = await discover(algorithm);
    expect(config.serverMetadata()).toMatchObject({
      issuer: running.twin.url,
      authorization_response_iss_parameter_supported: true,
    });
    expect(config.serverMetadata().supportsPKCE()).toBe(true);
    const tokens = await tokensOf(config);
    expect(tokens.token_type).toBe('bearer');
    expect(tokens.expiresIn()).toBeGreaterThan(3_500);
    expect(tokens.id_token).toBeUndefined();
    expect(await verified(config, tokens.access_token)).toMatchObject({
      aud: running.mcpUrl,
      scope: 'drawbridge/mcp',
      token_use: 'access',
      tenant: 'demo',
    });
    expect((await callWith(running, tokens.access_token)).status).toBe(200);

    const refreshToken = tokens.refresh_token ?? expect.fail('no refresh token');
    const refreshed = await openid.refreshTokenGrant(config, refreshToken, {
      resource: running.mcpUrl,
    });
    expect(refreshed.access_token).not.toBe(tokens.access_token);
    expect(await verified(config, refreshed.access_token)).toMatchObject({ aud: running.mcpUrl });
    expect((await callWith(running, refreshed.access_token)).status).toBe(200);
  });
});

describe('openid-client', () => {
  it('registers, and is handed an id to go on with', async () => {
    const config = await openid.dynamicClientRegistration(
      new URL(running.twin.url),
      { redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' },
      openid.None(),
      { algorithm: 'oauth2', execute: [allowInsecureRequests] },
    );
    const { access_token: token } = await tokensOf(config);
    expect((await callWith(running, token)).status).toBe(200);
  });

  it.each([
    ['of another issuer', (url: URL) => url.searchParams.set('iss', 'https://attacker.example')],
    ['without an issuer', (url: URL) => url.searchParams.delete('iss')],
    ['with another state', (url: URL) => url.searchParams.set('state', 'of-somebody-else')],
  ])('finds out an answer %s', async (_, forge) => {
    const config = await discover();
    const { answer, checks } = await authorize(config);
    const forged = new URL(answer);
    forge(forged);
    await expect(openid.authorizationCodeGrant(config, forged, checks)).rejects.toMatchObject({
      code: 'OAUTH_INVALID_RESPONSE',
    });
    // The answer itself was good.
    expect(await openid.authorizationCodeGrant(config, answer, checks)).toHaveProperty(
      'access_token',
    );
  });

  const invalidGrant = { error: 'invalid_grant', status: 400 };

  it('cannot redeem a code twice, nor with another verifier', async () => {
    const config = await discover();
    const { answer, checks } = await authorize(config);
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    await expect(
      openid.authorizationCodeGrant(config, answer, { ...checks, pkceCodeVerifier }),
    ).rejects.toMatchObject(invalidGrant);
    await openid.authorizationCodeGrant(config, answer, checks);
    await expect(openid.authorizationCodeGrant(config, answer, checks)).rejects.toMatchObject(
      invalidGrant,
    );
  });

  it('is told invalid_target for a resource that is not this server', async () => {
    const config = await discover();
    const { answer, checks } = await authorize(config);
    const resource = 'https://elsewhere.example/mcp';
    await expect(
      openid.authorizationCodeGrant(config, answer, checks, { resource }),
    ).rejects.toMatchObject({ error: 'invalid_target', status: 400 });
  });

  it('is told invalid_grant for a refresh token that is none, or is of another kind', async () => {
    const config = await discover();
    const tokens = await tokensOf(config);
    const code = (await authorize(config)).answer.searchParams.get('code') ?? '';
    for (const foreign of ['none', tokens.access_token, code]) {
      await expect(openid.refreshTokenGrant(config, foreign)).rejects.toMatchObject(invalidGrant);
    }
  });

  it('is told invalid_grant for a refresh token of another pool', async () => {
    await using other = await runTwin();
    await createTenant(other.admin, { tenant: 'demo', plan: 'premium' });
    const refreshToken = (await tokensOf(await discover())).refresh_token ?? '';
    const { status, json } = await askForToken(other, {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: publicClientId(other),
    });
    expect({ status, error: json['error'] }).toEqual(invalidGrant);
    expect(json).not.toHaveProperty('access_token');
  });

  it.each([
    ['by the Authorization header', openid.ClientSecretBasic],
    ['in the body', openid.ClientSecretPost],
  ])('gets a token for a client with a secret, sent %s', async (_, authentication) => {
    const { clientId, clientSecret } = machineClient(running);
    const config = await openid.discovery(
      new URL(running.twin.url),
      clientId,
      undefined,
      authentication(clientSecret),
      { algorithm: 'oauth2', execute: [allowInsecureRequests] },
    );
    const tokens = await openid.clientCredentialsGrant(config, { scope: 'drawbridge/mcp' });
    expect(tokens.refresh_token).toBeUndefined();
    expect((await callWith(running, tokens.access_token)).status).toBe(200);
  });
});

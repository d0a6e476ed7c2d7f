import { describe, expect, test } from 'vitest';
import {
  Browser,
  callback,
  client,
  CognitoFixture,
  issuer,
  mcp,
  poolId,
  replacing,
} from './cognito-fixture.ts';

describe('signing in', () => {
  test('gives a code, and for it the three tokens in the shape that Cognito writes', async () => {
    await using it = await CognitoFixture.start();
    const back = await it.signIn();
    expect(`${back.origin}${back.pathname}`).toBe(callback);
    expect([...back.searchParams.keys()].sort()).toEqual(['code', 'state']);
    expect(back.searchParams.get('state')).toBe('state-1');

    const { status, body } = await it.exchange(back.searchParams.get('code'));
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(
      ['access_token', 'expires_in', 'id_token', 'refresh_token', 'token_type'].sort(),
    );
    const access = await it.claims(body['access_token']);
    expect(access).toEqual({
      sub: expect.stringMatching(/^[0-9a-f-]{36}$/u) as string,
      'cognito:groups': ['tenant.demo', 'role.user'],
      iss: issuer,
      version: 2,
      client_id: 'public',
      origin_jti: expect.any(String) as string,
      token_use: 'access',
      scope: 'openid drawbridge/mcp',
      auth_time: expect.any(Number) as number,
      exp: expect.any(Number) as number,
      iat: expect.any(Number) as number,
      jti: expect.any(String) as string,
      username: 'demo',
    });
    expect(Number(access['exp']) - Number(access['iat'])).toBe(3600);
    const id = await it.claims(body['id_token']);
    expect(id).toMatchObject({
      token_use: 'id',
      aud: 'public',
      iss: issuer,
      sub: access['sub'],
      'cognito:username': 'demo',
      email: 'demo@example.com',
      email_verified: true,
    });
    expect(it.errors).toEqual([]);
  });

  test('with `resource` gives an access token with that audience, and keeps it when refreshed', async () => {
    await using it = await CognitoFixture.start();
    const body = await it.tokens({ resource: mcp });
    expect(await it.claims(body['access_token'])).toMatchObject({ aud: mcp });
    const refreshed = await it.token({
      grant_type: 'refresh_token',
      client_id: 'public',
      refresh_token: String(body['refresh_token']),
      resource: 'https://elsewhere.example',
    });
    expect(await it.claims(refreshed.body['access_token'])).toMatchObject({ aud: mcp });
  });

  test('asks again after a wrong password, and does not say whose fault it was', async () => {
    await using it = await CognitoFixture.start();
    const browser = new Browser();
    const { response, url } = await browser.follow(it.authorizeUrl());
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(html).not.toContain('<script');
    const messages = new Set<string | undefined>();
    for (const username of ['demo', 'nobody"><b>']) {
      const refused = await browser.follow(url.href, { username, password: 'wrong' });
      const page = await refused.response.text();
      expect(refused.response.status).toBe(400);
      expect(page).not.toContain('<b>');
      messages.add(/role="alert">([^<]*)/u.exec(page)?.[1]);
    }
    expect([...messages]).toEqual(['Incorrect username or password.']);
    const { left } = await browser.follow(url.href, { ...it.cognito.demoUser });
    expect(left?.searchParams.get('code')).toBeTruthy();
  });

  test('is remembered by the browser for a second client, until /logout', async () => {
    await using it = await CognitoFixture.start();
    const browser = new Browser();
    await it.signIn({}, browser);
    const again = await browser.follow(it.authorizeUrl({ client_id: 'secretive' }));
    expect(again.left?.searchParams.get('code')).toBeTruthy();
    const out = await browser.follow(
      `${it.cognito.url}/logout?client_id=public&logout_uri=http://127.0.0.1:7400/bye`,
    );
    expect(out.left?.href).toBe('http://127.0.0.1:7400/bye');
    expect((await browser.follow(it.authorizeUrl())).url.pathname).toBe('/login');
    const foreign = await browser.fetch(
      `${it.cognito.url}/logout?client_id=public&logout_uri=https://evil.example/`,
    );
    expect(foreign.status).toBe(400);
  });

  test('as another person at the same browser is possible with prompt=login', async () => {
    await using it = await CognitoFixture.start();
    await it.cognito.putUser({ username: 'ada', password: 'Secret-1' });
    const browser = new Browser();
    await it.signIn({}, browser);
    const ada = { username: 'ada', password: 'Secret-1' };
    const back = await it.signIn({ prompt: 'login' }, browser, ada);
    const { body } = await it.exchange(back.searchParams.get('code'));
    expect(await it.claims(body['access_token'])).toMatchObject({ username: 'ada' });
  });

  test('without a browser that began it is refused', async () => {
    await using it = await CognitoFixture.start();
    const { url } = await new Browser().follow(it.authorizeUrl());
    const stranger = await new Browser().follow(url.href, { ...it.cognito.demoUser });
    expect(stranger.response.status).toBe(400);
    expect(await stranger.response.text()).toContain('expired');
  });
});

describe('/oauth2/authorize', () => {
  test.each([
    ['an unknown client', { client_id: 'other' }],
    ['another port', { redirect_uri: 'http://localhost:9998/cb' }],
    ['a longer path', { redirect_uri: `${callback}/x` }],
    ['a machine client', { client_id: 'machine' }],
  ])('answers %s by a page, not by a redirect', async (_name, parameters) => {
    await using it = await CognitoFixture.start();
    const response = await new Browser().fetch(it.authorizeUrl(parameters));
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(response.headers.get('content-type')).toContain('text/html');
  });

  test.each([
    [
      'a scope that the client may not ask for',
      { scope: 'openid drawbridge/admin' },
      'invalid_scope',
    ],
    ['offline_access', { scope: 'openid offline_access' }, 'invalid_scope'],
    ['the implicit flow', { response_type: 'token' }, 'unauthorized_client'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a resource that is no URL', { resource: 'mcp' }, 'invalid_request'],
    ['a resource in clear', { resource: 'http://example.com/mcp' }, 'invalid_request'],
    ['prompt=none without a session', { prompt: 'none' }, 'login_required'],
  ])('tells the client about %s', async (_name, parameters, error) => {
    await using it = await CognitoFixture.start();
    const { left } = await new Browser().follow(it.authorizeUrl(parameters));
    expect(`${left?.origin}${left?.pathname}`).toBe(callback);
    expect(left?.searchParams.get('error')).toBe(error);
    expect(left?.searchParams.get('state')).toBe('state-1');
    expect(left?.searchParams.has('iss')).toBe(false);
  });

  test('takes no scope for all scopes of the client, and an app scheme as a callback', async () => {
    await using it = await CognitoFixture.start();
    const redirect = { redirect_uri: 'cursor://anysphere/callback' };
    const back = await it.signIn({ ...redirect, scope: '' });
    expect(back.protocol).toBe('cursor:');
    const { body } = await it.exchange(back.searchParams.get('code'), redirect);
    expect(await it.claims(body['access_token'])).toMatchObject({
      scope: 'openid email drawbridge/mcp',
    });
  });

  test('works without openid, then without an ID token', async () => {
    await using it = await CognitoFixture.start();
    const back = await it.signIn({ scope: 'drawbridge/mcp' });
    const { body } = await it.exchange(back.searchParams.get('code'));
    expect(body).not.toHaveProperty('id_token');
    expect(await it.claims(body['access_token'])).toMatchObject({ scope: 'drawbridge/mcp' });
  });

  test('does not ask for PKCE, as Cognito does not', async () => {
    await using it = await CognitoFixture.start();
    const url = new URL(it.authorizeUrl());
    url.searchParams.delete('code_challenge');
    url.searchParams.delete('code_challenge_method');
    expect((await new Browser().follow(url.href)).url.pathname).toBe('/login');
  });

  test('serves a client whose callbacks are all of the web', async () => {
    const web = client('web', {
      CallbackURLs: [callback, 'https://claude.ai/api/mcp/auth_callback'],
    });
    await using it = await CognitoFixture.start(replacing([web]));
    const back = await it.signIn({ client_id: 'web' });
    expect((await it.exchange(back.searchParams.get('code'), { client_id: 'web' })).status).toBe(
      200,
    );
  });
});

describe('the public documents', () => {
  test('name the pool as issuer, and lack what Cognito lacks', async () => {
    await using it = await CognitoFixture.start();
    const { url } = it.cognito;
    const response = await fetch(`${url}/${poolId}/.well-known/openid-configuration`);
    const document = (await response.json()) as Record<string, unknown>;
    expect(document).toMatchObject({ issuer, token_endpoint: `${url}/oauth2/token` });
    expect(document).not.toHaveProperty('code_challenge_methods_supported');
    expect(document).not.toHaveProperty('registration_endpoint');
    for (const path of ['/.well-known/openid-configuration', '/reg', '/oauth2/authorize/../jwks']) {
      expect((await fetch(`${url}${path}`)).status).toBe(404);
    }
  });
});

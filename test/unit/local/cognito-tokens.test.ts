import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { client, CognitoFixture, machine, replacing, withTrigger } from './cognito-fixture.ts';

const refresh = (token: string | number | undefined) => ({
  grant_type: 'refresh_token',
  client_id: 'public',
  refresh_token: String(token),
});

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

describe('/oauth2/token', () => {
  test.each([
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }],
    ['no verifier', { code_verifier: '' }],
    ['another callback', { redirect_uri: 'http://localhost:9999/cb' }],
    ['a foreign code', { code: 'other' }],
  ])('answers %s by invalid_grant', async (_name, more) => {
    await using it = await CognitoFixture.start();
    const back = await it.signIn();
    const { status, body } = await it.exchange(back.searchParams.get('code'), more);
    expect([status, body['error']]).toEqual([400, 'invalid_grant']);
  });

  test('takes a code once', async () => {
    await using it = await CognitoFixture.start();
    const code = (await it.signIn()).searchParams.get('code');
    expect((await it.exchange(code)).status).toBe(200);
    expect((await it.exchange(code)).body['error']).toBe('invalid_grant');
  });

  test('asks a client with a secret for it, by Basic or in the body', async () => {
    await using it = await CognitoFixture.start();
    const secret = it.secretOf('secretive');
    expect(secret).toMatch(/^[a-z0-9]{51}$/u);
    const attempt = async (more: Record<string, string>, headers = {}) => {
      const back = await it.signIn({ client_id: 'secretive' });
      const { client_id: id, ...fields } = {
        grant_type: 'authorization_code',
        client_id: 'secretive',
        redirect_uri: 'http://127.0.0.1:7400/oauth/callback',
        code: back.searchParams.get('code') ?? '',
        code_verifier: it.verifier,
        ...more,
      };
      return it.token('authorization' in headers ? fields : { ...fields, client_id: id }, headers);
    };
    expect((await attempt({ client_secret: secret })).status).toBe(200);
    expect((await attempt({}, basic('secretive', secret))).status).toBe(200);
    for (const refused of [
      await attempt({ client_secret: 'wrong' }),
      await attempt({}, basic('secretive', 'wrong')),
      await attempt({}),
      await it.exchange('any', { client_secret: 'of a public client' }),
      await it.exchange('any', { client_id: 'unknown' }),
    ]) {
      expect([refused.status, refused.body['error']]).toEqual([400, 'invalid_client']);
    }
  });

  test('refuses what is no form, comes twice, or is too large', async () => {
    await using it = await CognitoFixture.start();
    const post = async (body: string, type = 'application/x-www-form-urlencoded') => {
      const response = await fetch(`${it.cognito.url}/oauth2/token`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      });
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    expect(await post('{}', 'application/json')).toEqual([400, 'invalid_request']);
    expect(await post('grant_type=a&grant_type=b')).toEqual([400, 'invalid_request']);
    expect(await post(`a=${'x'.repeat(70_000)}`)).toEqual([413, 'invalid_request']);
    expect(await post('grant_type=password&client_id=public')).toEqual([
      400,
      'unsupported_grant_type',
    ]);
  });
});

describe('client credentials', () => {
  test('give a token of the client itself', async () => {
    await using it = await CognitoFixture.start();
    const grant = { grant_type: 'client_credentials' };
    const { status, body } = await it.token(grant, basic('machine', it.secretOf('machine')));
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['access_token', 'expires_in', 'token_type']);
    const claims = await it.claims(body['access_token']);
    expect(claims).toMatchObject({
      sub: 'machine',
      client_id: 'machine',
      token_use: 'access',
      scope: 'drawbridge/mcp',
      version: 2,
    });
    for (const absent of ['aud', 'username', 'origin_jti', 'cognito:groups']) {
      expect(claims).not.toHaveProperty(absent);
    }
  });

  test('ignore `resource`, and refuse foreign scopes, wrong secrets and clients of another flow', async () => {
    await using it = await CognitoFixture.start();
    const ask = (id: string, secret: string, more = {}) =>
      it.token({
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: secret,
        ...more,
      });
    const machine = it.secretOf('machine');
    const bound = await ask('machine', machine, { resource: 'https://example.com/mcp' });
    expect(await it.claims(bound.body['access_token'])).not.toHaveProperty('aud');
    expect((await ask('machine', machine, { scope: 'drawbridge/admin' })).status).toBe(400);
    expect((await ask('machine', 'wrong')).body['error']).toBe('invalid_client');
    const other = await ask('secretive', it.secretOf('secretive'));
    expect(other.body['error']).toBe('unauthorized_client');
  });

  test('last as long as the client says', async () => {
    const short = machine({
      AccessTokenValidity: 5,
      TokenValidityUnits: { AccessToken: 'minutes' },
    });
    await using it = await CognitoFixture.start(replacing([short]));
    const { body } = await it.token(
      { grant_type: 'client_credentials' },
      basic('machine', it.secretOf('machine')),
    );
    expect(body['expires_in']).toBe(300);
    const { exp, iat } = await it.claims(body['access_token']);
    expect(Number(exp) - Number(iat)).toBe(300);
  });
});

describe('refresh tokens', () => {
  test('can be used again, and are not sent again', async () => {
    await using it = await CognitoFixture.start();
    const first = await it.tokens();
    for (let i = 0; i < 2; i++) {
      const { status, body } = await it.token(refresh(first['refresh_token']));
      expect(status).toBe(200);
      expect(Object.keys(body).sort()).toEqual(
        ['access_token', 'expires_in', 'id_token', 'token_type'].sort(),
      );
      const [before, after] = [
        await it.claims(first['access_token']),
        await it.claims(body['access_token']),
      ];
      expect(after['origin_jti']).toBe(before['origin_jti']);
      expect(after['jti']).not.toBe(before['jti']);
    }
  });

  test('rotate where the client says so', async () => {
    const rotating = client('public', {
      RefreshTokenRotation: { Feature: 'ENABLED', RetryGracePeriodSeconds: 0 },
    });
    await using it = await CognitoFixture.start(replacing([rotating]));
    const first = await it.tokens();
    const second = await it.token(refresh(first['refresh_token']));
    expect(second.body['refresh_token']).not.toBe(first['refresh_token']);
    expect((await it.token(refresh(second.body['refresh_token']))).status).toBe(200);
    expect((await it.token(refresh(first['refresh_token']))).body['error']).toBe('invalid_grant');
  });

  test('see the groups of today, and end with their user', async () => {
    await using it = await CognitoFixture.start();
    const { refresh_token: token } = await it.tokens();
    await it.cognito.putUser({ ...it.cognito.demoUser, groups: ['tenant.other'] });
    const { body } = await it.token(refresh(token));
    expect(await it.claims(body['access_token'])).toMatchObject({
      'cognito:groups': ['tenant.other'],
    });
    it.cognito.removeUser('demo');
    expect((await it.token(refresh(token))).body['error']).toBe('invalid_grant');
  });

  test('can be revoked; access tokens cannot', async () => {
    await using it = await CognitoFixture.start();
    const { refresh_token: token, access_token: access } = await it.tokens();
    const revoke = (value: string | number | undefined) =>
      fetch(`${it.cognito.url}/oauth2/revoke`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: 'public', token: String(value) }),
      });
    expect(await (await revoke(access)).json()).toMatchObject({ error: 'unsupported_token_type' });
    expect((await revoke(token)).status).toBe(200);
    expect((await it.token(refresh(token))).body['error']).toBe('invalid_grant');
  });
});

describe('/oauth2/userInfo', () => {
  test('shows what the scopes of the token show', async () => {
    await using it = await CognitoFixture.start();
    const ask = async (token: unknown) => {
      const headers = { authorization: `Bearer ${String(token)}` };
      const response = await fetch(`${it.cognito.url}/oauth2/userInfo`, { headers });
      return [response.status, await response.json()] as const;
    };
    const [status, body] = await ask((await it.tokens({ scope: 'openid email' }))['access_token']);
    expect(status).toBe(200);
    expect(body).toEqual({
      sub: expect.any(String) as string,
      username: 'demo',
      email: 'demo@example.com',
      email_verified: true,
    });
    const tokens = await it.tokens({ scope: 'drawbridge/mcp' });
    expect((await ask(tokens['access_token']))[0]).toBe(403);
    expect((await ask(it.cognito.signClaims({ token_use: 'access' })))[0]).toBe(401);
    expect((await ask('nonsense'))[0]).toBe(401);
  });
});

describe('what is kept', () => {
  test('survives a restart: users, secrets, keys and refresh tokens', async () => {
    await using first = await CognitoFixture.start();
    const tokens = await first.tokens();
    const { demoUser } = first.cognito;
    await first.cognito.close();
    await using second = await CognitoFixture.start(undefined, { stateDir: first.stateDir });
    expect(second.cognito.demoUser).toEqual(demoUser);
    expect(second.secretOf('machine')).toBe(first.secretOf('machine'));
    expect(await second.claims(tokens['access_token'])).toMatchObject({ username: 'demo' });
    expect((await second.token(refresh(tokens['refresh_token']))).status).toBe(200);
  });

  test('is readable by its owner only, and passwords of users are hashed', async () => {
    await using it = await CognitoFixture.start(undefined, {
      users: [{ username: 'ada', password: 'canary-password' }],
    });
    const file = join(it.stateDir, 'cognito.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain('canary-password');
    await it.tokens();
    expect(statSync(join(it.stateDir, 'cognito-grants.json')).mode & 0o777).toBe(0o600);
  });

  test('a rotated key signs from now on, and the old one stays published', async () => {
    await using it = await CognitoFixture.start();
    const before = await it.tokens();
    const kid = it.cognito.rotateSigningKey();
    const after = await it.tokens();
    const header = String(after['access_token']).split('.')[0] ?? '';
    expect(JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))).toEqual({
      kid,
      alg: 'RS256',
    });
    expect(await it.claims(after['access_token'])).toMatchObject({ username: 'demo' });
    expect(await it.claims(before['access_token'])).toMatchObject({ username: 'demo' });
  });
});

describe('the pre-token-generation trigger', () => {
  test('is given the event of Cognito for a sign-in, a refresh and a machine', async () => {
    await using it = await CognitoFixture.start(replacing(withTrigger()));
    const { refresh_token: token } = await it.tokens();
    await it.token(refresh(token));
    await it.token(
      { grant_type: 'client_credentials', aws_client_metadata: '{"job":"nightly"}' },
      basic('machine', it.secretOf('machine')),
    );
    const [signIn, refreshed, job] = it.trigger.events;
    expect(signIn).toEqual({
      version: '3',
      triggerSource: 'TokenGeneration_HostedAuth',
      region: 'us-east-1',
      userPoolId: it.cognito.settings.poolId,
      userName: 'demo',
      callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: 'public' },
      request: {
        userAttributes: {
          sub: expect.any(String) as string,
          'cognito:user_status': 'CONFIRMED',
          email: 'demo@example.com',
          email_verified: 'true',
          'custom:level': '3',
        },
        groupConfiguration: {
          groupsToOverride: ['tenant.demo', 'role.user'],
          iamRolesToOverride: [],
          preferredRole: null,
        },
        scopes: ['openid', 'drawbridge/mcp'],
      },
      response: { claimsAndScopeOverrideDetails: null },
    });
    expect(refreshed?.triggerSource).toBe('TokenGeneration_RefreshTokens');
    expect(job?.triggerSource).toBe('TokenGeneration_ClientCredentials');
    expect(job?.callerContext.clientId).toBe('machine');
    expect(job?.request.clientMetadata).toEqual({ job: 'nightly' });
  });

  test('changes claims, scopes and groups, but nothing that is reserved', async () => {
    await using it = await CognitoFixture.start(replacing(withTrigger('V2_0')));
    it.trigger.details = {
      accessTokenGeneration: {
        claimsToAddOrOverride: {
          tenant: 'demo',
          nested: { roles: ['user'] },
          iss: 'https://evil.example',
          token_use: 'id',
          client_id: 'other',
          aud: 'https://evil.example',
          'cognito:groups': ['admin'],
        },
        claimsToSuppress: ['origin_jti', 'sub'],
        scopesToAdd: ['drawbridge/extra', 'aws.cognito.signin.user.admin'],
        scopesToSuppress: ['openid'],
      },
      idTokenGeneration: { claimsToAddOrOverride: { tier: 1 }, claimsToSuppress: ['email'] },
      groupOverrideDetails: { groupsToOverride: ['tenant.demo'] },
    };
    const body = await it.tokens();
    const access = await it.claims(body['access_token']);
    expect(access).toMatchObject({
      tenant: 'demo',
      nested: { roles: ['user'] },
      token_use: 'access',
      client_id: 'public',
      scope: 'drawbridge/mcp drawbridge/extra',
      'cognito:groups': ['tenant.demo'],
      sub: expect.any(String) as string,
      origin_jti: expect.any(String) as string,
    });
    expect(access['iss']).toBe(it.cognito.settings.issuer);
    expect(access).not.toHaveProperty('aud');
    const id = await it.claims(body['id_token']);
    expect(id).toMatchObject({ tier: 1 });
    expect(id).not.toHaveProperty('email');
  });

  test.each([
    [undefined, ['tenant.demo', 'role.user']],
    [null, undefined],
    [{}, undefined],
  ])('with groupOverrideDetails %j leaves the groups %j', async (groupOverrideDetails, groups) => {
    await using it = await CognitoFixture.start(replacing(withTrigger()));
    it.trigger.details = { groupOverrideDetails };
    const { access_token: token } = await it.tokens();
    expect((await it.claims(token))['cognito:groups']).toEqual(groups);
  });

  test('of version 2 hears nothing of machines', async () => {
    await using it = await CognitoFixture.start(replacing(withTrigger('V2_0')));
    const { status } = await it.token(
      { grant_type: 'client_credentials' },
      basic('machine', it.secretOf('machine')),
    );
    expect(status).toBe(200);
    expect(it.trigger.events).toEqual([]);
  });

  test('fails the token request by its own error, and by an answer that is none', async () => {
    await using it = await CognitoFixture.start(replacing(withTrigger()));
    it.trigger.failure = 'No tenant.';
    const refused = await it.exchange((await it.signIn()).searchParams.get('code'));
    expect(refused).toEqual({
      status: 400,
      body: {
        error: 'invalid_request',
        error_description: 'PreTokenGeneration failed with error No tenant.',
      },
    });
    it.trigger.failure = undefined;
    it.trigger.details = { accessTokenGeneration: { scopesToAdd: 'text' } };
    const unreadable = await it.exchange((await it.signIn()).searchParams.get('code'));
    expect(unreadable.body['error_description']).toBe('Unrecognizable lambda output');
  });
});

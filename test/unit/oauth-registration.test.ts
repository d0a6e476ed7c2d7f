import { describe, expect, it } from 'vitest';
import { claudeRedirect, createRig, issuer, jsonOf, resource } from './support/oauth-rig.ts';

describe('documents', () => {
  const rig = createRig();
  it.each(['', '/mcp', '/live', '/live/mcp'])(
    'the protected resource is described at the suffix "%s"',
    async (suffix) => {
      const answer = await rig.send('GET', `/.well-known/oauth-protected-resource${suffix}`);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': '*',
        'cache-control': 'public, max-age=300',
        'content-type': 'application/json',
      });
      expect(jsonOf(answer)).toEqual({
        resource,
        authorization_servers: [issuer],
        scopes_supported: ['drawbridge/mcp', 'email'],
        bearer_methods_supported: ['header'],
        resource_name: 'Drawbridge',
      });
    },
  );

  it('the authorization server is described as RFC 8414 and MCP ask', async () => {
    const answer = await rig.send('GET', '/.well-known/oauth-authorization-server');
    expect(jsonOf(answer)).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      registration_endpoint: `${issuer}/oauth/register`,
      jwks_uri: 'https://cognito-idp.eu-central-1.amazonaws.com/p/.well-known/jwks.json',
      scopes_supported: ['drawbridge/mcp', 'email'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
    });
  });

  it('the OpenID document says the same, and what OpenID requires', async () => {
    const path = '/.well-known/openid-configuration';
    const oauth = jsonOf(await rig.send('GET', '/.well-known/oauth-authorization-server'));
    expect(jsonOf(await rig.send('GET', path))).toEqual({
      ...oauth,
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
    const greedy = { resource: '/.well-known/openid-configuration/{proxy+}' };
    expect((await rig.send('GET', `${path}/live`, greedy)).statusCode).toBe(200);
    expect((await rig.send('GET', `${path}/else`, greedy)).statusCode).toBe(404);
  });

  it('an unknown path is 404, an unknown method 405 with Allow, a preflight 204', async () => {
    expect((await rig.send('GET', '/oauth/revoke')).statusCode).toBe(404);
    for (const method of ['PUT', 'constructor', '__proto__', 'GET']) {
      const answer = await rig.send(method, '/oauth/token');
      expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'POST']);
      expect(jsonOf(answer)['error']).toBe('invalid_request');
    }
    const preflight = await rig.send('OPTIONS', '/oauth/token');
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toContain('authorization');
    expect((await rig.send('OPTIONS', '/oauth/authorize')).statusCode).toBe(405);
  });
});

describe('registration', () => {
  const rig = createRig();
  const register = (metadata: unknown, type = 'application/json') =>
    rig.send('POST', '/oauth/register', {
      headers: { 'content-type': type },
      body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
    });

  it('hands out the shared client, and says what was accepted', async () => {
    const metadata = {
      redirect_uris: [claudeRedirect, 'http://localhost:49152/callback'],
      client_name: 'Claude',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token', 'implicit'],
      scope: 'drawbridge/mcp admin',
      logo_uri: 'https://x.example.com/logo.png',
    };
    const answer = await register(metadata);
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(jsonOf(answer)).toEqual({
      client_id: 'shared-1',
      redirect_uris: metadata.redirect_uris,
      client_name: 'Claude',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'drawbridge/mcp',
    });
    expect((await register(metadata)).body).toBe(answer.body);
  });

  it('gives of several redirect URIs those that are allowed, and no other', async () => {
    const answer = await register({
      redirect_uris: ['https://evil.com/cb', claudeRedirect, 'evil://cb'],
    });
    expect(answer.statusCode).toBe(201);
    expect(jsonOf(answer)['redirect_uris']).toEqual([claudeRedirect]);
  });

  it.each([
    ['no redirect URI', { redirect_uris: [] }, 'invalid_redirect_uri'],
    ['no redirect URIs', {}, 'invalid_redirect_uri'],
    ['only foreign ones', { redirect_uris: ['https://evil.com/cb'] }, 'invalid_redirect_uri'],
    ['a custom scheme', { redirect_uris: ['evil://cb'] }, 'invalid_redirect_uri'],
    [
      'no code grant',
      { redirect_uris: [claudeRedirect], grant_types: ['client_credentials'] },
      'invalid_client_metadata',
    ],
    [
      'no code response',
      { redirect_uris: [claudeRedirect], response_types: ['token'] },
      'invalid_client_metadata',
    ],
    [
      'a name that is none',
      { redirect_uris: [claudeRedirect], client_name: {} },
      'invalid_client_metadata',
    ],
    ['not JSON', '{', 'invalid_client_metadata'],
    ['an array', '[]', 'invalid_client_metadata'],
  ])('%s is refused', async (_, metadata, error) => {
    const answer = await register(metadata);
    expect([answer.statusCode, jsonOf(answer)['error']]).toEqual([400, error]);
  });

  it('a body that is too large or of another type is refused', async () => {
    const large = { redirect_uris: [claudeRedirect], software_id: 'x'.repeat(17_000) };
    expect((await register(large)).statusCode).toBe(413);
    expect((await register('a=b', 'text/plain')).statusCode).toBe(415);
  });
});

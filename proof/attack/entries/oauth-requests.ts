import assert from 'node:assert/strict';
import type { Attack } from '../attack.ts';
import { ask, errorOf, isErrorPage, redirectUri } from '../oauth-flow.ts';
import { oauthFamily } from './oauth-family.ts';

const redirect = oauthFamily(
  'redirect URIs that are not the client’s',
  'OAuth function: to the character, before anything is redirected (src/oauth/redirect-uri.ts)',
);
const request = oauthFamily(
  'PKCE downgrade and twisted authorization requests',
  'OAuth function: S256 only, one resource, known scopes (src/oauth/authorization-request.ts)',
  'API2 authentication',
);

const uris: readonly (readonly [id: string, uri: string])[] = [
  ['foreign', 'https://evil.example/cb'],
  ['user-info', 'http://127.0.0.1:53535@evil.example/callback'],
  ['user-info-own', 'http://user@127.0.0.1:53535/callback'],
  ['suffix', 'http://127.0.0.1.evil.example/callback'],
  ['fragment', `${redirectUri}#x`],
  ['backslash', 'http://localhost\\@evil.example/callback'],
  ['decimal', 'http://2130706433/callback'],
  ['mapped', 'http://[::ffff:127.0.0.1]/callback'],
  ['crlf', `${redirectUri}\r\nset-cookie: a=b`],
  ['script', 'javascript:alert(1)'],
  ['data', 'data:text/html,x'],
  ['protocol-relative', '//evil.example/cb'],
  ['planted-code', `${redirectUri}?code=stolen`],
];

const toRedirect = ([id, uri]: (typeof uris)[number]): Attack => ({
  ...redirect(`redirect-${id}`, uri),
  run: async (scene) => {
    isErrorPage(await ask(scene, { redirect_uri: uri }));
    // Open redirect by an error: the same with a request that is wrong.
    isErrorPage(await ask(scene, { redirect_uri: uri, response_type: 'token' }));
    const registered = await scene.patiently(() =>
      scene.send({ path: '/oauth/register', body: { redirect_uris: [uri] } }),
    );
    assert.equal(registered.status, 400);
    assert.equal(registered.json['error'], 'invalid_redirect_uri');
  },
});

const changes: readonly (readonly [id: string, sent: Record<string, string>, error: string])[] = [
  ['pkce-plain', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['pkce-no-method', { code_challenge_method: '' }, 'invalid_request'],
  ['pkce-none', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
  ['pkce-short', { code_challenge: 'short' }, 'invalid_request'],
  ['implicit', { response_type: 'token' }, 'unsupported_response_type'],
  ['hybrid', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['fragment-mode', { response_mode: 'fragment' }, 'invalid_request'],
  ['other-resource', { resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
  ['more-scope', { scope: 'drawbridge/mcp admin' }, 'invalid_scope'],
  ['request-object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
  ['request-uri', { request_uri: 'http://169.254.169.254/' }, 'request_uri_not_supported'],
  ['silent', { prompt: 'none' }, 'consent_required'],
];

const refusedRequest = ([id, sent, error]: (typeof changes)[number]): Attack => ({
  ...request(id, JSON.stringify(sent)),
  run: async (scene) => {
    const answer = errorOf(await ask(scene, sent));
    assert.equal(answer.get('error'), error);
    assert.equal(answer.get('code'), null);
    assert.equal(answer.get('iss'), scene.url);
  },
});

export const oauthRequestAttacks: readonly Attack[] = [
  ...uris.map(toRedirect),
  ...changes.map(refusedRequest),
];

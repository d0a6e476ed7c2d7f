import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  claudeRedirect,
  cookieOf,
  createRig,
  documentUrl,
  FakePool,
  issuer,
  jsonOf,
  locationOf,
  resource,
  sealedOf,
} from './support/oauth-rig.ts';

const pool = new FakePool();
let poolUrl = '';
beforeAll(async () => {
  poolUrl = await pool.start();
});
afterAll(() => pool.stop());

const xss = `"><script>alert(1)</script><img src=x onerror='x'>`;

/** No redirect, a page, no cookie. */
const isErrorPage = (answer: { statusCode: number; headers: object; body: string }) => {
  expect(answer.statusCode).toBe(400);
  expect(answer.headers).not.toHaveProperty('location');
  expect(answer.headers).not.toHaveProperty('set-cookie');
  expect(answer.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8' });
  expect(answer.body).not.toContain('<script');
};

describe('a redirect URI that is not the client’s', () => {
  const rig = createRig();
  it.each([
    'https://evil.com/cb',
    `${claudeRedirect}/..`,
    `${claudeRedirect}?x=1`,
    'https://claude.ai@evil.com/api/mcp/auth_callback',
    'https://user:pw@claude.ai/api/mcp/auth_callback',
    `${claudeRedirect}#x`,
    'HTTPS://claude.ai/api/mcp/auth_callback',
    'http://localhost.evil.com/cb',
    'http://127.0.0.1.evil.com/cb',
    'http://127.0.0.1:80@evil.com/cb',
    'http://127.0.0.1:80@evil',
    'http://user@localhost/cb',
    'http://localhost\\@evil.com/cb',
    'http://localhost:80\\.evil.com/cb',
    'http://127.1/cb',
    'http://0x7f.0.0.1/cb',
    'http://2130706433/cb',
    'http://[::ffff:127.0.0.1]/cb',
    'http://0.0.0.0/cb',
    'http://localhost./cb',
    'http://localhost:99999/cb',
    'http://localhost/cb#x',
    'http://localhost/cb?code=1',
    'http://localhost/cb?a=1&state=forged',
    'http://localhost/c b',
    'http://localhost/cb\r\nset-cookie: a=b',
    ' http://localhost/cb',
    'https://localhost/cb',
    '//evil.com/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://localhost/' + 'a'.repeat(600),
    '',
  ])('%j is told to the person, and never followed', async (redirect_uri) => {
    isErrorPage(await rig.ask({ redirect_uri }));
    isErrorPage(await rig.ask({ redirect_uri, code_challenge_method: 'plain' }));
    if (redirect_uri === '') return;
    const registered = await rig.send('POST', '/oauth/register', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [redirect_uri] }),
    });
    expect(jsonOf(registered)['error']).toBe('invalid_redirect_uri');
  });

  it('nor is that of another client', async () => {
    isErrorPage(await rig.ask({ client_id: 'partner' }));
    isErrorPage(await rig.ask({ redirect_uri: 'https://partner.example.com/cb' }));
    isErrorPage(await rig.ask({ client_id: documentUrl }));
    isErrorPage(await rig.ask({ client_id: documentUrl, redirect_uri: 'http://127.0.0.1:1/else' }));
  });
});

describe('a client that is not known', () => {
  it.each([
    '',
    'shared-2',
    xss,
    'http://app.example.com/c',
    'https://app.example.com/',
    'https://app.example.com/a/../b',
    'https://u@app.example.com/c',
    'https://app.example.com/c#x',
    'HTTPS://app.example.com/c',
  ])('%j is told to the person', async (client_id) => {
    const answer = await createRig().ask({ client_id });
    isErrorPage(answer);
    expect(answer.body).not.toContain('onerror');
  });
});

describe('a request that is not as it must be', () => {
  const rig = createRig();
  const errorOf = async (changes: Record<string, string>) => {
    const answer = await rig.ask(changes);
    const location = new URL(locationOf(answer));
    expect(`${location.origin}${location.pathname}`).toBe(claudeRedirect);
    expect(location.searchParams.get('iss')).toBe(issuer);
    expect(location.searchParams.get('code')).toBeNull();
    return location.searchParams.get('error');
  };
  it.each([
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge_method: '' }, 'invalid_request'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'code id_token' }, 'unsupported_response_type'],
    [{ response_type: '' }, 'invalid_request'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ resource: 'https://other.example.com/mcp' }, 'invalid_target'],
    [{ resource: `${resource}/` }, 'invalid_target'],
    [{ scope: 'drawbridge/mcp admin' }, 'invalid_scope'],
    [{ request: 'eyJ' }, 'request_not_supported'],
    [{ request_uri: 'https://evil.com/r' }, 'request_uri_not_supported'],
    [{ prompt: 'none' }, 'consent_required'],
    [{ state: 'x'.repeat(2000) }, 'invalid_request'],
  ])('%j is %s', async (changes, error) => {
    expect(await errorOf(changes as Record<string, string>)).toBe(error);
  });

  it('a parameter sent twice is refused; by a page when it names the client or the redirect', async () => {
    const twice = async (name: string, value: string) =>
      rig.send('GET', '/oauth/authorize', {
        query: [...Object.entries(rig.authorizeQuery), [name, value]],
      });
    isErrorPage(await twice('client_id', 'shared-1'));
    isErrorPage(await twice('redirect_uri', claudeRedirect));
    const answer = new URL(locationOf(await twice('state', 'forged'))).searchParams;
    expect([answer.get('error'), answer.get('state')]).toEqual(['invalid_request', null]);
    const target = new URL(locationOf(await twice('resource', 'https://evil.com'))).searchParams;
    expect(target.get('error')).toBe('invalid_target');
  });
});

describe('the consent page', () => {
  it('lets no markup of a stranger through, and allows no script or frame', async () => {
    const rig = createRig({
      guardedFetch: async () => ({
        status: 200,
        headers: new Map([['content-type', 'application/json; charset=utf-8']]),
        body: JSON.stringify({
          client_id: documentUrl,
          client_name: `${xss}\u202egnp.exe`,
          redirect_uris: ['https://app.example.com/cb'],
        }),
      }),
    });
    const page = await rig.ask({
      client_id: documentUrl,
      redirect_uri: 'https://app.example.com/cb',
      state: xss,
    });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('&lt;script&gt;');
    expect(page.body).not.toMatch(/<script|<img|\u202e/u);
    const policy = page.headers['content-security-policy'] ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; frame-ancestors 'none'$/u,
    );
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
    expect(page.headers).not.toHaveProperty('access-control-allow-origin');
    const scope = new URL(
      locationOf(
        await rig.ask({
          client_id: documentUrl,
          redirect_uri: 'https://app.example.com/cb',
          scope: xss,
        }),
      ),
    );
    expect(scope.searchParams.get('error')).toBe('invalid_scope');
  });
});

describe('a sealed value', () => {
  it('is good for its purpose, its time and its browser only', async () => {
    const rig = createRig({ poolUrl });
    const page = await rig.ask();
    const cookie = cookieOf(page);
    const sealed = sealedOf(page);
    const decide = (request: string, sent: string) =>
      rig.post(
        '/oauth/authorize',
        { request, decision: 'allow' },
        sent === '' ? {} : { cookie: sent },
      );

    const stranger = cookieOf(await rig.ask());
    isErrorPage(await decide(sealed, ''));
    isErrorPage(await decide(sealed, stranger));
    isErrorPage(await decide(sealed, `${cookie}; ${stranger}`));
    isErrorPage(await decide(sealed, cookie.replace('__Host-', '')));
    isErrorPage(await decide(sealed, '__Host-drawbridge-oauth='));
    isErrorPage(await decide('', cookie));
    isErrorPage(
      await decide(`${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`, cookie),
    );
    isErrorPage(await decide(sealed.replace(/^.{8}/u, 'AAAAAAAA'), cookie));
    isErrorPage(await decide(`${sealed}.x`, cookie));
    isErrorPage(
      await rig.post('/oauth/authorize', { request: sealed, decision: 'maybe' }, { cookie }),
    );

    // Consent cannot be skipped: what asks is not what came back from the pool.
    const skipped = new URLSearchParams({ code: 'stolen', state: sealed });
    isErrorPage(await rig.comeBack(`${issuer}/oauth/callback?${skipped.toString()}`, cookie));
    // The shared key of another deployment seals nothing here.
    const foreign = createRig({ readSecret: async () => 'f'.repeat(64) });
    const forged = sealedOf(await foreign.ask({}, cookie));
    isErrorPage(await decide(forged, cookie));

    const state = new URL(locationOf(await decide(sealed, cookie))).searchParams.get('state') ?? '';
    const callback = `${issuer}/oauth/callback?${new URLSearchParams({ code: 'c', state }).toString()}`;
    // A sign-in that another browser began (RFC 6749 §10.12).
    isErrorPage(await rig.comeBack(callback, stranger));
    isErrorPage(await rig.decide({ ...page, body: page.body.replace(sealed, state) }, 'allow'));
    rig.clock.now += 600_000;
    isErrorPage(await decide(sealed, cookie));
    isErrorPage(await rig.comeBack(callback, cookie));
  });
});

describe('a code', () => {
  const attempt = async (changes: Record<string, string>, headers = {}) => {
    const rig = createRig({ poolUrl });
    const code = (await rig.codeOf()).searchParams.get('code') ?? '';
    pool.tokenRequests.length = 0;
    const answer = await rig.redeem({ code, ...changes }, headers);
    expect(pool.tokenRequests).toHaveLength(0);
    expect(answer.headers['cache-control']).toBe('no-store');
    return jsonOf(answer)['error'];
  };
  it.each([
    ['of another client', { client_id: 'partner' }, 'invalid_grant'],
    ['of a client by document', { client_id: documentUrl }, 'invalid_grant'],
    ['of a client nobody knows', { client_id: 'x' }, 'invalid_client'],
    ['without a client', { client_id: '' }, 'invalid_client'],
    ['with a secret the client has not', { client_secret: 's' }, 'invalid_client'],
    ['for another redirect URI', { redirect_uri: 'http://127.0.0.1/cb' }, 'invalid_grant'],
    ['without a redirect URI', { redirect_uri: '' }, 'invalid_request'],
    ['without a verifier', { code_verifier: '' }, 'invalid_request'],
    ['with a short verifier', { code_verifier: 'v' }, 'invalid_request'],
    ['with another verifier', { code_verifier: 'w'.repeat(43) }, 'invalid_grant'],
    ['for another resource', { resource: 'https://evil.com/mcp' }, 'invalid_target'],
    ['that is the pool’s own', { code: 'c0ffee' }, 'invalid_grant'],
    ['by another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['by no grant', { grant_type: '' }, 'invalid_request'],
    ['with an assertion', { client_assertion: 'eyJ' }, 'invalid_client'],
  ])('%s is refused before the pool hears of it', async (_, changes, error) => {
    expect(await attempt(changes as Record<string, string>)).toBe(error);
  });

  it('with client authentication that is none, or double, is refused', async () => {
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(await attempt({}, { authorization: 'Bearer x' })).toBe('invalid_client');
    expect(await attempt({}, { authorization: basic('%:x') })).toBe('invalid_client');
    expect(await attempt({}, { authorization: basic('other:x') })).toBe('invalid_request');
    expect(await attempt({ client_secret: 'x' }, { authorization: basic('shared-1:x') })).toBe(
      'invalid_request',
    );
  });

  it('is refused after five minutes', async () => {
    const rig = createRig({ poolUrl });
    const code = (await rig.codeOf()).searchParams.get('code') ?? '';
    rig.clock.now += 300_000;
    expect(jsonOf(await rig.redeem({ code }))['error']).toBe('invalid_grant');
  });

  it('is good once: the one inside is', async () => {
    const rig = createRig({ poolUrl });
    const code = (await rig.codeOf()).searchParams.get('code') ?? '';
    expect((await rig.redeem({ code })).statusCode).toBe(200);
    expect(jsonOf(await rig.redeem({ code }))['error']).toBe('invalid_grant');
  });

  it('a parameter sent twice, a body too large or of another type is refused', async () => {
    const rig = createRig({ poolUrl });
    const twice = await rig.post('/oauth/token', [
      ['grant_type', 'refresh_token'],
      ['grant_type', 'refresh_token'],
    ]);
    expect(jsonOf(twice)['error']).toBe('invalid_request');
    const resources = await rig.post('/oauth/token', [
      ['resource', resource],
      ['resource', resource],
    ]);
    expect(jsonOf(resources)['error']).toBe('invalid_target');
    expect((await rig.redeem({ code: 'x'.repeat(17_000) })).statusCode).toBe(413);
    const json = await rig.send('POST', '/oauth/token', {
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(json.statusCode).toBe(415);
  });
});

describe('when the facade itself cannot', () => {
  it('a secret that cannot be read is a 500 that says nothing', async () => {
    const rig = createRig({ readSecret: () => Promise.reject(new Error('canary-arn')) });
    const page = await rig.ask();
    expect(page.statusCode).toBe(500);
    expect(page.headers['content-type']).toMatch(/^text\/html/u);
    const answer = await rig.redeem({ code: 'AAAAAAAA.AAAA' });
    expect([answer.statusCode, jsonOf(answer)['error']]).toEqual([500, 'server_error']);
    expect(page.body + answer.body + rig.lines.join('')).not.toContain('canary');
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  challengeOf,
  claudeRedirect,
  cookieOf,
  createRig,
  documentUrl,
  FakePool,
  issuer,
  jsonOf,
  locationOf,
  resource,
  verifier,
} from './support/oauth-rig.ts';

const pool = new FakePool();
let poolUrl = '';
beforeAll(async () => {
  poolUrl = await pool.start();
});
afterAll(() => pool.stop());
afterEach(() => {
  pool.misbehave = undefined;
  pool.tokenRequests.length = 0;
});

describe('the code flow', () => {
  it('goes from request to tokens, with the resource and the issuer along', async () => {
    const rig = createRig({ poolUrl });
    const page = await rig.ask();
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain(`action="${issuer}/oauth/authorize"`);
    expect(page.body).toContain('claude.ai');
    expect(page.body).toContain('Use the tools of Drawbridge in your name');
    expect(page.headers['set-cookie']).toMatch(
      /^__Host-drawbridge-oauth=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/u,
    );

    const toPool = await rig.decide(page, 'allow');
    expect(toPool.statusCode).toBe(303);
    const upstream = new URL(locationOf(toPool));
    expect(upstream.href.startsWith(`${poolUrl}/oauth2/authorize?`)).toBe(true);
    const { state, ...others } = Object.fromEntries(upstream.searchParams);
    expect(others).toEqual({
      response_type: 'code',
      client_id: 'shared-1',
      redirect_uri: `${issuer}/oauth/callback`,
      scope: 'drawbridge/mcp',
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      resource,
    });
    expect(state).not.toContain('st&te');

    const signedIn = await fetch(upstream, { redirect: 'manual' });
    const back = await rig.comeBack(signedIn.headers.get('location') ?? '', cookieOf(page));
    expect(back.statusCode).toBe(302);
    const answer = new URL(locationOf(back));
    expect(`${answer.origin}${answer.pathname}`).toBe(claudeRedirect);
    expect(answer.searchParams.get('state')).toBe('st&te');
    expect(answer.searchParams.get('iss')).toBe(issuer);

    const tokens = await rig.redeem({ code: answer.searchParams.get('code') ?? '' });
    expect(tokens.statusCode).toBe(200);
    expect(tokens.headers['cache-control']).toBe('no-store');
    // No ID token: its issuer would be the pool.
    expect(jsonOf(tokens)).toEqual({
      access_token: 'canary-access',
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: 'canary-refresh',
    });
    expect(pool.tokenRequests[0]?.form.get('resource')).toBe(resource);

    const log = rig.lines.join('\n');
    for (const secret of [
      'canary',
      'st&te',
      verifier,
      answer.searchParams.get('code') ?? '',
      cookieOf(page).slice(30),
    ]) {
      expect(log).not.toContain(secret);
    }
    expect(log).toContain('"outcome":"tokens","client":"shared","grant":"authorization_code"');
  });

  it('a loopback redirect may have any port; a query of its own is kept', async () => {
    const rig = createRig({ poolUrl });
    const redirect_uri = 'http://[::1]:61234/cb?a=%20b';
    const answer = await rig.codeOf({ redirect_uri });
    expect(answer.href.startsWith(`${redirect_uri}&code=`)).toBe(true);
    const code = answer.searchParams.get('code') ?? '';
    expect((await rig.redeem({ code, redirect_uri })).statusCode).toBe(200);
  });

  it('a client known by its metadata document completes it, under its own id', async () => {
    const rig = createRig({ poolUrl });
    const client = { client_id: documentUrl, redirect_uri: 'http://127.0.0.1:5000/cb' };
    const page = await rig.ask(client);
    expect(page.body).toContain('<dd>app.example.com</dd>');
    expect(page.body).toContain('“Example &lt;App&gt;”');
    const code = (await rig.codeOf(client)).searchParams.get('code') ?? '';
    expect((await rig.redeem({ code, redirect_uri: client.redirect_uri })).statusCode).toBe(400);
    expect((await rig.redeem({ ...client, code })).statusCode).toBe(200);
    expect(pool.tokenRequests[0]?.form.get('client_id')).toBe('shared-1');
  });

  it('a configured client goes by its own id and secret', async () => {
    const rig = createRig({ poolUrl });
    const client = { client_id: 'partner', redirect_uri: 'https://partner.example.com/cb' };
    expect((await rig.ask(client)).body).toContain('<dd>Partner</dd>');
    const code = (await rig.codeOf(client)).searchParams.get('code') ?? '';
    const answer = await rig.redeem({ ...client, code, client_secret: 'hush' });
    expect(answer.statusCode).toBe(200);
    expect(pool.tokenRequests[0]?.authorization).toBe(
      `Basic ${Buffer.from('partner:hush').toString('base64')}`,
    );
  });

  it('over plain http, as on this machine, the cookie is neither Secure nor __Host-', async () => {
    const rig = createRig({ poolUrl, publicUrl: 'http://127.0.0.1:7400' });
    const page = await rig.ask();
    expect(page.headers['set-cookie']).toMatch(/^drawbridge-oauth=[\w-]{43};(?!.*Secure)/u);
    expect((await rig.codeOf()).searchParams.get('iss')).toBe('http://127.0.0.1:7400');
  });

  it('two requests in two tabs of a browser both come through', async () => {
    const rig = createRig({ poolUrl });
    const first = await rig.ask();
    const second = await rig.ask({ state: 'other' }, cookieOf(first));
    expect(cookieOf(second)).toBe(cookieOf(first));
    expect((await rig.decide(first, 'allow')).statusCode).toBe(303);
    expect((await rig.decide(second, 'allow')).statusCode).toBe(303);
  });

  it('a no goes back to the client with state and issuer', async () => {
    const rig = createRig();
    const answer = new URL(locationOf(await rig.decide(await rig.ask(), 'deny')));
    expect(Object.fromEntries(answer.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'st&te',
      iss: issuer,
    });
  });

  it.each([
    ['access_denied', 'access_denied'],
    ['unauthorized_client', 'server_error'],
    ['<script>', 'server_error'],
  ])('the error %s of the pool reaches the client as %s', async (poolError, error) => {
    const rig = createRig();
    const page = await rig.ask();
    const state = new URL(locationOf(await rig.decide(page, 'allow'))).searchParams.get('state');
    const query = new URLSearchParams({
      error: poolError,
      error_description: 'internals',
      state: state ?? '',
    });
    const back = await rig.comeBack(`${issuer}/oauth/callback?${query.toString()}`, cookieOf(page));
    const answer = new URL(locationOf(back)).searchParams;
    expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
      error,
      'st&te',
      issuer,
    ]);
    expect(locationOf(back)).not.toContain('internals');
  });
});

describe('other grants', () => {
  it('a refresh is forwarded for the client that asks', async () => {
    const rig = createRig({ poolUrl });
    const refresh = (form: Record<string, string>) =>
      rig.post('/oauth/token', { grant_type: 'refresh_token', client_id: 'shared-1', ...form });
    const answer = await refresh({ refresh_token: 'canary-refresh', resource });
    expect([answer.statusCode, jsonOf(answer)['id_token']]).toEqual([200, undefined]);
    expect(jsonOf(await refresh({ refresh_token: 'stolen' }))['error']).toBe('invalid_grant');
    expect(jsonOf(await refresh({ client_id: 'x', refresh_token: 'r' }))['error']).toBe(
      'invalid_client',
    );
    expect(jsonOf(await refresh({}))['error']).toBe('invalid_request');
  });

  it('client credentials are forwarded, by header or body, with the scope', async () => {
    const rig = createRig({ poolUrl });
    const form = { grant_type: 'client_credentials', scope: 'drawbridge/mcp' };
    const inBody = await rig.post('/oauth/token', {
      ...form,
      client_id: 'machine',
      client_secret: 's:cret',
    });
    expect(inBody.statusCode).toBe(200);
    const authorization = `Basic ${Buffer.from('machine:s%3Acret').toString('base64')}`;
    expect((await rig.post('/oauth/token', form, { authorization })).statusCode).toBe(200);
    expect(pool.tokenRequests[1]?.form.get('scope')).toBe('drawbridge/mcp');

    const wrong = await rig.post('/oauth/token', {
      ...form,
      client_id: 'machine',
      client_secret: 'no',
    });
    expect([wrong.statusCode, jsonOf(wrong)['error']]).toEqual([401, 'invalid_client']);
    expect(wrong.headers['www-authenticate']).toMatch(/^Basic/u);
    expect(wrong.body).not.toContain('internals');
    const none = await rig.post('/oauth/token', { ...form, client_id: 'shared-1' });
    expect(jsonOf(none)['error']).toBe('invalid_client');
    const foreign = { ...form, scope: 'admin', client_id: 'machine', client_secret: 's:cret' };
    expect(jsonOf(await rig.post('/oauth/token', foreign))['error']).toBe('invalid_scope');
  });
});

describe('a pool that fails', () => {
  it.each<[string, (response: import('node:http').ServerResponse) => void, number, string]>([
    [
      'answers 503',
      (r) => void r.writeHead(503).end('pool internals'),
      503,
      'temporarily_unavailable',
    ],
    ['throttles', (r) => void r.writeHead(429).end('{}'), 503, 'temporarily_unavailable'],
    ['hangs', () => undefined, 503, 'temporarily_unavailable'],
    ['drops the line', (r) => void r.destroy(), 503, 'temporarily_unavailable'],
    ['floods', (r) => void r.end('x'.repeat(70_000)), 503, 'temporarily_unavailable'],
    [
      'redirects',
      (r) => void r.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('{}'),
      502,
      'server_error',
    ],
    ['answers a page', (r) => void r.end('<html>pool internals'), 502, 'server_error'],
    ['answers no token', (r) => void r.end('{"token_type":"Bearer"}'), 502, 'server_error'],
    [
      'does not know our client',
      (r) => void r.writeHead(400).end('{"error":"invalid_client"}'),
      502,
      'server_error',
    ],
    [
      'has an error of its own',
      (r) => void r.writeHead(400).end('{"error":"internals"}'),
      502,
      'server_error',
    ],
  ])('%s', async (_, misbehave, status, error) => {
    pool.misbehave = misbehave;
    const rig = createRig({ poolUrl });
    const answer = await rig.post('/oauth/token', {
      grant_type: 'refresh_token',
      client_id: 'shared-1',
      refresh_token: 'canary-refresh',
    });
    expect([answer.statusCode, jsonOf(answer)['error']]).toEqual([status, error]);
    expect(answer.body + rig.lines.join('')).not.toMatch(/internals|canary/u);
  });

  it('cannot be reached', async () => {
    const rig = createRig({ poolUrl: 'http://127.0.0.1:1' });
    const form = { grant_type: 'refresh_token', client_id: 'shared-1', refresh_token: 'r' };
    expect((await rig.post('/oauth/token', form)).statusCode).toBe(503);
  });
});

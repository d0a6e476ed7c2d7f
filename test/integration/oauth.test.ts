import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type OAuthClientProvider,
} from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';
import { ScriptedBrowser } from './support/scripted-browser.ts';

let running: RunningTwin;
beforeAll(async () => {
  running = await runTwin();
  await createTenant(running.admin, { tenant: 'demo', plan: 'premium' });
});
afterAll(() => running[Symbol.asyncDispose]());

const redirectUrl = 'http://127.0.0.1:53535/callback';
const isCallback = (url: URL): boolean => url.href.startsWith(redirectUrl);
const info = { name: 'oauth-test', version: '1.0.0' };

const demoUser = () => {
  const user = running.twin.pool?.demoUser;
  if (user === undefined) throw new Error('the twin has no pool');
  return { username: user.username, password: user.password };
};

/** Signs in as a person would: yes to the consent page, then name and password. @returns the code. */
const signIn = async (authorizationUrl: URL): Promise<string> => {
  const browser = new ScriptedBrowser();
  const consent = await browser.open(authorizationUrl.href, isCallback);
  expect(consent.status).toBe(200);
  expect(consent.html).toContain('127.0.0.1:53535');
  const allow = /<button[^>]*name="([^"]+)"[^>]*value="(allow|yes)"/i.exec(consent.html);
  const login = await browser.submit(
    consent,
    { [allow?.[1] ?? 'decision']: allow?.[2] ?? 'allow' },
    isCallback,
  );
  expect(login.html).toContain('password');
  const end = await browser.submit(login, demoUser(), isCallback);
  expect(end.url.searchParams.get('error')).toBeNull();
  expect(end.url.searchParams.get('iss')).toBe(running.twin.url);
  return end.url.searchParams.get('code') ?? '';
};

/** What an application keeps for the SDKs' own OAuth code. */
const aProvider = () => {
  const kept: Record<string, unknown> = {};
  let authorizationUrl: URL | undefined;
  const provider = {
    redirectUrl,
    clientMetadata: {
      client_name: 'OAuth test',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    state: () => 'state-of-the-client',
    clientInformation: () => kept['client'],
    saveClientInformation: (value: unknown) => void (kept['client'] = value),
    tokens: () => kept['tokens'],
    saveTokens: (value: unknown) => void (kept['tokens'] = value),
    redirectToAuthorization: (url: URL) => void (authorizationUrl = url),
    saveCodeVerifier: (value: string) => void (kept['verifier'] = value),
    codeVerifier: () => kept['verifier'] as string,
  };
  return { provider, kept, authorizationUrl: () => authorizationUrl ?? expect.fail('no redirect') };
};

interface Connectable {
  connect(): Promise<void>;
  finishAuth(code: string): Promise<void>;
  listTools(): Promise<{ tools: readonly unknown[] }>;
}

const v2 = (provider: unknown): Connectable => {
  const options = { authProvider: provider as OAuthClientProvider };
  let client = new Client(info);
  let transport = new StreamableHTTPClientTransport(new URL(running.mcpUrl), options);
  return {
    connect: async () => {
      client = new Client(info);
      transport = new StreamableHTTPClientTransport(new URL(running.mcpUrl), options);
      await client.connect(transport);
    },
    finishAuth: (code) =>
      transport.finishAuth(new URLSearchParams({ code, iss: running.twin.url })),
    listTools: () => client.listTools(),
  };
};

const v1 = (provider: unknown): Connectable => {
  const options = { authProvider: provider as never };
  let client = new ClientV1(info);
  let transport = new TransportV1(new URL(running.mcpUrl), options);
  return {
    connect: async () => {
      client = new ClientV1(info);
      transport = new TransportV1(new URL(running.mcpUrl), options);
      await client.connect(transport);
    },
    finishAuth: (code) => transport.finishAuth(code),
    listTools: () => client.listTools(),
  };
};

describe.each([
  ['v1', v1],
  ['v2', v2],
])('the %s SDK’s own OAuth code, given nothing but the URL', (_, connectable) => {
  it('discovers, registers, signs in, gets a token and calls', async () => {
    const { provider, kept, authorizationUrl } = aProvider();
    const client = connectable(provider);
    await expect(client.connect()).rejects.toThrow();
    await client.finishAuth(await signIn(authorizationUrl()));
    await client.connect();
    expect((await client.listTools()).tools).toHaveLength(2);
    expect(kept['tokens']).toHaveProperty('refresh_token');
  });
});

const tokenOf = async (body: Record<string, string>, headers: Record<string, string> = {}) => {
  const response = await fetch(`${running.twin.url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(body).toString(),
  });
  return { status: response.status, json: (await response.json()) as Record<string, string> };
};

const machine = () => {
  const client = running.twin.pool?.clients.find(({ clientSecret }) => clientSecret !== undefined);
  const basic = Buffer.from(`${client?.clientId}:${client?.clientSecret}`).toString('base64');
  return { authorization: `Basic ${basic}` };
};

const call = (token: string) =>
  post(running.mcpUrl, callOf('search', { query: 'plan' }), bearer(token));

describe('a token', () => {
  it('of client credentials calls as its client, and is so in the audit', async () => {
    const { status, json } = await tokenOf(
      { grant_type: 'client_credentials', scope: 'drawbridge/mcp' },
      machine(),
    );
    expect(status).toBe(200);
    expect((await call(json['access_token'] ?? '')).status).toBe(200);
    await expect
      .poll(() => running.everythingWritten())
      .toMatch(/"type":"audit"[^\n]*"tenant":"demo","subject":"client:[^\n]*"lane":"jwt"/);
  });

  it('goes on after the signing key was rotated', async () => {
    const fresh = async () =>
      (await tokenOf({ grant_type: 'client_credentials', scope: 'drawbridge/mcp' }, machine()))
        .json['access_token'] ?? '';
    const old = await fresh();
    expect((await call(old)).status).toBe(200);
    running.twin.pool?.rotateSigningKey();
    const next = await fresh();
    await expect
      .poll(async () => (await call(next)).status, { timeout: 20_000, interval: 500 })
      .toBe(200);
    expect((await call(old)).status).toBe(200);
  });

  const claims = (changes: Record<string, unknown>) => {
    const now = Math.floor(Date.now() / 1000);
    const pool = running.twin.pool ?? expect.fail('no pool');
    const client = pool.clients.find(({ clientSecret }) => clientSecret === undefined);
    return pool.signClaims({
      iss: `https://cognito-idp.us-east-1.amazonaws.com/${pool.settings.poolId}`,
      sub: 'somebody',
      token_use: 'access',
      client_id: client?.clientId,
      scope: 'drawbridge/mcp',
      tenant: 'demo',
      iat: now,
      exp: now + 600,
      ...changes,
    });
  };

  it('like the ones that are refused below, but right, is served', async () => {
    expect((await call(claims({}))).status).toBe(200);
  });

  it.each([
    ['another resource', { aud: 'https://elsewhere.example/mcp' }],
    ['another issuer', { iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other' }],
    ['another client', { client_id: 'abcdefghijklmnopqrstuvwxyz' }],
    ['an ID token', { token_use: 'id' }],
    ['an expired one', { exp: 1_000_000_000 }],
    ['one not yet valid', { nbf: 4_000_000_000 }],
    ['one without the scope', { scope: 'openid' }],
    ['one without a tenant', { tenant: undefined }],
    ['one of an unknown tenant', { tenant: 'nobody' }],
  ])('is refused with 401, and reaches no tool: %s', async (_, changes) => {
    const before = running.twin.lambda.stats();
    const answer = await call(claims(changes));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('resource_metadata="');
    const of = (stats: typeof before) =>
      Object.entries(stats).find(([name]) => name.includes('McpFunction'))?.[1].invocations;
    expect(of(running.twin.lambda.stats())).toBe(of(before));
  });
});

it('an error of the SDK’s is an UnauthorizedError, so that applications know to send people to sign in', async () => {
  const client = v2(aProvider().provider);
  await expect(client.connect()).rejects.toBeInstanceOf(UnauthorizedError);
});

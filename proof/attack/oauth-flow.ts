import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ScriptedBrowser, type Page } from '../../test/integration/support/scripted-browser.ts';
import { accessToken } from './pool-token.ts';
import type { Scene } from './scene.ts';
import type { Reply } from './wire.ts';

/** Where a program on this machine has its answer sent; nobody listens there. */
export const redirectUri = 'http://127.0.0.1:53535/callback';
export const verifier = 'v'.repeat(43);

const isEnd = (url: URL): boolean => url.href.startsWith(redirectUri);

const queryOf = (scene: Scene, changes: Readonly<Record<string, string>>): string => {
  const query = {
    response_type: 'code',
    client_id: accessToken(scene).clientId,
    redirect_uri: redirectUri,
    state: 'state-of-the-client',
    scope: 'drawbridge/mcp',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${scene.url}/mcp`,
    ...changes,
  };
  return new URLSearchParams(query).toString();
};

/** A client sends a person to the facade. An empty value is a parameter without one. */
export const ask = (
  scene: Scene,
  changes: Readonly<Record<string, string>> = {},
  more = '',
): Promise<Reply> =>
  scene.send({ method: 'GET', path: `/oauth/authorize?${queryOf(scene, changes)}${more}` });

/** A page for the person, no redirect, no cookie, no script. */
export const isErrorPage = ({ status, headers, text }: Reply): void => {
  assert.equal(status, 400, text.slice(0, 200));
  assert.equal(headers['location'], undefined);
  assert.equal(headers['set-cookie'], undefined);
  assert.match(headers['content-type'] ?? '', /^text\/html/u);
  assert.ok(!text.includes('<script'));
};

/** What the client is told by redirect. */
export const errorOf = ({ status, headers, text }: Reply): URLSearchParams => {
  assert.equal(status, 302, text.slice(0, 200));
  const location = new URL(headers['location'] ?? '');
  assert.equal(`${location.origin}${location.pathname}`, redirectUri);
  return location.searchParams;
};

export const browserOf = ({ headers }: Reply): string =>
  (headers['set-cookie'] ?? '').split(';')[0] ?? '';
export const sealedOf = ({ text }: Reply): string =>
  /name="request" value="([^"]+)"/u.exec(text)?.[1] ?? '';

/** A code, as a person's consent and sign-in bring it about. */
export const codeOf = async (scene: Scene): Promise<string> => {
  const { pool } = scene.rig.twin;
  assert.ok(pool, 'the twin has a pool');
  const browser = new ScriptedBrowser();
  const url = `${scene.url}/oauth/authorize?${queryOf(scene, {})}`;
  const consent = await browser.open(url, isEnd);
  const login: Page = await browser.submit(consent, { decision: 'allow' }, isEnd);
  const { username, password } = pool.demoUser;
  const end = await browser.submit(login, { username, password }, isEnd);
  const { searchParams } = end.url;
  assert.equal(searchParams.get('iss'), scene.url, 'no answer without its issuer (RFC 9207)');
  assert.equal(searchParams.get('state'), 'state-of-the-client');
  return searchParams.get('code') ?? '';
};

export const redeem = (scene: Scene, changes: Readonly<Record<string, string>>): Promise<Reply> => {
  const form = {
    grant_type: 'authorization_code',
    client_id: accessToken(scene).clientId,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    resource: `${scene.url}/mcp`,
    ...changes,
  };
  const entries = Object.entries(form).filter(([, value]) => value !== '');
  return scene.send({
    path: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(entries).toString(),
  });
};

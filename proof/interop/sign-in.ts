import assert from 'node:assert/strict';
import type { Twin } from '../../local/twin.ts';
import { ScriptedBrowser, type Page } from '../../test/integration/support/scripted-browser.ts';

/** Where the answer is sent of a program that does not listen for it. */
export const redirectUrl = 'http://127.0.0.1:53535/callback';

/**
 * Says yes on the consent page and signs in as the pool's demo user.
 * @param isEnd - where the browser stops. By default it goes to the client's own page, which has to be there.
 */
export const signIn = async (
  { pool }: Pick<Twin, 'pool'>,
  authorizationUrl: string,
  isEnd: (url: URL) => boolean = () => false,
): Promise<Page> => {
  assert.ok(pool, 'the twin has no pool');
  const { username, password } = pool.demoUser;
  const browser = new ScriptedBrowser();
  const consent = await browser.open(authorizationUrl, isEnd);
  assert.match(consent.html, /<title>Allow access to Drawbridge\?<\/title>/);
  const login = await browser.submit(consent, { decision: 'allow' }, isEnd);
  assert.match(login.html, /<title>Sign in<\/title>/);
  const end = await browser.submit(login, { username, password }, isEnd);
  assert.equal(end.url.searchParams.get('error'), null);
  assert.ok(isEnd(end.url) || end.status === 200, `the client's page answered ${end.status}`);
  return end;
};

/** As `signIn`, for a program at `redirectUrl`: the query of its answer. */
export const signInFor = async (
  twin: Pick<Twin, 'pool'>,
  authorizationUrl: string,
): Promise<URLSearchParams> => {
  const { url } = await signIn(twin, authorizationUrl, ({ href }) => href.startsWith(redirectUrl));
  return url.searchParams;
};

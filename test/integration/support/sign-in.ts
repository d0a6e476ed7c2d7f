import { expect } from 'vitest';
import { isCallback } from './oauth-application.ts';
import type { RunningTwin } from './running-twin.ts';
import { ScriptedBrowser, type Page } from './scripted-browser.ts';

/** The user that the twin's pool comes with. */
export const demoUser = ({ twin }: RunningTwin): { username: string; password: string } => {
  const { username, password } = twin.pool?.demoUser ?? expect.fail('the twin has no pool');
  return { username, password };
};

/** The client of the pool that everybody who registers is handed. */
export const publicClientId = ({ twin }: RunningTwin): string =>
  twin.pool?.clients.find(({ hasSecret }) => !hasSecret)?.clientId ??
  expect.fail('the pool has no public client');

/** The client of the pool that has a secret. */
export const machineClient = ({
  twin,
}: RunningTwin): { clientId: string; clientSecret: string } => {
  const found = twin.pool?.clients.find(({ hasSecret }) => hasSecret);
  const { clientId, clientSecret } = found ?? expect.fail('the pool has no machine client');
  return { clientId, clientSecret: clientSecret ?? expect.fail('it has no secret') };
};

/**
 * Signs in as a person would: yes to the consent page, then name and password.
 * @returns where the browser was sent in the end: the client's redirect URI, with the answer in its query.
 */
export const signIn = async (
  running: RunningTwin,
  authorizationUrl: URL,
  isEnd: (url: URL) => boolean = isCallback,
): Promise<Page> => {
  const browser = new ScriptedBrowser();
  const consent = await browser.open(authorizationUrl.href, isEnd);
  expect(consent.status, consent.html).toBe(200);
  expect(consent.html).toContain('<title>Allow access to Drawbridge?</title>');
  const login = await browser.submit(consent, { decision: 'allow' }, isEnd);
  expect(login.html).toContain('<title>Sign in</title>');
  const end = await browser.submit(login, demoUser(running), isEnd);
  expect(end.url.searchParams.get('error')).toBeNull();
  expect(end.url.searchParams.get('iss')).toBe(running.twin.url);
  return end;
};

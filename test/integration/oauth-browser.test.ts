import { UnauthorizedError } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import type { Browser, Page } from '../suites/playwright.ts';
import { browse, type Browsing } from './support/browsing.ts';
import { launchChromium } from './support/chromium.ts';
import { serveClientDocument } from './support/client-document.ts';
import { listenForCallback } from './support/loopback-callback.ts';
import { anApplication } from './support/oauth-application.ts';
import { runTwin, type RunningTwin } from './support/running-twin.ts';
import { bothSdks, sdkV1, sdkV2 } from './support/sdk-clients.ts';
import { demoUser } from './support/sign-in.ts';

let running: RunningTwin;
let browser: Browser;
beforeAll(async () => {
  running = await runTwin();
  await createTenant(running.admin, { tenant: 'demo', plan: 'premium' });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await running?.[Symbol.asyncDispose]();
});

/** What stands beside a term of the consent page's list. */
const answerTo = (page: Page, term: string): Promise<string> =>
  page.locator('dt', { hasText: term }).locator('xpath=following-sibling::dd[1]').innerText();

const logIn = async (page: Page, username: string, password: string): Promise<void> => {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
};

/** Nothing may come from elsewhere. */
const expectNothingForeign = ({ requests }: Browsing, callback: string): void => {
  const allowed = [running.twin.url, running.twin.pool?.url, new URL(callback).origin];
  expect(requests.length).toBeGreaterThan(4);
  expect(requests.filter(({ origin }) => !allowed.includes(origin))).toEqual([]);
};

describe.each(bothSdks)('a person at Chromium, sent by the %s SDK', (_, connectSdk) => {
  it('sees who asks, mends a wrong password, comes back, and the application calls', async () => {
    await using callback = await listenForCallback();
    await using browsing = await browse(browser);
    const { page } = browsing;
    const application = anApplication({ redirectUrl: callback.url });
    const client = connectSdk(running.mcpUrl, application.provider);
    await expect(client.connect()).rejects.toThrow('Unauthorized');

    await page.goto(application.authorizationUrl().href);
    expect(await page.title()).toBe('Allow access to Drawbridge?');
    expect(await answerTo(page, 'Application')).toBe('An application on this computer');
    expect(await answerTo(page, 'The answer goes to')).toBe(new URL(callback.url).host);
    expect(await answerTo(page, 'It will be able to')).toBe(
      'Use the tools of Drawbridge in your name',
    );
    expect(await browsing.headers()).toMatchObject({
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-[\w+/]+=*'; base-uri 'none'; frame-ancestors 'none'$/u,
      ) as string,
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });

    await page.getByRole('button', { name: 'Allow' }).click();
    expect(await page.title()).toBe('Sign in');
    expect(new URL(page.url()).origin).toBe(running.twin.pool?.url);
    expect((await browsing.headers())['content-security-policy']).toContain("default-src 'none'");
    expect(browsing.complaints).toEqual([]);
    const { username, password } = demoUser(running);
    await logIn(page, username, `${password}x`);
    expect(await page.getByRole('alert').innerText()).toBe('Incorrect username or password.');
    expect(await page.getByLabel('Username').inputValue()).toBe(username);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await logIn(page, username, password);

    expect(await page.title()).toBe('Back in the application');
    const answer = await callback.answer();
    expect([...answer.keys()].toSorted()).toEqual(['code', 'iss', 'state']);
    expect(answer.get('state')).toBe(application.state);
    expect(answer.get('iss')).toBe(running.twin.url);
    await client.finishAuth(answer);
    await client.connect();
    expect(await client.toolNames()).toEqual(['fetch', 'search']);
    expect(await client.search('usage plan')).toMatchObject({
      results: expect.arrayContaining([
        expect.objectContaining({ id: 'plans-and-limits.md' }),
      ]) as unknown[],
    });
    await client.close();
    expectNothingForeign(browsing, callback.url);
    // Chromium's own remark on the status of the page that said the password was wrong.
    expect(browsing.complaints).toEqual([expect.stringMatching(/status of 400 .*\/login\?uid=/u)]);
  });
});

describe('a person at Chromium', () => {
  it('who denies is brought back, and the application is told access_denied and gets no token', async () => {
    await using callback = await listenForCallback();
    await using browsing = await browse(browser);
    const { page } = browsing;
    const application = anApplication({ redirectUrl: callback.url });
    const client = sdkV2(running.mcpUrl, application.provider);
    await expect(client.connect()).rejects.toBeInstanceOf(UnauthorizedError);
    await page.goto(application.authorizationUrl().href);
    await page.getByRole('button', { name: 'Deny' }).click();
    expect(await page.title()).toBe('Back in the application');
    const answer = await callback.answer();
    expect(Object.fromEntries(answer)).toEqual({
      error: 'access_denied',
      error_description: 'The person said no',
      state: application.state,
      iss: running.twin.url,
    });
    await expect(client.finishAuth(answer)).rejects.toMatchObject({ code: 'access_denied' });
    expect(application.kept.tokens).toBeUndefined();
    // Nobody was asked to sign in for nothing.
    expect(browsing.requests.map(({ origin }) => origin)).not.toContain(running.twin.pool?.url);
    expect(browsing.complaints).toEqual([]);
  });

  it('sees the name of a client that is known by its document, and that it is only a claim', async () => {
    await using callback = await listenForCallback();
    await using document = await serveClientDocument(running, {
      client_name: 'Pocket <b>Librarian</b>',
      redirect_uris: [callback.url],
    });
    await using browsing = await browse(browser);
    const { page } = browsing;
    const application = anApplication({ redirectUrl: callback.url, clientId: document.url });
    const client = sdkV1(running.mcpUrl, application.provider);
    await expect(client.connect()).rejects.toThrow('Unauthorized');
    await page.goto(application.authorizationUrl().href);
    expect(await answerTo(page, 'Application')).toBe(new URL(document.url).host);
    expect(await answerTo(page, 'It calls itself')).toBe('“Pocket <b>Librarian</b>”');
    expect(await answerTo(page, 'The answer goes to')).toBe(new URL(callback.url).host);
    expect(await page.locator('main b').count()).toBe(0);
    await page.getByRole('button', { name: 'Allow' }).click();
    const { username, password } = demoUser(running);
    await logIn(page, username, password);
    await client.finishAuth(await callback.answer());
    await client.connect();
    expect(await client.toolNames()).toEqual(['fetch', 'search']);
    await client.close();
    expectNothingForeign(browsing, callback.url);
    expect(browsing.complaints).toEqual([]);
  });

  it('who was led here with a stranger’s redirect sees an error, and is sent nowhere', async () => {
    await using browsing = await browse(browser);
    const { page } = browsing;
    const application = anApplication();
    const client = sdkV2(running.mcpUrl, application.provider);
    await expect(client.connect()).rejects.toBeInstanceOf(UnauthorizedError);
    const url = application.authorizationUrl();
    url.searchParams.set('redirect_uri', 'https://attacker.example/callback');
    await page.goto(url.href);
    expect(await page.title()).toBe('This did not work');
    expect(await page.locator('main').innerText()).toContain('Nothing was allowed.');
    expect(browsing.requests.map(({ origin }) => origin)).toEqual([running.twin.url]);
  });
});

import type { Browser, Page } from '../../suites/playwright.ts';

/** A page of a fresh browser profile, and what went on behind it. */
export interface Browsing {
  readonly page: Page;
  /** Every request that the page made, as a URL. */
  readonly requests: readonly URL[];
  /** What a developer would see in red in the console, and errors that no script caught. */
  readonly complaints: readonly string[];
  /** The headers of the document that is shown. */
  headers(): Promise<Readonly<Record<string, string>>>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const browse = async (browser: Browser): Promise<Browsing> => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const requests: URL[] = [];
  const complaints: string[] = [];
  let shown: Promise<Record<string, string>> = Promise.resolve({});
  page.on('request', (request) => requests.push(new URL(request.url())));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      complaints.push(`${message.text()} (${page.url()})`);
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('response', (response) => {
    if (response.request().isNavigationRequest() && response.status() < 300) {
      shown = response.allHeaders();
    }
  });
  return {
    page,
    requests,
    complaints,
    headers: () => shown,
    [Symbol.asyncDispose]: () => context.close(),
  };
};

/** A browser without a screen: keeps cookies by host, follows redirects, submits the form of a page. */
export class ScriptedBrowser {
  readonly #cookies = new Map<string, Map<string, string>>();
  /** Every address it was sent to, in order. */
  readonly visited: string[] = [];

  /** Goes to a URL and on, until a page answers, or an address for which `isEnd` holds. */
  async open(url: string, isEnd: (url: URL) => boolean, init: RequestInit = {}): Promise<Page> {
    let next = new URL(url);
    let request = init;
    for (let hops = 0; hops < 12; hops++) {
      this.visited.push(next.href);
      if (isEnd(next)) return { url: next, status: 0, html: '' };
      const response = await fetch(next, {
        ...request,
        redirect: 'manual',
        headers: { ...(request.headers as Record<string, string>), cookie: this.#cookieFor(next) },
      });
      this.#keep(next, response);
      const location = response.headers.get('location');
      if (location === null)
        return { url: next, status: response.status, html: await response.text() };
      next = new URL(location, next);
      request = {};
    }
    throw new Error(`too many redirects: ${this.visited.join(' ')}`);
  }

  /** Submits the page's form with its hidden fields, these values, and the button of this name. */
  submit(page: Page, values: Record<string, string>, isEnd: (url: URL) => boolean): Promise<Page> {
    const action = /<form[^>]*\baction="([^"]*)"/.exec(page.html)?.[1] ?? page.url.href;
    const fields = new URLSearchParams();
    for (const [tag] of page.html.matchAll(/<input[^>]*>/g)) {
      if (!/type="hidden"/.test(tag)) continue;
      fields.set(attribute(tag, 'name'), attribute(tag, 'value'));
    }
    for (const [name, value] of Object.entries(values)) fields.set(name, value);
    return this.open(new URL(unescaped(action), page.url).href, isEnd, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: fields.toString(),
    });
  }

  #cookieFor({ host }: URL): string {
    return [...(this.#cookies.get(host) ?? [])]
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
  }

  #keep({ host }: URL, response: Response): void {
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    this.#cookies.set(host, jar);
  }
}

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
}

const unescaped = (text: string): string =>
  text.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&quot;', '"');

const attribute = (tag: string, name: string): string =>
  unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '');

import { describe, expect, it } from 'vitest';
import { signedFetch, type SignedFetchOptions } from '../../src/signing/signed-fetch.ts';

const credentials = { accessKeyId: 'ASIATEST', secretAccessKey: 'secret', sessionToken: 'token==' };

interface Sent {
  readonly url: URL;
  readonly init: RequestInit;
  readonly headers: Headers;
}

/** A signedFetch that keeps what it would send. Bodies are bytes by then. */
const aFetch = (options: Partial<SignedFetchOptions> = {}) => {
  const sent: Sent[] = [];
  const fetching = signedFetch({
    credentials,
    region: 'us-east-1',
    now: () => new Date(Date.UTC(2026, 10, 21, 12, 0, sent.length)),
    fetch: async (input, init = {}) => {
      sent.push({ url: new URL(input), init, headers: new Headers(init.headers) });
      return new Response('answer');
    },
    ...options,
  });
  return { fetching, sent };
};

const url = 'https://api.test/ci/mcp';
const text = (body: unknown) => Buffer.from(body as Uint8Array).toString('utf8');
const signedHeadersOf = ({ headers }: Sent) =>
  /SignedHeaders=([^,]+)/.exec(headers.get('authorization') ?? '')?.[1]?.split(';');

describe('signedFetch', () => {
  it('signs what decides how the request is read, and sends the rest as it was given', async () => {
    const { fetching, sent } = aFetch();
    const response = await fetching(url, {
      method: 'POST',
      headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json', 'Mcp-Name': 'x' },
      body: '{}',
    });
    expect(await response.text()).toBe('answer');
    const [only] = sent;
    expect(only && signedHeadersOf(only)).toEqual([
      'content-type',
      'host',
      'mcp-name',
      'x-amz-content-sha256',
      'x-amz-date',
      'x-amz-security-token',
    ]);
    expect(only?.headers.get('accept')).toBe('text/event-stream');
    expect(only?.headers.get('host')).toBeNull();
    expect(only?.headers.get('authorization')).toMatch(
      /^AWS4-HMAC-SHA256 Credential=ASIATEST\/20261121\/us-east-1\/execute-api\/aws4_request, /,
    );
    expect(text(only?.init.body)).toBe('{}');
  });

  it('tells the hash of the body and the time', async () => {
    const { fetching, sent } = aFetch();
    await fetching(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    const [only] = sent;
    expect(only?.headers.get('x-amz-content-sha256')).toBe(
      '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    );
    expect(only?.headers.get('x-amz-date')).toBe('20261121T120000Z');
  });

  it.each<[string, NonNullable<RequestInit['body']>, string]>([
    ['a string', 'naïve 🔑', 'naïve 🔑'],
    ['bytes', new Uint8Array([0x7b, 0x7d]), '{}'],
    ['a buffer', new Uint8Array([0x7b, 0x7d]).buffer, '{}'],
    ['a form', new URLSearchParams({ a: 'b c' }), 'a=b+c'],
  ])('takes %s as a body', async (_, body, expected) => {
    const { fetching, sent } = aFetch();
    await fetching(url, { method: 'POST', body });
    expect(text(sent[0]?.init.body)).toBe(expected);
  });

  it('takes a URL, a Request, and a request without a body', async () => {
    const { fetching, sent } = aFetch();
    await fetching(new URL(url));
    await fetching(new Request(url, { method: 'POST', body: '{}', headers: { 'X-A': '1' } }));
    expect(sent.map(({ init }) => init.method)).toEqual(['GET', 'POST']);
    expect(sent[0]?.init.body).toBeUndefined();
    expect(text(sent[1]?.init.body)).toBe('{}');
    expect(sent[1]?.headers.get('x-a')).toBe('1');
  });

  it('signs each request anew', async () => {
    const { fetching, sent } = aFetch();
    await fetching(url, { method: 'POST', body: '{}' });
    await fetching(url, { method: 'POST', body: '{}' });
    const [first, second] = sent.map(({ headers }) => headers.get('authorization'));
    expect(first).not.toBe(second);
  });

  it('asks the provider for each request, so that expired credentials are replaced', async () => {
    let asked = 0;
    const { fetching, sent } = aFetch({
      credentials: async () => ({ ...credentials, accessKeyId: `ASIA${(asked += 1)}` }),
    });
    await fetching(url);
    await fetching(url);
    expect(
      sent.map(({ headers }) => /Credential=(\w+)/.exec(headers.get('authorization') ?? '')?.[1]),
    ).toEqual(['ASIA1', 'ASIA2']);
  });

  it('sends nothing when there are no credentials', async () => {
    const { fetching, sent } = aFetch({
      credentials: () => Promise.reject(new Error('no credentials')),
    });
    await expect(fetching(url)).rejects.toThrow('no credentials');
    expect(sent).toEqual([]);
  });

  it('drops a token and a signature that are already there', async () => {
    const { fetching, sent } = aFetch();
    await fetching(url, {
      headers: {
        Authorization: 'Bearer canary',
        'X-Amz-Date': '20200101T000000Z',
        'X-Amz-Foo': 'x',
      },
    });
    expect(sent[0]?.headers.get('authorization')).not.toContain('canary');
    expect(sent[0]?.headers.get('x-amz-date')).toBe('20261121T120000Z');
    expect(sent[0]?.headers.get('x-amz-foo')).toBeNull();
  });

  it('writes the query so that it can be read in one way only', async () => {
    const { fetching, sent } = aFetch();
    await fetching(`${url}?q=a+b&q=%2B&r=(x)#part`);
    expect(sent[0]?.url.href).toBe(`${url}?q=a%20b&q=%2B&r=%28x%29`);
  });

  it('follows no redirect, and passes an abort on', async () => {
    const { fetching, sent } = aFetch();
    const controller = new AbortController();
    await fetching(url, { signal: controller.signal, redirect: 'follow' });
    expect(sent[0]?.init.redirect).toBe('manual');
    controller.abort();
    expect(sent[0]?.init.signal?.aborted).toBe(true);
  });

  it('signs for another service when told', async () => {
    const { fetching, sent } = aFetch({ service: 'lambda', region: 'eu-west-1' });
    await fetching(url);
    expect(sent[0]?.headers.get('authorization')).toContain('/eu-west-1/lambda/aws4_request');
  });
});

import { describe, expect, it } from 'vitest';
import type { GuardedFetch } from '../../src/fetch-guard/guarded-fetch.ts';
import { ClientDocuments } from '../../src/oauth/client-metadata-document.ts';

const url = 'https://app.example.com/client';
const valid = { client_id: url, redirect_uris: ['https://app.example.com/cb'] };

const aStore = (document: unknown, { status = 200, type = 'application/json' } = {}) => {
  const state = { now: 0, fetched: [] as string[] };
  const fetch: GuardedFetch = async (asked) => {
    state.fetched.push(asked);
    return {
      status,
      headers: new Map(type === '' ? [] : [['content-type', type]]),
      body: typeof document === 'string' ? document : JSON.stringify(document),
    };
  };
  return { state, documents: new ClientDocuments(fetch, () => state.now) };
};

describe('ClientDocuments', () => {
  it('a document is fetched once in five minutes, also for many at the same time', async () => {
    const { state, documents } = aStore({ ...valid, client_name: 'App', jwks_uri: 'x' });
    const [first] = await Promise.all([documents.get(url), documents.get(url), documents.get(url)]);
    expect(first).toEqual({ name: 'App', redirectUris: valid.redirect_uris });
    state.now += 299_000;
    await documents.get(url);
    expect(state.fetched).toEqual([url]);
    state.now += 2_000;
    await documents.get(url);
    expect(state.fetched).toHaveLength(2);
  });

  it('a failure is kept for half a minute', async () => {
    const { state, documents } = aStore('nothing', { status: 404 });
    for (let index = 0; index < 5; index++) await expect(documents.get(url)).rejects.toThrow();
    expect(state.fetched).toHaveLength(1);
    state.now += 31_000;
    await expect(documents.get(url)).rejects.toThrow('not found');
    expect(state.fetched).toHaveLength(2);
  });

  it('the cache is bounded', async () => {
    const { state, documents } = aStore('{}');
    for (let index = 0; index < 300; index++) {
      await documents.get(`${url}/${index}`).catch(() => undefined);
    }
    await documents.get(`${url}/299`).catch(() => undefined);
    expect(state.fetched).toHaveLength(300);
    await documents.get(`${url}/0`).catch(() => undefined);
    expect(state.fetched).toHaveLength(301);
  });

  it.each<[string, unknown, object]>([
    ['a redirect', valid, { status: 302 }],
    ['another type', valid, { type: 'text/html' }],
    ['no type', valid, { type: '' }],
    ['not JSON', '<html>', {}],
    ['an array', [], {}],
    ['another client', { ...valid, client_id: `${url}/` }, {}],
    ['no client', { redirect_uris: valid.redirect_uris }, {}],
    ['no redirects', { client_id: url }, {}],
    ['no redirect', { client_id: url, redirect_uris: [] }, {}],
    [
      'bad redirects only',
      { ...valid, redirect_uris: ['evil://x', 'http://evil.com/', 'https://a@b/'] },
      {},
    ],
    ['a shared secret', { ...valid, token_endpoint_auth_method: 'client_secret_post' }, {}],
    ['a secret', { ...valid, client_secret: 's' }, {}],
    [
      'keys, which are not looked at',
      { ...valid, token_endpoint_auth_method: 'private_key_jwt' },
      {},
    ],
    ['another grant', { ...valid, grant_types: ['client_credentials'] }, {}],
  ])('%s is refused', async (_, document, answer) => {
    await expect(aStore(document, answer).documents.get(url)).rejects.toThrow();
  });
});

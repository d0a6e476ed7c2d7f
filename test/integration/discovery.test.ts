import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
beforeAll(async () => {
  running = await runTwin();
});
afterAll(() => running[Symbol.asyncDispose]());

const at = (path: string, init?: RequestInit) => fetch(`${running.twin.url}${path}`, init);

/** What a browser asks before it sends a request with a token's or a protocol's header. */
const preflight = (path: string, method: string) =>
  at(path, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example.com',
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization, content-type, mcp-protocol-version',
    },
  });

describe.each(['oauth-protected-resource', 'oauth-authorization-server', 'openid-configuration'])(
  'the document %s',
  (name) => {
    const forms = [`/.well-known/${name}`, `/.well-known/${name}/mcp`];

    it('is the same with and without the path of the endpoint, for every origin', async () => {
      const [bare, suffixed] = await Promise.all(
        forms.map(async (path) => {
          const response = await at(path);
          expect(response.status).toBe(200);
          expect(response.headers.get('access-control-allow-origin')).toBe('*');
          expect(response.headers.get('content-type')).toBe('application/json');
          return (await response.json()) as Record<string, unknown>;
        }),
      );
      expect(suffixed).toEqual(bare);
      expect(bare?.['issuer'] ?? bare?.['authorization_servers']).toEqual(
        name === 'oauth-protected-resource' ? [running.twin.url] : running.twin.url,
      );
    });

    it.each(forms)('%s answers a preflight', async (path) => {
      const response = await preflight(path, 'GET');
      expect(response.status).toBe(204);
      expect(await response.text()).toBe('');
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-allow-methods')).toBe('GET, OPTIONS');
      expect(response.headers.get('access-control-allow-headers')).toContain(
        'mcp-protocol-version',
      );
    });
  },
);

it.each(['/oauth/register', '/oauth/token'])('%s answers a preflight', async (path) => {
  const response = await preflight(path, 'POST');
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('access-control-allow-methods')).toBe('POST, OPTIONS');
});

it.each(['/oauth/authorize', '/oauth/callback'])(
  '%s is for people: no script of another origin may ask',
  async (path) => {
    const response = await preflight(path, 'GET');
    expect(response.status).toBe(404);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  },
);

it.each([
  '/.well-known/oauth-authorization-server/elsewhere',
  '/.well-known/jwks.json',
  '/mcp/.well-known/openid-configuration',
])('%s is 404 as JSON, so that a client goes on looking', async (path) => {
  const response = await at(path);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 'NOT_FOUND' });
});

it.each(
  ['/mcp', '/ci/mcp'].flatMap((path) => ['GET', 'DELETE'].map((method) => [method, path] as const)),
)('%s %s is 405 at once', async (method, path) => {
  const response = await at(path, { method });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('POST');
  expect(await response.json()).toMatchObject({
    code: 'METHOD_NOT_ALLOWED',
    error: { code: -31405 },
  });
});

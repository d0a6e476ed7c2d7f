import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
let key: string;
beforeAll(async () => {
  running = await runTwin();
  key = await running.keyOn('premium', 'acme');
});
afterAll(() => running[Symbol.asyncDispose]());

const get = async (path: string, headers: Record<string, string> = bearer(key)) => {
  const response = await fetch(`${running.twin.url}${path}`, { headers });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
};
const run = (name: string, args: string | object) =>
  post(`${running.twin.url}/tools/${name}`, args, bearer(key));

describe('GET /tools', () => {
  it('lists what the caller may call, as tools/list does', async () => {
    const { status, json } = await get('/tools');
    expect(status).toBe(200);
    expect((json['tools'] as { name: string }[]).map(({ name }) => name)).toEqual([
      'fetch',
      'search',
    ]);
    expect(json).not.toHaveProperty('nextCursor');
  });

  it('refuses a cursor of another list', async () => {
    expect(await get('/tools?cursor=zzz')).toMatchObject({
      status: 400,
      json: { code: 'INVALID_REQUEST' },
    });
  });

  it.each(['/tools', '/openapi.json'])('needs a key: %s', async (path) => {
    expect(await get(path, {})).toMatchObject({ status: 401, json: { code: 'UNAUTHENTICATED' } });
  });
});

describe('POST /tools/{name}', () => {
  it('runs a tool and answers its structured result alone', async () => {
    const answer = await run('search', { query: 'plan', limit: 1 });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({
      results: [{ id: expect.any(String) as string }],
    });
  });

  it('says what is wrong with arguments', async () => {
    const answer = await run('search', { q: 1 });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(answer.text).toContain('query');
  });

  it('passes a tool’s own refusal on', async () => {
    expect(await run('fetch', { id: 'no-such' })).toMatchObject({
      status: 422,
      json: { code: 'TOOL_FAILED' },
    });
  });

  it.each(['nope', 'constructor', '__proto__', '%2e%2e', 'sea%00rch'])(
    'answers 404 for a tool that is none: %s',
    async (name) => {
      expect((await run(name, {})).status).toBe(404);
    },
  );

  it.each([
    ['{', 400],
    ['5', 400],
    ['[]', 400],
  ])('answers %s with %i', async (body, status) => {
    expect((await run('search', body)).status).toBe(status);
  });

  it('is audited like a call over MCP', async () => {
    const answer = await run('search', { query: 'audited' });
    const requestId = answer.headers.get('x-amzn-requestid') ?? '';
    await expect
      .poll(() => running.everythingWritten())
      .toMatch(new RegExp(`"type":"audit"[^\\n]*"requestId":"${requestId}"[^\\n]*"tool":"search"`));
  });
});

it('GET /openapi.json describes exactly the caller’s tools, where the caller reached them', async () => {
  const { status, json } = await get('/openapi.json');
  expect(status).toBe(200);
  expect(json['openapi']).toBe('3.1.0');
  expect(json['servers']).toEqual([{ url: running.twin.url }]);
  expect(Object.keys(json['paths'] as object)).toEqual(['/tools/fetch', '/tools/search']);
  expect(JSON.stringify(json)).not.toContain('$schema');
});

import type { IncomingMessage, RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createStreamingGuard } from '../../src/fetch-guard/streaming-fetch.ts';
import type { OpenApiTool } from '../../src/upstreams/openapi-tool.ts';
import type { OpenApiUpstreamDeps } from '../../src/upstreams/openapi-upstream.ts';
import type { UpstreamRequest } from '../../src/upstreams/upstream.ts';
import {
  aBackend,
  anOperation,
  answer,
  anUpstream,
  aRequest,
  callOf,
  failureOf,
  header,
} from './support/openapi-rig.ts';

describe('an OpenAPI upstream', () => {
  it('lists its tools, and has no prompts and resources', async () => {
    const upstream = anUpstream('http://127.0.0.1:1');
    const ask = (method: UpstreamRequest['method']) =>
      upstream.request(aRequest({ method, params: {} }));
    expect(await upstream.facts()).toEqual({ capabilities: { tools: {} }, era: 'none' });
    expect(await ask('tools/list')).toEqual({ tools: [anOperation().definition] });
    expect(await ask('prompts/list')).toEqual({ prompts: [] });
    expect(await ask('resources/list')).toEqual({ resources: [] });
    expect(await ask('resources/templates/list')).toEqual({ resourceTemplates: [] });
    expect(await ask('completion/complete')).toEqual({ completion: { values: [] } });
    for (const [method, message] of [
      ['tools/call', 'Unknown tool'],
      ['prompts/get', 'Unknown prompt'],
      ['resources/read', 'Unknown resource'],
    ] as const) {
      await expect(ask(method)).rejects.toMatchObject({
        failure: 'rpc',
        rpc: { code: -32602, message },
      });
    }
  });

  it("sends the operator's headers, the hops and the trace, and nothing else of the caller", async () => {
    let got: IncomingMessage['headers'] = {};
    let asked = '';
    const url = await aBackend((request, response) => {
      got = request.headers;
      asked = `${request.method} ${request.url}`;
      answer(200, 'application/json', '{}')(request, response);
    });
    const headers = {
      'X-Api-Key': '${secret:items}',
      Host: 'evil.example',
      'x-drawbridge-hops': '0',
      Accept: 'application/vnd.items+json',
    };
    let sent: readonly string[] = [];
    const deps: Partial<OpenApiUpstreamDeps> = {
      fetch: (target, init) => {
        sent = Object.keys(init?.headers ?? {});
        return fetch(target, init);
      },
      resolve: async (values: Readonly<Record<string, string>>) =>
        Object.fromEntries(
          Object.entries(values).map(([name, value]) => [
            name,
            value.replace('${secret:items}', 's3cret'),
          ]),
        ),
    };
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    await anUpstream(`${url}/v1`, { headers, deps }).request(
      aRequest({
        hops: 2,
        trace,
        params: { name: 'get_item', arguments: { id: 'a/b', limit: 3 } },
      }),
    );
    // Before fetch drops some by itself.
    expect(sent.toSorted()).toEqual([
      'accept',
      'traceparent',
      'user-agent',
      'x-api-key',
      'x-drawbridge-hops',
    ]);
    expect(asked).toBe('GET /v1/items/a%2Fb?limit=3');
    const { connection: _, host, ...own } = got;
    expect(host).toBe(new URL(url).host);
    expect(own).toEqual({
      'x-api-key': 's3cret',
      accept: 'application/vnd.items+json',
      'user-agent': 'drawbridge/1.2.3',
      'x-drawbridge-hops': '3',
      ...trace,
      // What fetch itself adds.
      'accept-encoding': 'gzip, deflate',
      'accept-language': '*',
      'sec-fetch-mode': 'cors',
    });
  });

  it("asks for no argument that the operator's headers answer", async () => {
    let got: string | undefined;
    const url = await aBackend((request, response) => {
      got = request.headers['x-api-key'] as string;
      answer(200, 'application/json', '{}')(request, response);
    });
    const plain = anOperation();
    const properties = plain.definition.inputSchema['properties'] as object;
    const operation: OpenApiTool = {
      ...plain,
      definition: {
        ...plain.definition,
        inputSchema: {
          ...plain.definition.inputSchema,
          properties: { ...properties, 'X-API-Key': { type: 'string' } },
          required: ['id', 'X-API-Key'],
        },
      },
      parameters: [...plain.parameters, header('X-API-Key')],
    };
    const upstream = anUpstream(url, { operation, headers: { 'x-api-key': 'ours' } });
    const listed = await upstream.request(aRequest({ method: 'tools/list', params: {} }));
    expect(listed).toEqual({ tools: [plain.definition] });
    await upstream.request(aRequest());
    expect(got).toBe('ours');
    const args = { id: 'x', 'X-API-Key': 'theirs' };
    const refused = await upstream.request(
      aRequest({ params: { name: 'get_item', arguments: args } }),
    );
    expect(refused['isError']).toBe(true);
  });

  it('refuses wrong arguments before anything is sent, each by its name', async () => {
    let requests = 0;
    const url = await aBackend((request, response) => {
      requests += 1;
      answer(200, 'application/json', '{}')(request, response);
    });
    const upstream = anUpstream(url);
    const say = async (args: unknown) => {
      const params = { name: 'get_item', arguments: args };
      const result = await upstream.request(aRequest({ params }));
      expect(result['isError']).toBe(true);
      return (result['content'] as { text: string }[])[0]?.text;
    };
    expect(await say({ limit: 51, kind: 'canary', canary: 1 })).toBe(
      'Invalid arguments. arguments: only these are known: id, limit, kind; arguments: id is required; ' +
        'limit: is greater than 50; kind: must be any of ["a","b"].',
    );
    expect(await say({ id: 'canary-canary', limit: 'canary' })).toBe(
      'Invalid arguments. id: is too long (13 > 8); limit: must be integer.',
    );
    expect(await say({ id: '..' })).toBe(
      'Invalid arguments. arguments: do not make a path of this operation.',
    );
    expect(await say('canary')).toBe('Invalid arguments. arguments: must be object.');
    expect(await say(undefined)).toBe('Invalid arguments. arguments: id is required.');
    expect(requests).toBe(0);
  });
});

describe('a call fails', () => {
  it("as unauthorized when the credential is refused, without the backend's words", async () => {
    expect(await failureOf(callOf(answer(403, 'text/plain', 'canary')))).toBe('unauthorized');
    expect(await failureOf(callOf(answer(401, 'text/plain', 'canary')))).toBe('unauthorized');
  });

  it('not when the credential was renewed in the meantime, which is looked up every 30 s at most', async () => {
    const asked: (boolean | undefined)[] = [];
    let now = 0;
    let right = 'new';
    const url = await aBackend((request, response) =>
      answer(
        request.headers['x-api-key'] === right ? 200 : 401,
        'application/json',
        '{}',
      )(request, response),
    );
    const deps: Partial<OpenApiUpstreamDeps> = {
      now: () => now,
      resolve: async (_, options) => {
        asked.push(options?.fresh);
        return { 'x-api-key': options?.fresh === true ? 'new' : 'old' };
      },
    };
    const upstream = anUpstream(url, { headers: { 'x-api-key': '${secret:k}' }, deps });
    expect(await upstream.request(aRequest())).toMatchObject({ structuredContent: {} });
    right = 'none';
    now = 29_999;
    expect(await failureOf(upstream.request(aRequest()))).toBe('unauthorized');
    now = 30_000;
    expect(await failureOf(upstream.request(aRequest()))).toBe('unauthorized');
    expect(asked).toEqual([undefined, true, undefined, undefined, true]);
  });

  it.each([
    ['with a length', { 'content-length': '2000' }],
    ['without a length', {}],
  ])('as too-large %s', async (_, headers) => {
    let wasClosed = false;
    const listener: RequestListener = (__, response) => {
      response.on('close', () => (wasClosed = !response.writableFinished));
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.write('x'.repeat(1_500));
    };
    expect(await failureOf(callOf(listener, { deps: { maxBytes: 1_000 } }))).toBe('too-large');
    await expect.poll(() => wasClosed).toBe(true);
  });

  it('as timeout when the backend is slow, and the request is given up', async () => {
    let wasClosed = false;
    const url = await aBackend((_, response) => {
      response.on('close', () => (wasClosed = true));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
    });
    const call = anUpstream(url).request(aRequest({ timeoutMs: 150 }));
    expect(await failureOf(call)).toBe('timeout');
    await expect.poll(() => wasClosed).toBe(true);
  });

  it('as aborted when its caller gives up', async () => {
    const giveUp = new AbortController();
    const url = await aBackend(() => giveUp.abort());
    const call = anUpstream(url).request(aRequest({ signal: giveUp.signal }));
    expect(await failureOf(call)).toBe('aborted');
  });

  it('as unreachable when nobody answers', async () => {
    expect(await failureOf(anUpstream('http://127.0.0.1:1').request(aRequest()))).toBe(
      'unreachable',
    );
  });

  it('as misconfigured when a secret cannot be in a header, without naming it', async () => {
    const upstream = anUpstream('http://127.0.0.1:1', {
      headers: { 'x-api-key': 'canary\r\nx: 1' },
    });
    const error = await upstream.request(aRequest()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: 'misconfigured' });
    expect((error as Error).message).not.toContain('canary');
  });
});

describe('through the guarded fetch', () => {
  const guarded = (options: Parameters<typeof createStreamingGuard>[0]) => {
    const guard = createStreamingGuard(options);
    onTestFinished(guard.close);
    return { fetch: guard.fetch };
  };
  const local = () => guarded({ allowLoopback: true, ports: 'any' });

  it('answers as it does through another', async () => {
    expect(
      await callOf(answer(200, 'application/json', '{"a":1}'), { deps: local() }),
    ).toMatchObject({ structuredContent: { a: 1 } });
  });

  it('fails by the same names', async () => {
    const big = answer(200, 'application/json', JSON.stringify('x'.repeat(2_000)));
    const deps = { ...local(), maxBytes: 1_000 };
    expect(await failureOf(callOf(big, { deps }))).toBe('too-large');
    const slow: RequestListener = (_, response) => response.writeHead(200).flushHeaders();
    const upstream = anUpstream(await aBackend(slow), { deps: local() });
    expect(await failureOf(upstream.request(aRequest({ timeoutMs: 150 })))).toBe('timeout');
    const elsewhere: RequestListener = (_, response) =>
      response.writeHead(302, { location: 'https://example.com/' }).end();
    expect(await failureOf(callOf(elsewhere, { deps: local() }))).toBe('misconfigured');
    const dead = anUpstream('http://127.0.0.1:1', { deps: local() });
    expect(await failureOf(dead.request(aRequest()))).toBe('unreachable');
  });

  it('is not sent to a private address', async () => {
    let requests = 0;
    const listener: RequestListener = (_, response) => {
      requests += 1;
      response.end();
    };
    expect(await failureOf(callOf(listener, { deps: guarded({ ports: 'any' }) }))).toBe(
      'misconfigured',
    );
    expect(requests).toBe(0);
  });
});

import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Method } from '../../../local/gateway/model.ts';
import { Router } from '../../../local/gateway/router.ts';
import {
  eventually,
  method,
  path,
  restApi,
  stage,
  start,
  stopGateways,
} from './gateway-fixture.ts';

afterEach(stopGateways);

const route = (resourcePath: string, httpMethod = 'GET') => ({
  method: { resourcePath, httpMethod } as Method,
  target: `${httpMethod} ${resourcePath}`,
});
const router = (...paths: string[]): Router<string> => new Router(paths.map((item) => route(item)));
const find = (on: Router<string>, path: string): string | undefined =>
  on.match(path)?.methods.get('GET');

describe('the resource tree', () => {
  const tree = router('/', '/mcp', '/tools/{name}', '/tools/list', '/files/{proxy+}', '/{proxy+}');

  test.each([
    ['/', 'GET /'],
    ['/mcp', 'GET /mcp'],
    ['/mcp/', 'GET /mcp'],
    ['/%6dcp', 'GET /mcp'],
    ['/tools/list', 'GET /tools/list'],
    ['/tools/search', 'GET /tools/{name}'],
    ['/tools/a/b', 'GET /{proxy+}'],
    ['/files', 'GET /{proxy+}'],
    ['/files/a/b', 'GET /files/{proxy+}'],
    ['/MCP', 'GET /{proxy+}'],
  ])('%s goes to %s', (requested, expected) => {
    expect(find(tree, requested)).toBe(expected);
  });

  test('parameters are decoded after the path is split', () => {
    expect(tree.match('/tools/a%2Fb%20c')?.parameters).toEqual({ name: 'a/b c' });
    expect(tree.match('/files/a%2Fb/c/')?.parameters).toEqual({ proxy: 'a/b/c' });
  });

  test('dot segments are names like any other', () => {
    expect(find(router('/mcp', '/admin'), '/mcp/../admin')).toBeUndefined();
    expect(tree.match('/files/../mcp')?.parameters).toEqual({ proxy: '../mcp' });
  });

  test('an empty segment is no value for a parameter', () => {
    expect(find(router('/tools/{name}/run'), '/tools//run')).toBeUndefined();
  });

  test('two names for the same variable part are refused', () => {
    expect(() => router('/a/{x}/b', '/a/{y}/c')).toThrow('{x}');
  });

  const word = fc.stringMatching(/^[a-z]{1,4}$/);
  test('property: a literal path finds itself, whatever parameters surround it', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), fc.nat(3), (words, hole) => {
        const literal = `/${words.join('/')}`;
        const holed = `/${words.map((item, at) => (at === hole % words.length ? '{p}' : item)).join('/')}`;
        const both = router(holed, '/{proxy+}', literal);
        expect(find(both, literal)).toBe(`GET ${literal}`);
        expect(find(router(holed), literal)).toBe(`GET ${holed}`);
      }),
    );
  });

  test('property: any path ends in a route or in URIError, never in another error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        try {
          tree.match(`/${text}`);
        } catch (error) {
          expect(error).toBeInstanceOf(URIError);
        }
      }),
    );
  });
});

describe('over HTTP', () => {
  const api = [
    restApi(),
    stage(),
    path('mcp', 'mcp'),
    path('tools', 'tools'),
    path('tool', '{name}', 'tools'),
    path('any', 'any'),
    method('POST', 'mcp'),
    method('POST', 'tool'),
    method('GET', 'root'),
    method('ANY', 'any'),
  ];

  const raw = async (url: string, target: string, verb = 'POST', headers = {}): Promise<number> => {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const sent = httpRequest(
        { hostname, port, method: verb, path: target, headers },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      sent.on('error', reject).end();
    });
  };

  test('routes as API Gateway does', async () => {
    const { url, functions } = await start(api);
    expect(await raw(url, '/mcp')).toBe(200);
    expect(await raw(url, '/mcp/')).toBe(200);
    expect(await raw(url, '//mcp')).toBe(200);
    expect(await raw(url, '/mcp?x=1')).toBe(200);
    expect(await raw(url, 'http://elsewhere.example/mcp')).toBe(200);
    expect(await raw(url, '/', 'GET')).toBe(200);
    expect(await raw(url, '/tools/a%2Fb')).toBe(200);
    expect(functions.calls.at(-1)?.event['pathParameters']).toEqual({ name: 'a/b' });
    expect(functions.calls.at(-1)?.event['path']).toBe('/tools/a%2Fb');
  });

  test('no route, no method and no HEAD of a GET are a missing authentication token', async () => {
    const { url } = await start(api);
    expect(await raw(url, '/nowhere')).toBe(403);
    expect(await raw(url, '/mcp', 'GET')).toBe(403);
    expect(await raw(url, '/', 'HEAD')).toBe(403);
    expect(await raw(url, '/tools', 'POST')).toBe(403);
    expect(await raw(url, '/mcp/../tools/x')).toBe(403);
    const answer = await fetch(`${url}/nowhere`);
    expect(await answer.text()).toBe('{"message":"Missing Authentication Token"}');
    expect(answer.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get('x-amz-apigw-id')).toMatch(/^[\w+/]{15}=$/);
  });

  test('ANY stands for the methods of REST APIs, not for every verb', async () => {
    const { url } = await start(api);
    expect(await raw(url, '/any', 'PATCH')).toBe(200);
    expect(await raw(url, '/any', 'HEAD')).toBe(200);
    expect(await raw(url, '/any', 'PROPFIND')).toBe(403);
  });

  test('X-HTTP-Method-Override replaces the method, when it is one', async () => {
    const { url, functions } = await start(api);
    expect(await raw(url, '/mcp', 'GET', { 'X-HTTP-Method-Override': 'POST' })).toBe(200);
    expect(functions.calls.at(-1)?.event['httpMethod']).toBe('POST');
    expect(await raw(url, '/any', 'GET', { 'X-HTTP-Method-Override': 'POST/admin' })).toBe(200);
    expect(functions.calls.at(-1)?.event['httpMethod']).toBe('GET');
  });

  test('broken percent-encoding and unencoded braces in the query are 400', async () => {
    const { url } = await start(api);
    expect(await raw(url, '/tools/%zz')).toBe(400);
    expect(await raw(url, '/mcp?filter={x}')).toBe(400);
    expect(await raw(url, '/mcp?a|b')).toBe(400);
  });

  test('what is not HTTP gets a plain 400, and the server lives on', async () => {
    const { url } = await start(api);
    const { hostname, port } = new URL(url);
    let answer = '';
    const socket = connect(Number(port), hostname);
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => undefined);
    socket.write('this is not http\r\n\r\n');
    await eventually(() => socket.destroyed || undefined);
    expect(answer).toContain('HTTP/1.1 400 Bad Request');
    expect(answer).toContain('{"message":"Bad Request"}');
    expect(await raw(url, '/mcp')).toBe(200);
  });
});

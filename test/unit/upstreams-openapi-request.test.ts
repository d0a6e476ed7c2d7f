import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backendRequest } from '../../src/upstreams/openapi-request.ts';
import { ArgumentError } from '../../src/upstreams/openapi-serialization.ts';
import type { OpenApiTool } from '../../src/upstreams/openapi-tool.ts';

type Parameter = OpenApiTool['parameters'][number];

const parameter = (
  name: string,
  place: Parameter['in'],
  more: Partial<Parameter> = {},
): Parameter => ({
  argument: name,
  name,
  in: place,
  required: false,
  style: place === 'query' ? 'form' : 'simple',
  explode: place === 'query',
  ...more,
});

const aTool = (more: Partial<OpenApiTool>): OpenApiTool => ({
  definition: {
    name: 'tool',
    description: 'A tool',
    inputSchema: { type: 'object', properties: {} },
    annotations: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: true,
    },
  },
  method: 'GET',
  path: '/items',
  parameters: [],
  ...more,
});

const base = 'https://api.example.com/v1';
const urlOf = (tool: Partial<OpenApiTool>, args: Record<string, unknown>) =>
  backendRequest(aTool(tool), args, base).url;
const refusal = (tool: Partial<OpenApiTool>, args: Record<string, unknown>): string => {
  try {
    return `not refused: ${urlOf(tool, args)}`;
  } catch (error) {
    if (error instanceof ArgumentError) return error.message;
    throw error;
  }
};

describe('a path parameter', () => {
  const byId = { path: '/items/{id}/parts', parameters: [parameter('id', 'path')] };

  it.each([
    ['item-001', 'https://api.example.com/v1/items/item-001/parts'],
    ['../admin', 'https://api.example.com/v1/items/..%2Fadmin/parts'],
    ['%2e%2e', 'https://api.example.com/v1/items/%252e%252e/parts'],
    ['a/b?x=1#y', 'https://api.example.com/v1/items/a%2Fb%3Fx%3D1%23y/parts'],
    ['a;b=c', 'https://api.example.com/v1/items/a%3Bb%3Dc/parts'],
    ['..\\admin', 'https://api.example.com/v1/items/..%5Cadmin/parts'],
    ['//evil.example', 'https://api.example.com/v1/items/%2F%2Fevil.example/parts'],
    ['@evil.example', 'https://api.example.com/v1/items/%40evil.example/parts'],
    ['...', 'https://api.example.com/v1/items/.../parts'],
    ['Größe 5', 'https://api.example.com/v1/items/Gr%C3%B6%C3%9Fe%205/parts'],
    [42, 'https://api.example.com/v1/items/42/parts'],
    [['a', 'b/c'], 'https://api.example.com/v1/items/a,b%2Fc/parts'],
    [{ a: 1, b: 2 }, 'https://api.example.com/v1/items/a,1,b,2/parts'],
  ])('%j stays in its segment', (id, url) => expect(urlOf(byId, { id })).toBe(url));

  it.each([
    ['', 'id: must not be empty'],
    [[], 'id: must not be empty'],
    ['.', 'arguments: do not make a path of this operation'],
    ['..', 'arguments: do not make a path of this operation'],
    [['..'], 'arguments: do not make a path of this operation'],
    ['a\nb', 'id: has a control character'],
    ['a\u0000', 'id: has a control character'],
    ['a\u0085b', 'id: has a control character'],
    ['\ud800', 'id: has a character that is none'],
    [[['deep']], 'id: is nested too deep for where it is sent'],
    [null, 'id: is required'],
    [undefined, 'id: is required'],
  ])('%j is refused', (id, message) => expect(refusal(byId, { id })).toBe(message));

  it('cannot make a dot segment together with another', () => {
    const tool = { path: '/{a}{b}', parameters: [parameter('a', 'path'), parameter('b', 'path')] };
    expect(refusal(tool, { a: '.', b: '.' })).toContain('do not make a path');
    expect(urlOf(tool, { a: '.', b: 'x' })).toBe('https://api.example.com/v1/.x');
  });

  it('never changes how many segments the path has, nor what is around it', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('.', '/', '%', '2', 'e', 'f', '\\', '?', '#', 'a', ';') }),
    );
    fc.assert(
      fc.property(text, (id) => {
        let url: string;
        try {
          url = urlOf(byId, { id });
        } catch (error) {
          expect(error).toBeInstanceOf(ArgumentError);
          return;
        }
        const { origin, pathname, search, hash } = new URL(url);
        const segments = pathname.split('/');
        expect([origin, search, hash]).toEqual(['https://api.example.com', '', '']);
        expect(segments).toHaveLength(5);
        expect([...segments.slice(0, 3), segments[4]]).toEqual(['', 'v1', 'items', 'parts']);
        expect(decodeURIComponent(segments[3] ?? '')).toBe(id);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a query parameter', () => {
  const queryOf = (more: Partial<Parameter>, value: unknown) =>
    new URL(urlOf({ parameters: [parameter('q', 'query', more)] }, { q: value })).search;

  it.each<[string, Partial<Parameter>, unknown, string]>([
    ['text', {}, 'a b&c=d#e+f', '?q=a%20b%26c%3Dd%23e%2Bf'],
    ['a number', {}, 1.5, '?q=1.5'],
    ['false', {}, false, '?q=false'],
    ['an empty text', {}, '', '?q='],
    ['null', {}, null, ''],
    ['no list', {}, [], ''],
    ['form, exploded', {}, ['a', 'b,c'], '?q=a&q=b%2Cc'],
    ['form', { explode: false }, ['a', 'b,c'], '?q=a,b%2Cc'],
    ['spaceDelimited', { style: 'spaceDelimited', explode: false }, ['a', 'b'], '?q=a%20b'],
    ['pipeDelimited', { style: 'pipeDelimited', explode: false }, ['a', 'b'], '?q=a%7Cb'],
    ['an object, exploded', {}, { a: 1, b: 'x y' }, '?a=1&b=x%20y'],
    ['an object', { explode: false }, { a: 1, b: 2 }, '?q=a,1,b,2'],
    [
      'deepObject',
      { style: 'deepObject' },
      { a: 1, b: ['x', 'y'] },
      '?q%5Ba%5D=1&q%5Bb%5D=x&q%5Bb%5D=y',
    ],
  ])('%s', (_, more, value, query) => expect(queryOf(more, value)).toBe(query));

  it('is refused when it is nested deeper than its style can say', () => {
    const deep = { parameters: [parameter('q', 'query', { style: 'deepObject' })] };
    expect(refusal(deep, { q: { a: { b: 1 } } })).toBe(
      'q: is nested too deep for where it is sent',
    );
  });

  it('cannot pass for another one', () => {
    const parameters = [parameter('filter', 'query'), parameter('tenant', 'query')];
    expect(refusal({ parameters }, { filter: { tenant: 'other' }, tenant: 'mine' })).toBe(
      'filter: has a property with the name of a parameter',
    );
    expect(refusal({ parameters }, { filter: { tenant: 'other' } })).toContain('filter');
    expect(urlOf({ parameters }, { filter: { color: 'red' } })).toContain('?color=red');
  });
});

describe('a header parameter', () => {
  const trace = [parameter('X-Trace', 'header')];

  it('is sent as it is', () => {
    const { headers } = backendRequest(
      aTool({ parameters: trace }),
      { 'X-Trace': ['a', 'b c'] },
      base,
    );
    expect(headers).toEqual({ 'x-trace': 'a,b c' });
  });

  it.each(['a\r\nX-Admin: 1', 'a\nb', 'a\u0000b', ' a', 'a ', '', 'ä', 'a\u007f'])(
    '%j is refused',
    (value) =>
      expect(refusal({ parameters: trace }, { 'X-Trace': value })).toBe(
        'X-Trace: is not what a header can hold',
      ),
  );

  it.each([
    ...['Host', 'authorization', 'Cookie', 'Content-Length', 'Transfer-Encoding', 'Connection'],
    ...[
      'X-Forwarded-For',
      'X-Drawbridge-Hops',
      'Proxy-Authorization',
      'traceparent',
      'Sec-Fetch-Mode',
    ],
    ...['X-HTTP-Method-Override', 'X-Amz-Security-Token', 'bad name', 'a:b'],
  ])('%s is never set, even when a compiled tool has it', (name) => {
    const parameters = [parameter(name, 'header', { argument: 'value' })];
    expect(refusal({ parameters }, { value: 'x' })).toBe('value: is not what a header can hold');
  });
});

describe('a body', () => {
  const json = { argument: 'body', required: true, contentType: 'application/json' } as const;
  const form = { ...json, contentType: 'application/x-www-form-urlencoded' } as const;
  const send = (body: OpenApiTool['body'], args: Record<string, unknown>) =>
    backendRequest(aTool({ method: 'POST', ...(body === undefined ? {} : { body }) }), args, base);

  it('is JSON', () => {
    const { method, headers, body } = send(json, { body: { a: [1, null], b: 'ü' } });
    expect([method, headers, body]).toEqual([
      'POST',
      { 'content-type': 'application/json' },
      '{"a":[1,null],"b":"ü"}',
    ]);
    expect(send(json, { body: null }).body).toBe('null');
  });

  it('is a form', () => {
    const { headers, body } = send(form, { body: { a: 'x y&', b: [1, 2], c: { d: 1 }, e: null } });
    expect(headers).toEqual({ 'content-type': 'application/x-www-form-urlencoded' });
    expect(body).toBe('a=x+y%26&b=1&b=2&c=%7B%22d%22%3A1%7D');
    expect(() => send(form, { body: ['a'] })).toThrow('body: must be an object');
  });

  it('is absent when it was not given', () => {
    expect(send(json, {})).toMatchObject({ headers: {}, body: undefined });
  });
});

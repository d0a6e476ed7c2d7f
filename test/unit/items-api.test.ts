import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@cfworker/json-schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileOpenApi } from '../../build/openapi/compile-openapi.ts';
import { startItemsApi, type ItemsApi } from '../../examples/items-api/server.ts';
import { openApiSpec, parseEntry, type OpenApiEntry } from '../../src/upstreams/mcp-servers.ts';
import { OpenApiUpstream } from '../../src/upstreams/openapi-upstream.ts';
import type { JsonObject } from '../../src/upstreams/upstream.ts';

const folder = join(import.meta.dirname, '..', '..', 'examples', 'items-api');
const file = join(folder, 'openapi.json');
const document = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly components: JsonObject;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { responses: JsonObject }>>>>;
};

let api: ItemsApi;
beforeAll(async () => {
  api = await startItemsApi({ port: 0, apiKey: 'right' });
});
afterAll(() => api.close());

/** The answer, after a look whether the document describes it. */
const ask = async (method: string, path: string, body?: unknown, headers: object = {}) => {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { 'x-api-key': 'right', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const value = (await response.json()) as JsonObject;
  const template = path.startsWith('/items/') ? '/items/{id}' : '/items';
  const operation = document.paths[template]?.[method.toLowerCase()];
  const pointer = `#/paths/${template.replaceAll('/', '~1')}/${method.toLowerCase()}/responses/${response.status}`;
  expect(Object.keys(operation?.responses ?? {})).toContain(String(response.status));
  const isProblem = response.status >= 400;
  const type = isProblem ? 'application/problem+json' : 'application/json';
  expect(response.headers.get('content-type')).toBe(type);
  const place = isProblem ? '#/components/responses/Problem' : pointer;
  const schema = { $ref: `${place}/content/${type.replaceAll('/', '~1')}/schema`, ...document };
  expect(new Validator(schema, '2020-12', false).validate(value)).toEqual({
    valid: true,
    errors: [],
  });
  return { status: response.status, value };
};

describe('the items API answers as its document says', () => {
  it('with pages of items', async () => {
    const ids: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const { value } = await ask(
        'GET',
        `/items?limit=15${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      ids.push(...(value['items'] as { id: string }[]).map(({ id }) => id));
      expect(value['total']).toBe(40);
      cursor = value['nextCursor'] as string | null;
      pages += 1;
    } while (cursor !== null && pages < 10);
    expect(pages).toBe(3);
    expect(new Set(ids).size).toBe(40);
    expect(ids).toEqual(ids.toSorted());
  });

  it('with what was searched', async () => {
    const { value } = await ask('GET', '/items?query=SCREWDRIVER%20set&tag=tools&tag=electrical');
    expect((value['items'] as { name: string }[]).map(({ name }) => name)).toEqual([
      'Insulated screwdriver set',
    ]);
    expect((await ask('GET', '/items?query=nowhere')).value).toEqual({
      items: [],
      total: 0,
      nextCursor: null,
    });
  });

  it('with one item', async () => {
    expect((await ask('GET', '/items/item-004')).value).toEqual({
      id: 'item-004',
      name: 'Slotted screwdriver 5.5 mm',
      description: null,
      tags: ['tools'],
      priceCents: 590,
      stock: 48,
    });
  });

  it.each<[number, string, string, unknown, object]>([
    [401, 'GET', '/items', undefined, { 'x-api-key': 'wrong' }],
    [401, 'GET', '/items/item-001', undefined, { 'x-api-key': '' }],
    [400, 'GET', '/items?limit=51', undefined, {}],
    [400, 'GET', '/items?limit=x', undefined, {}],
    [400, 'GET', '/items?tag=food', undefined, {}],
    [400, 'GET', '/items?cursor=x', undefined, {}],
    [404, 'GET', '/items/item-999', undefined, {}],
    [404, 'GET', '/items/..%2Fitems', undefined, {}],
    [400, 'POST', '/items', '{', {}],
    [400, 'POST', '/items', { name: 'x', priceCents: 1.5 }, {}],
    [400, 'POST', '/items', { name: 'x', priceCents: 1, id: 'item-001' }, {}],
    [401, 'POST', '/items', { name: 'x', priceCents: 1 }, { 'x-api-key': 'righ' }],
    [413, 'POST', '/items', { name: 'x'.repeat(10_001), priceCents: 1 }, {}],
    [415, 'POST', '/items', 'x', { 'content-type': 'text/plain' }],
  ])('with %i to %s %s', async (status, method, path, body, headers) => {
    expect((await ask(method, path, body, headers)).status).toBe(status);
  });

  it('with the item that was added, which is found again', async () => {
    const own = await startItemsApi({ port: 0, apiKey: 'k' });
    const headers = { 'x-api-key': 'k', 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'Ladder', priceCents: 8990, tags: ['tools'] });
    const added = await fetch(`${own.url}/items`, { method: 'POST', headers, body });
    expect(added.status).toBe(201);
    const item: unknown = await added.json();
    expect(item).toEqual({
      id: 'item-041',
      name: 'Ladder',
      description: null,
      tags: ['tools'],
      priceCents: 8990,
      stock: 0,
    });
    expect(await (await fetch(`${own.url}/items/item-041`, { headers })).json()).toEqual(item);
    await own.close();
  });

  it('and keeps a thousand items at most', async () => {
    const own = await startItemsApi({ port: 0, apiKey: 'k' });
    const headers = { 'x-api-key': 'k', 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'Ladder', priceCents: 1 });
    const add = () => fetch(`${own.url}/items`, { method: 'POST', headers, body });
    for (let number = 41; number <= 1_000; number += 1) await (await add()).arrayBuffer();
    expect((await add()).status).toBe(507);
    await own.close();
  });
});

describe('the items API as an upstream', () => {
  const upstream = async () => {
    const entry = parseEntry('items', {
      openapi: file,
      baseUrl: api.url,
      headers: { 'X-Api-Key': '${secret:items-api-key}' },
    }) as OpenApiEntry;
    const { tools, warnings } = await compileOpenApi(file);
    expect(warnings).toEqual([]);
    return new OpenApiUpstream(openApiSpec('items', entry, tools), {
      fetch: (url, init) => fetch(url, init),
      resolve: async () => ({ 'X-Api-Key': 'right' }),
      version: '0.1.0',
      now: () => 0,
    });
  };
  const common = {
    tenant: 'acme',
    requestId: 'r-1',
    hops: 0,
    timeoutMs: 5_000,
    signal: new AbortController().signal,
    repeatable: true,
  };

  it('has three tools, of which one adds and none destroys', async () => {
    const { tools } = await (
      await upstream()
    ).request({ ...common, method: 'tools/list', params: {} });
    expect(
      (tools as { name: string; annotations: JsonObject }[]).map(({ name, annotations }) => [
        name,
        annotations['readOnlyHint'],
        annotations['destructiveHint'],
      ]),
    ).toEqual([
      ['search_items', true, false],
      ['add_item', false, false],
      ['get_item', true, false],
    ]);
  });

  it('answers search_items and get_item with structured content', async () => {
    const items = await upstream();
    const call = (name: string, args: JsonObject) =>
      items.request({ ...common, method: 'tools/call', params: { name, arguments: args } });
    expect(await call('search_items', { query: 'hammer', limit: 1 })).toMatchObject({
      structuredContent: { total: 1, nextCursor: null, items: [{ id: 'item-001' }] },
    });
    expect(await call('get_item', { id: 'item-001' })).toMatchObject({
      structuredContent: { name: 'Claw hammer' },
    });
    expect(await call('get_item', { id: 'none' })).toEqual({
      isError: true,
      content: [
        {
          type: 'text',
          text: 'The server refused the request with status 404.\n{"title":"There is no such item","status":404}',
        },
      ],
    });
  });
});

describe('the items API as a program', () => {
  const run = (args: readonly string[], env: Record<string, string>) =>
    spawn(process.execPath, [join(folder, 'server.ts'), ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it('says where it listens, and stops when it is told to', async () => {
    const program = run(['--port', '0'], { ITEMS_API_KEY: 'k' });
    const [line] = (await once(program.stdout, 'data')) as [Buffer];
    const url = /^Items API on (http:\/\/127\.0\.0\.1:\d+)\n$/u.exec(line.toString())?.[1];
    expect((await fetch(`${url}/items`, { headers: { 'x-api-key': 'k' } })).status).toBe(200);
    program.kill('SIGTERM');
    expect(await once(program, 'exit')).toEqual([0, null]);
  });

  it('does not start without a key', async () => {
    const [code] = (await once(run([], {}), 'exit')) as [number];
    expect(code).toBe(1);
  });
});

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { OpenApiTool } from '../../../src/upstreams/openapi-tool.ts';
import {
  OpenApiUpstream,
  type OpenApiUpstreamDeps,
} from '../../../src/upstreams/openapi-upstream.ts';
import type { UpstreamError, UpstreamRequest } from '../../../src/upstreams/upstream.ts';

/** A server that answers with `listener`, for as long as the test runs. */
export const aBackend = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

export const header = (name: string): OpenApiTool['parameters'][number] => ({
  argument: name,
  name,
  in: 'header',
  required: true,
  style: 'simple',
  explode: false,
});

export const anOperation = (more: Partial<OpenApiTool['definition']> = {}): OpenApiTool => ({
  definition: {
    name: 'get_item',
    description: 'One item',
    inputSchema: {
      type: 'object',
      properties: {
        id: { type: 'string', maxLength: 8 },
        limit: { type: 'integer', minimum: 1, maximum: 50 },
        kind: { enum: ['a', 'b'] },
      },
      required: ['id'],
      additionalProperties: false,
    },
    annotations: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: true,
    },
    ...more,
  },
  method: 'GET',
  path: '/items/{id}',
  parameters: [
    { ...header('id'), in: 'path' },
    { ...header('limit'), in: 'query', required: false, style: 'form', explode: true },
    { ...header('kind'), in: 'query', required: false, style: 'form', explode: true },
  ],
});

export interface Setup {
  readonly operation?: OpenApiTool;
  readonly headers?: Record<string, string>;
  readonly deps?: Partial<OpenApiUpstreamDeps>;
}

export const anUpstream = (
  baseUrl: string,
  { operation = anOperation(), headers = {}, deps }: Setup = {},
) =>
  new OpenApiUpstream(
    {
      kind: 'openapi',
      name: 'items',
      prefix: 'items',
      tenants: '*',
      timeoutMs: 5_000,
      listTimeoutMs: 1_000,
      units: { default: 1 },
      baseUrl,
      headers,
      operations: [operation],
    },
    {
      fetch: (url, init) => fetch(url, init),
      resolve: async (values) => values,
      version: '1.2.3',
      now: () => 0,
      ...deps,
    },
  );

export const aRequest = (more: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  method: 'tools/call',
  params: { name: 'get_item', arguments: { id: 'x' } },
  tenant: 'acme',
  requestId: 'r-1',
  hops: 0,
  timeoutMs: 5_000,
  signal: new AbortController().signal,
  repeatable: true,
  ...more,
});

export const failureOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    (result) => `no failure: ${JSON.stringify(result)}`,
    (error: UpstreamError) => error.failure,
  );

export const answer =
  (status: number, type: string | undefined, body: string | Buffer): RequestListener =>
  (_, response) =>
    response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body);

export const callOf = async (listener: RequestListener, setup?: Setup) =>
  anUpstream(await aBackend(listener), setup).request(aRequest());

export const text = (value: string) => ({ type: 'text', text: value });

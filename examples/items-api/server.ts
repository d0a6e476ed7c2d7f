import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { ItemStore, newItem, tag } from './items.ts';
import { seed } from './seed.ts';

export interface ItemsApiOptions {
  /** 0 is any that is free. */
  readonly port: number;
  /** What callers send as `X-Api-Key`. */
  readonly apiKey: string;
}

export interface ItemsApi {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

const maxBodyBytes = 10_000;

/** An answer that is a refusal (RFC 9457). */
class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly detail: string | undefined;

  constructor(status: number, title: string, detail?: string) {
    super(title);
    this.status = status;
    this.detail = detail;
  }
}

const searchQuery = z.strictObject({
  query: z.string().min(1).max(200).optional(),
  tag: z.array(tag).max(4).default([]),
  limit: z.coerce.number().int().min(1).max(50).default(10),
  cursor: z
    .string()
    .regex(/^item-\d{3,6}$/u)
    .optional(),
});

const checked = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const detail = [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ');
  throw new Problem(400, 'This is not what the operation takes', detail);
};

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  if (request.headers['content-type']?.split(';')[0] !== 'application/json') {
    throw new Problem(415, 'The body must be application/json');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Problem(413, 'The body is too large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Problem(400, 'The body is not JSON');
  }
};

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Digests have one length: the time it takes says nothing of the key. */
const isKey = (request: IncomingMessage, expected: Buffer): boolean => {
  const key = request.headers['x-api-key'];
  return typeof key === 'string' && timingSafeEqual(digest(key), expected);
};

const handle = async (
  request: IncomingMessage,
  response: ServerResponse,
  store: ItemStore,
): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://items.invalid');
  const id = /^\/items\/([^/]+)$/u.exec(url.pathname)?.[1];
  const route = `${request.method ?? ''} ${id === undefined ? url.pathname : '/items/{id}'}`;
  if (route === 'GET /items') {
    const { tag: _, ...query } = Object.fromEntries(url.searchParams);
    const tags = url.searchParams.getAll('tag');
    return answer(response, 200, store.search(checked(searchQuery, { ...query, tag: tags })));
  }
  if (route === 'POST /items') {
    const item = store.add(checked(newItem, await readBody(request)));
    if (item === undefined) throw new Problem(507, 'The shop is full');
    return answer(response, 201, item);
  }
  if (route === 'GET /items/{id}') {
    const item = store.get(id ?? '');
    if (item === undefined) throw new Problem(404, 'There is no such item');
    return answer(response, 200, item);
  }
  if (url.pathname === '/items' || id !== undefined) throw new Problem(405, 'Not with this method');
  throw new Problem(404, 'There is nothing here');
};

/** Serves the items on 127.0.0.1. */
export const startItemsApi = async ({ port, apiKey }: ItemsApiOptions): Promise<ItemsApi> => {
  const store = new ItemStore(seed);
  const expected = digest(apiKey);
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      if (!isKey(request, expected)) throw new Problem(401, 'X-Api-Key is missing or wrong');
      await handle(request, response, store);
    } catch (error) {
      const { status, message, detail } =
        error instanceof Problem ? error : new Problem(500, 'The service failed');
      // What is left of a body that was not read would be taken for the next request.
      if (!request.complete) response.setHeader('connection', 'close');
      answer(response, status, {
        title: message,
        status,
        ...(detail === undefined ? {} : { detail }),
      });
    }
  };
  const server = createServer((request, response) => void respond(request, response));
  server.requestTimeout = 10_000;
  await new Promise<void>((listening, failed) => {
    server.once('error', failed).listen(port, '127.0.0.1', listening);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '7500' },
      'stop-with-stdin': { type: 'boolean', default: false },
    },
  });
  const apiKey = process.env['ITEMS_API_KEY'] ?? '';
  if (apiKey === '') {
    process.stderr.write('Set ITEMS_API_KEY: callers send it as X-Api-Key.\n');
    process.exitCode = 1;
    return;
  }
  const api = await startItemsApi({ port: Number(values.port), apiKey });
  process.stdout.write(`Items API on ${api.url}\n`);
  const stop = () => void api.close();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  // For a parent that may be killed: its end of the pipe is closed then.
  if (values['stop-with-stdin']) process.stdin.on('end', stop).resume();
};

if (import.meta.main) await main();

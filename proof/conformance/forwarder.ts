import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Agent, request } from 'undici';

/** What the suite is given in place of the gate: it cannot send credentials. */
export interface Forwarder {
  readonly url: string;
  /** What a page at this address would send as its `Origin`. */
  readonly origin: string;
  /** From now on everything goes there, with this key. */
  forward(to: { readonly origin: string; readonly key: string }): void;
  close(): Promise<void>;
}

/** Of one connection only (RFC 9110 §7.6.1). */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
]);

const passed = (headers: IncomingMessage['headers']): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || hopByHop.has(name) ? [] : [[name, value]],
    ),
  );

/**
 * Listens on a free port of localhost, and adds `Authorization` to what it passes on. `Host` and `Origin` arrive as they
 * were sent, so that the gate judges them; answers come back as they stream.
 */
export const startForwarder = async (): Promise<Forwarder> => {
  let target: { readonly origin: string; readonly key: string } | undefined;
  const dispatcher = new Agent({ bodyTimeout: 0, headersTimeout: 0 });
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    if (target === undefined) throw new Error('nothing to forward to');
    const gone = new AbortController();
    outgoing.once('close', () => gone.abort());
    const { method = 'GET', url = '/', headers } = incoming;
    const hasBody = 'content-length' in headers || 'transfer-encoding' in headers;
    const answer = await request(`${target.origin}${url}`, {
      dispatcher,
      method: method as 'GET',
      headers: { ...passed(headers), authorization: `Bearer ${target.key}` },
      body: hasBody ? incoming : null,
      signal: gone.signal,
    });
    outgoing.writeHead(answer.statusCode, passed(answer.headers)).flushHeaders();
    await pipeline(answer.body, outgoing);
  };
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/mcp`,
    origin,
    forward: (to) => {
      target = to;
    },
    close: async () => {
      await new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      });
      await dispatcher.destroy();
    },
  };
};

import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on this machine for the browser's way back, as a native application does (RFC 8252 §7.3). */
export interface LoopbackCallback {
  readonly url: string;
  /** The next answer that nobody has taken yet. */
  answer(): Promise<URLSearchParams>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const listenForCallback = async (): Promise<LoopbackCallback> => {
  const waiting: URLSearchParams[] = [];
  const arrivals = new EventEmitter();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (pathname !== '/callback') return void response.writeHead(204).end();
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end('<!doctype html><title>Back in the application</title><p>You can close this.');
    waiting.push(searchParams);
    arrivals.emit('arrival');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    answer: async () => {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) return next;
        await once(arrivals, 'arrival');
      }
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

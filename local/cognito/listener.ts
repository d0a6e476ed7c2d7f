import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

const REQUEST_TIMEOUT_MS = 30_000;

/** A port that is taken before anyone serves it: so that its URL can be written into what will serve. */
export interface Listener {
  readonly url: string;
  serve(listener: RequestListener): void;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1; 0 takes a free port. Until `serve` it answers 503. @throws Error when the port is taken. */
export const openListener = async (port: number): Promise<Listener> => {
  let current: RequestListener = (_request, response) => {
    response.writeHead(503, { 'retry-after': '1' }).end();
  };
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) =>
    current(request, response),
  );
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (listener) => {
      current = listener;
    },
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

import { createServer, type RequestListener } from 'node:http';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import type { ConnectTarget } from '../../../src/fetch-guard/guard-agent.ts';
import { createStreamingGuard } from '../../../src/fetch-guard/streaming-fetch.ts';

type Options = Parameters<typeof createStreamingGuard>[0];

/** What is called when a test ends. */
export const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server on this machine that says nothing of how long it keeps a connection. */
export const aServer = async (listener: RequestListener) => {
  const server = createServer(listener);
  server.keepAliveTimeout = 0;
  let connections = 0;
  let open = 0;
  server.on('connection', (socket) => {
    connections += 1;
    open += 1;
    socket.on('close', () => (open -= 1));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, connections: () => connections, open: () => open };
};

/** A guard that finds `addresses` for every name, and connects to a server of ours instead. */
export const aGuard = async (
  listener: RequestListener,
  { addresses = ['93.184.216.34'], ...options }: Options & { addresses?: readonly string[] } = {},
) => {
  const server = await aServer(listener);
  const resolved: string[] = [];
  const connected: ConnectTarget[] = [];
  const guard = createStreamingGuard({
    resolve: async (hostname) => {
      resolved.push(hostname);
      return addresses;
    },
    connect: (target) => {
      connected.push(target);
      return connectTcp(server.port, '127.0.0.1');
    },
    ...options,
  });
  closers.push(guard.close);
  return { ...guard, resolved, connected, server };
};

/** A guard with nothing replaced but the resolver. */
export const aRealGuard = (options: Options = {}) => {
  const guard = createStreamingGuard(options);
  closers.push(guard.close);
  return guard;
};

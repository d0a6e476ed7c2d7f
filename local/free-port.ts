import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A port of this machine that is free now. @throws Error EADDRINUSE when `port` is not 0 and taken. */
export const freePort = async (port: number): Promise<number> => {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
};

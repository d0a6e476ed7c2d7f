import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that Linux (32768), macOS and Windows (49152) give to outgoing connections and to listeners on port 0. */
const ports = { from: 20_000, below: 32_000 } as const;

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
};

/** A port of this machine that is free now, and that nobody is given by chance before a program that is told it takes it. */
export const freePort = async (): Promise<number> => {
  for (let left = 100; left > 0; left -= 1) {
    const port = randomInt(ports.from, ports.below);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${ports.from} to ${ports.below} is free`);
};

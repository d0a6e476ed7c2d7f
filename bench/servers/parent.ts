import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ChildRole {
  /** The first message to the parent. */
  readonly ready: object;
  readonly answer?: (message: unknown) => Promise<object>;
  readonly close?: () => Promise<void>;
}

/** The options that `startChild` gave, as JSON. */
export const givenOptions = (): unknown => JSON.parse(process.argv[2] ?? '{}');

/** Serves the parent until it hangs up, or is gone: then this process ends too. */
export const serveParent = ({ ready, answer, close }: ChildRole): void => {
  const end = (): void => {
    const closed = close?.() ?? Promise.resolve();
    closed.then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('disconnect', end);
  // Ctrl-C reaches this process too; the parent takes its children down in order.
  process.on('SIGINT', () => undefined);
  process.on('message', (message) => {
    answer?.(message).then(
      (reply) => process.send?.(reply),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.send?.(ready);
};

export const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
};

/** Listens on a free loopback port and tells the parent its URL. */
export const serveHttp = (listener: RequestListener): void => {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    serveParent({ ready: { url: `http://127.0.0.1:${port}/mcp` } });
  });
};

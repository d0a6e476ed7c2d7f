import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import type { RunningTwin } from './running-twin.ts';

/** A Client ID Metadata Document on this machine. */
export interface ServedDocument {
  /** Where it is: the client's id. */
  readonly url: string;
  /** How often it was asked for. */
  requests(): number;
  [Symbol.asyncDispose](): Promise<void>;
}

const oauthFunction = z.looseObject({
  Environment: z.object({ Variables: z.object({ OAUTH_LOOPBACK_ORIGINS: z.string() }) }),
});

/** The origins of this machine that the deployed facade may fetch from. */
const allowedOrigins = ({ twin }: RunningTwin): readonly string[] =>
  twin.deployment.ofType('AWS::Lambda::Function').flatMap(({ properties }) => {
    const { data } = oauthFunction.safeParse(properties);
    return data === undefined ? [] : data.Environment.Variables.OAUTH_LOOPBACK_ORIGINS.split(' ');
  });

/** Whether it listens; not when somebody else does. */
const listen = async (server: Server, port: number): Promise<boolean> => {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
};

const documentOf = (metadata: object) => {
  // Its own each time: the facade keeps what it has read for minutes.
  const path = `/${randomUUID()}.json`;
  const served = { url: '', requests: 0 };
  const listener: RequestListener = (request, response) => {
    if (request.url !== path) return void response.writeHead(404).end();
    served.requests += 1;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ client_id: served.url, ...metadata }));
  };
  const at = (server: Server, origin: string): ServedDocument => {
    served.url = `${origin}${path}`;
    return {
      url: served.url,
      requests: () => served.requests,
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      },
    };
  };
  return { listener, at };
};

/** Serves it at the first free one of the origins that the twin's configuration allows. */
export const serveClientDocument = async (
  running: RunningTwin,
  metadata: object,
): Promise<ServedDocument> => {
  const { listener, at } = documentOf(metadata);
  for (const origin of allowedOrigins(running)) {
    const server = createServer(listener);
    if (await listen(server, Number(new URL(origin).port))) return at(server, origin);
  }
  throw new Error('No origin of identity.loopbackClientDocuments (config/local.json) is free.');
};

/** Serves it at a free port over https. */
export const serveClientDocumentOverTls = async (
  metadata: object,
  { key, certificate }: { readonly key: string; readonly certificate: string },
): Promise<ServedDocument> => {
  const { listener, at } = documentOf(metadata);
  const server = createTlsServer({ key, cert: certificate }, listener);
  await listen(server, 0);
  return at(server, `https://localhost:${(server.address() as AddressInfo).port}`);
};

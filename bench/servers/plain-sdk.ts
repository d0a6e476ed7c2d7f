import type { IncomingMessage, ServerResponse } from 'node:http';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { plainSdkOptions } from '../messages.ts';
import { plainServer } from './plain-server.ts';
import { bodyOf, givenOptions, serveHttp } from './parent.ts';

/**
 * The yardstick: the same search tool on the SDK's server as its README shows it, over node:http. No gateway, no
 * credential, no limits, no audit.
 */
const { contentIndexFile } = plainSdkOptions.parse(givenOptions());
const handler = createMcpHandler(plainServer(contentIndexFile));

const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (typeof value === 'string') headers.set(name, value);
  }
  const answer = await handler.fetch(
    new Request(`http://${incoming.headers.host ?? 'localhost'}${incoming.url ?? '/'}`, {
      method: incoming.method ?? 'GET',
      headers,
      body: new Uint8Array(await bodyOf(incoming)),
    }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body !== null) {
    for await (const chunk of answer.body) response.write(chunk);
  }
  response.end();
};

serveHttp((request, response) => {
  serve(request, response).catch(() => response.destroy());
});

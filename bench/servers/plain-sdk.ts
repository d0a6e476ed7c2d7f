import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { createTool } from '../../lambdas/mcp/tools/search.ts';
import { DocumentIndex } from '../../src/content/document-index.ts';
import { callSearch } from '../workload.ts';
import { plainSdkOptions } from '../messages.ts';
import { bodyOf, givenOptions, serveHttp } from './parent.ts';

/**
 * The yardstick: the same search tool on the SDK's server as its README shows it, over node:http. No gateway, no
 * credential, no limits, no audit.
 */
const { contentIndexFile } = plainSdkOptions.parse(givenOptions());
const index = new DocumentIndex(JSON.parse(readFileSync(contentIndexFile, 'utf8')));
const search = createTool({ documents: () => Promise.resolve(index) });

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'plain', version: '1.0.0' });
  const { title, description, input, output, annotations } = search;
  server.registerTool(
    search.name,
    { title, description, inputSchema: input, outputSchema: output, annotations },
    async (args) => {
      const structuredContent = await callSearch(search, args);
      return {
        content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
        structuredContent,
      };
    },
  );
  return server;
});

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

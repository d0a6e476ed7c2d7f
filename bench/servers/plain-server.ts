import { readFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { createTool } from '../../lambdas/mcp/tools/search.ts';
import { DocumentIndex } from '../../src/content/document-index.ts';
import { callSearch } from '../workload.ts';

/** The same search tool on the SDK's server as its README shows it: what every peer serves. */
export const plainServer = (contentIndexFile: string): (() => McpServer) => {
  const index = new DocumentIndex(JSON.parse(readFileSync(contentIndexFile, 'utf8')));
  const search = createTool({ documents: () => Promise.resolve(index) });
  return () => {
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
  };
};

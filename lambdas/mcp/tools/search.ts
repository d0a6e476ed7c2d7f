import * as z from 'zod';
import { snippetOf } from '../../../src/content/snippet.ts';
import { decodeCursor, encodeCursor } from '../../../src/tools/cursor.ts';
import { defineTool } from '../../../src/tools/tool.ts';
import type { ToolFactory } from '../../../src/tools/tool-deps.ts';

const input = z.strictObject({
  query: z.string().trim().min(1).max(1_000).describe('Words to look for.'),
  limit: z.int().min(1).max(50).default(10).describe('Results on a page.'),
  cursor: z.string().max(200).optional().describe('nextCursor of the page before.'),
});

const output = z.object({
  results: z.array(
    z.object({
      id: z.string().describe('What the fetch tool takes.'),
      title: z.string(),
      url: z.string(),
      snippet: z.string(),
    }),
  ),
  total: z.int().describe('Matches on all pages.'),
  nextCursor: z.string().optional().describe('Absent on the last page.'),
});

/** The `search` half of the contract that ChatGPT connectors and deep research expect. */
export const createTool: ToolFactory = ({ documents }) =>
  defineTool({
    name: 'search',
    title: 'Search documents',
    description:
      'Searches the documents of this server and returns matching ones, best first. Read one whole with the fetch tool.',
    input,
    output,
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    run: async ({ query, limit, cursor }, { reportProgress }) => {
      const index = await documents();
      await reportProgress({ progress: 1, total: 2, message: `Searching ${index.size} documents` });
      const hits = index.search(query);
      const start = cursor === undefined ? 0 : decodeCursor(cursor, query);
      const end = start + limit;
      await reportProgress({ progress: 2, total: 2, message: `Found ${hits.length}` });
      return {
        results: hits.slice(start, end).map(({ document, searched, terms }) => ({
          id: document.id,
          title: document.title,
          url: document.url,
          snippet: snippetOf(searched(), terms),
        })),
        total: hits.length,
        ...(end < hits.length ? { nextCursor: encodeCursor(end, query) } : {}),
      };
    },
  });

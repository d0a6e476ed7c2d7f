import * as z from 'zod';
import { defineTool, ToolError } from '../../../src/tools/tool.ts';
import type { ToolFactory } from '../../../src/tools/tool-deps.ts';

const input = z.strictObject({
  id: z.string().min(1).max(1_000).describe('The id of a search result.'),
});

const output = z.object({
  id: z.string(),
  title: z.string(),
  text: z.string().describe('The whole document.'),
  url: z.string(),
  metadata: z.record(z.string(), z.string()),
});

/** The `fetch` half of the contract that ChatGPT connectors and deep research expect. */
export const createTool: ToolFactory = ({ documents }) =>
  defineTool({
    name: 'fetch',
    title: 'Fetch a document',
    description: 'Returns the whole text of one document, by the id that the search tool gave.',
    input,
    output,
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    run: async ({ id }) => {
      const document = (await documents()).get(id);
      if (document === undefined) {
        throw new ToolError('There is no document with this id. Take ids from the search tool.');
      }
      return document;
    },
  });

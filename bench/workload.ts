import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTool } from '../lambdas/mcp/tools/search.ts';
import { contentIndexFile, DocumentIndex } from '../src/content/document-index.ts';
import type { Tool } from '../src/tools/tool.ts';

/** The one call that every figure is about, and the answer that it must get. */
export interface Workload {
  /** The `params` of `tools/call`. */
  readonly params: {
    readonly name: string;
    readonly arguments: { readonly query: string; readonly limit: number };
  };
  /** The tool's result as JSON text. */
  readonly expectedText: string;
  readonly documents: number;
  readonly contentIndexFile: string;
}

/** The usage plan that throttles nothing at these rates. */
export const plan = 'premium';

/** What a client of the 2025 revisions sends with each message. */
export const requestHeaders = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
} as const;

/** Runs the tool itself: no server, no caller. */
export const callSearch = async (
  search: Tool,
  args: unknown,
): Promise<Readonly<Record<string, unknown>>> =>
  search.run(search.input.parse(args), {
    principal: {
      tenant: 'bench',
      subject: 'key:bench',
      role: 'user',
      lane: 'key',
      plan,
    },
    requestId: 'bench',
    signal: new AbortController().signal,
    reportProgress: () => Promise.resolve(),
  });

/** A search for the title of the first document that the mcp function was bundled with. */
export const createWorkload = async (mcpAssetDirectory: string): Promise<Workload> => {
  const path = join(mcpAssetDirectory, 'content-index.json');
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const [first] = contentIndexFile.parse(content).documents;
  if (first === undefined) throw new Error('There are no documents to search: content/ is empty.');
  const index = new DocumentIndex(content);
  const search = createTool({ documents: () => Promise.resolve(index) });
  const args = { query: first.title, limit: 5 };
  return {
    params: { name: search.name, arguments: args },
    expectedText: JSON.stringify(search.output.parse(await callSearch(search, args))),
    documents: index.size,
    contentIndexFile: path,
  };
};

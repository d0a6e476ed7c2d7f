import type { DocumentIndex } from '../content/document-index.ts';
import type { Tool } from './tool.ts';

/** What a tool file may ask for. Add what yours needs, and build it in `lambdas/mcp/index.ts`. */
export interface ToolDeps {
  /** Loaded at its first use and kept. */
  readonly documents: () => Promise<DocumentIndex>;
}

/** What each file of `lambdas/mcp/tools/` exports as `createTool`. */
export type ToolFactory = (deps: ToolDeps) => Tool;

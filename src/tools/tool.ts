import type * as z from 'zod';
import type { Principal } from '../principals/principal.ts';

/** What clients are told about a tool's effects (MCP specification, server/tools, "Tool annotations"). */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

export interface ToolProgress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

export interface ToolContext {
  readonly principal: Principal;
  readonly requestId: string;
  /** Aborts at the tool's deadline. */
  readonly signal: AbortSignal;
  /** Tells the caller how far the work is; does nothing when the caller did not ask for it. */
  readonly reportProgress: (progress: ToolProgress) => Promise<void>;
}

/** `O` is the structured result: it is sent both as structured content and as its JSON text. */
export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  readonly annotations: ToolAnnotations;
  /** @throws ToolError with a message for the caller; any other error is answered with a fixed text. */
  run(input: z.infer<I>, context: ToolContext): Promise<z.infer<O>>;
}

/** A failure that the caller can act on: its message is sent to the caller as it is. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** Fixes a tool's types from its schemas. */
export const defineTool = <I extends z.ZodObject, O extends z.ZodObject>(tool: Tool<I, O>): Tool =>
  tool;

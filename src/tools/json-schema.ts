import * as z from 'zod';
import type { Tool } from './tool.ts';

export interface ToolSchemas {
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema: Readonly<Record<string, unknown>>;
}

/** JSON Schema 2020-12 of a tool's input as callers send it and of its output as they receive it. */
export const toolJsonSchemas = (tool: Tool): ToolSchemas => ({
  inputSchema: z.toJSONSchema(tool.input, { io: 'input' }),
  outputSchema: z.toJSONSchema(tool.output, { io: 'output' }),
});

import type * as z from 'zod';
import type { Log } from '../log/log.ts';
import type { Principal } from '../principals/principal.ts';
import { decodeCursor, encodeCursor } from '../tools/cursor.ts';
import { toolJsonSchemas, type ToolSchemas } from '../tools/json-schema.ts';
import { ToolError, type Tool, type ToolAnnotations, type ToolContext } from '../tools/tool.ts';
import { argumentProblems } from './argument-problems.ts';

export interface ToolDescription extends ToolSchemas {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
}

export interface ToolPage {
  readonly tools: readonly ToolDescription[];
  readonly nextCursor?: string;
}

/** How a tool call ended. `text` is for the caller. */
export type CallOutcome =
  | { readonly kind: 'result'; readonly structured: object; readonly text: string }
  | { readonly kind: 'invalid-arguments'; readonly text: string }
  | { readonly kind: 'tool-error'; readonly text: string }
  | { readonly kind: 'unknown-tool' };

export interface CallRequest {
  readonly name: string;
  readonly args: unknown;
  readonly requestId: string;
  readonly reportProgress: ToolContext['reportProgress'];
}

export interface GatewayOptions {
  readonly tools: readonly Tool[];
  readonly toolTimeoutMs: number;
  readonly maxResultBytes: number;
  readonly log: Log;
}

const toolsPerPage = 100;
const listScope = 'tools/list';

/** The tools of one deployment as plain data: knows nothing of HTTP, Lambda or an SDK. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #descriptions = new Map<string, ToolDescription>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    const byName = options.tools.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#tools = new Map(byName.map((tool) => [tool.name, tool]));
  }

  /** Whether there is a tool of this name for this caller. One that it may not call is as good as none. */
  hasTool(principal: Principal, name: string): boolean {
    return this.#find(principal, name) !== undefined;
  }

  /** In the order of names, always. @throws ToolError when the cursor is not one of this list. */
  listTools(principal: Principal, cursor?: string): ToolPage {
    const tools = [...this.#tools.values()].filter((tool) => mayCall(principal, tool));
    const start = cursor === undefined ? 0 : decodeCursor(cursor, listScope);
    const end = start + toolsPerPage;
    return {
      tools: tools.slice(start, end).map((tool) => this.#describe(tool)),
      ...(end < tools.length ? { nextCursor: encodeCursor(end, listScope) } : {}),
    };
  }

  async callTool(principal: Principal, request: CallRequest): Promise<CallOutcome> {
    const tool = this.#find(principal, request.name);
    if (tool === undefined) return { kind: 'unknown-tool' };
    const input = tool.input.safeParse(request.args ?? {});
    if (!input.success) {
      return { kind: 'invalid-arguments', text: argumentProblems(input.error, tool.input) };
    }
    const { requestId, reportProgress } = request;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#options.toolTimeoutMs);
    const { signal } = deadline;
    try {
      const output = await Promise.race([
        tool.run(input.data, { principal, requestId, reportProgress, signal }),
        rejectOnAbort(signal),
      ]);
      return this.#result(tool, tool.output.parse(output));
    } catch (error) {
      return { kind: 'tool-error', text: this.#publicText(tool, requestId, signal, error) };
    } finally {
      clearTimeout(timer);
    }
  }

  #find(principal: Principal, name: string): Tool | undefined {
    const tool = this.#tools.get(name);
    return tool !== undefined && mayCall(principal, tool) ? tool : undefined;
  }

  #describe(tool: Tool): ToolDescription {
    const known = this.#descriptions.get(tool.name);
    if (known !== undefined) return known;
    const { name, title, description, annotations } = tool;
    const described = { name, title, description, annotations, ...toolJsonSchemas(tool) };
    this.#descriptions.set(name, described);
    return described;
  }

  #result(tool: Tool, structured: z.infer<Tool['output']>): CallOutcome {
    const text = JSON.stringify(structured);
    if (Buffer.byteLength(text) > this.#options.maxResultBytes) {
      return {
        kind: 'tool-error',
        text: `The result of ${tool.name} is larger than ${this.#options.maxResultBytes} bytes. Ask for less.`,
      };
    }
    return { kind: 'result', structured, text };
  }

  #publicText(tool: Tool, requestId: string, deadline: AbortSignal, error: unknown): string {
    if (error instanceof ToolError) return error.message;
    this.#options.log.error('tool.failed', error, { requestId, tool: tool.name });
    return deadline.aborted
      ? `${tool.name} did not finish within ${this.#options.toolTimeoutMs / 1000} seconds. Request ${requestId}.`
      : `${tool.name} failed. Request ${requestId}.`;
  }
}

const mayCall = (principal: Principal, tool: Tool): boolean =>
  principal.role !== 'readonly' || tool.annotations.readOnlyHint;

const rejectOnAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('deadline exceeded')), { once: true });
  });

import type * as z from 'zod';
import type { Log } from '../log/log.ts';
import type { Principal } from '../principals/principal.ts';
import { toolJsonSchemas } from '../tools/json-schema.ts';
import { ToolError, type Tool, type ToolContext } from '../tools/tool.ts';
import type { JsonObject } from '../upstreams/upstream.ts';
import { argumentProblems } from './argument-problems.ts';

/** How a call of one of our own tools ended. `text` is for the caller. */
export type OwnOutcome =
  | { readonly kind: 'own-result'; readonly structured: object; readonly text: string }
  | { readonly kind: 'invalid-arguments'; readonly text: string }
  | { readonly kind: 'tool-error'; readonly text: string };

export interface OwnToolsOptions {
  readonly tools: readonly Tool[];
  readonly toolTimeoutMs: number;
  readonly maxResultBytes: number;
  readonly log: Log;
}

export interface OwnCall {
  readonly principal: Principal;
  readonly requestId: string;
  readonly reportProgress: ToolContext['reportProgress'];
}

type Input = z.infer<Tool['input']>;

/** The tools that the deployment has of its own, in this process. */
export class OwnTools {
  readonly #options: OwnToolsOptions;
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #definitions = new Map<string, JsonObject>();

  constructor(options: OwnToolsOptions) {
    this.#options = options;
    this.#tools = new Map(options.tools.map((tool) => [tool.name, tool]));
  }

  get names(): ReadonlySet<string> {
    return new Set(this.#tools.keys());
  }

  find(name: string): Tool | undefined {
    return this.#tools.get(name);
  }

  definitions(): readonly JsonObject[] {
    return [...this.#tools.values()].map((tool) => this.#definition(tool));
  }

  /** The arguments as the tool takes them, or what is wrong with them. */
  readArguments(
    tool: Tool,
    args: unknown,
  ):
    | { readonly kind: 'valid'; readonly input: Input }
    | Extract<OwnOutcome, { kind: 'invalid-arguments' }> {
    const input = tool.input.safeParse(args ?? {});
    return input.success
      ? { kind: 'valid', input: input.data }
      : { kind: 'invalid-arguments', text: argumentProblems(input.error, tool.input) };
  }

  async run(
    tool: Tool,
    input: Input,
    { principal, requestId, reportProgress }: OwnCall,
  ): Promise<Exclude<OwnOutcome, { kind: 'invalid-arguments' }>> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#options.toolTimeoutMs);
    const { signal } = deadline;
    try {
      const output = await Promise.race([
        tool.run(input, { principal, requestId, reportProgress, signal }),
        rejectOnAbort(signal),
      ]);
      return this.#result(tool, tool.output.parse(output));
    } catch (error) {
      return { kind: 'tool-error', text: this.#publicText(tool, requestId, signal, error) };
    } finally {
      clearTimeout(timer);
    }
  }

  #definition(tool: Tool): JsonObject {
    const known = this.#definitions.get(tool.name);
    if (known !== undefined) return known;
    const { name, title, description, annotations } = tool;
    const described = { name, title, description, annotations, ...toolJsonSchemas(tool) };
    this.#definitions.set(name, described);
    return described;
  }

  #result(
    tool: Tool,
    structured: z.infer<Tool['output']>,
  ): Exclude<OwnOutcome, { kind: 'invalid-arguments' }> {
    const text = JSON.stringify(structured);
    if (Buffer.byteLength(text) > this.#options.maxResultBytes) {
      return {
        kind: 'tool-error',
        text: `The result of ${tool.name} is larger than ${this.#options.maxResultBytes} bytes. Ask for less.`,
      };
    }
    return { kind: 'own-result', structured, text };
  }

  #publicText(tool: Tool, requestId: string, deadline: AbortSignal, error: unknown): string {
    if (error instanceof ToolError) return error.message;
    this.#options.log.error('tool.failed', error, { requestId, tool: tool.name });
    return deadline.aborted
      ? `${tool.name} did not finish within ${this.#options.toolTimeoutMs / 1000} seconds. Request ${requestId}.`
      : `${tool.name} failed. Request ${requestId}.`;
  }
}

const rejectOnAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('deadline exceeded')), { once: true });
  });

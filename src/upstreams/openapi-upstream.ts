import type { StreamingFetch } from '../fetch-guard/streaming-fetch.ts';
import { asCall, type HttpCall } from './http-call.ts';
import { ofGuard } from './http-failure.ts';
import { hopsHeader, isConfigurableHeader, traceHeaders } from './http-headers.ts';
import type { ResolveValues } from './http-upstream.ts';
import { isHeaderValue } from './openapi-headers.ts';
import { backendRequest, type BackendRequest } from './openapi-request.ts';
import { errorResult, toolResult } from './openapi-result.ts';
import { ArgumentError } from './openapi-serialization.ts';
import type { OpenApiTool } from './openapi-tool.ts';
import { createSchemaCheck, type SchemaCheck } from './schema-problems.ts';
import type { UpstreamOfKind } from './upstream-spec.ts';
import {
  UpstreamError,
  type JsonObject,
  type Upstream,
  type UpstreamFacts,
  type UpstreamRequest,
} from './upstream.ts';

export interface OpenApiUpstreamDeps {
  readonly fetch: StreamingFetch;
  readonly resolve: ResolveValues;
  /** Drawbridge's own, for `User-Agent`. */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Of one answer. @default 6291456 */
  readonly maxBytes?: number;
}

interface Operation {
  readonly tool: OpenApiTool;
  readonly input: SchemaCheck;
  readonly output: SchemaCheck | undefined;
}

/** A credential that stays wrong is not read again for each call. */
const renewEveryMs = 30_000;
const defaultMaxBytes = 6_291_456;
/** JSON where there is a choice: it becomes structured content. */
const accept = 'application/json, application/*+json;q=0.9, text/*;q=0.5, */*;q=0.1';

const unknownOf = (what: 'tool' | 'prompt' | 'resource'): UpstreamError => {
  const message = `Unknown ${what}`;
  // JSON-RPC 2.0 §5.1 "Invalid params", as MCP has it for names that nobody knows.
  return new UpstreamError('rpc', message, { rpc: { code: -32_602, message } });
};

/** Without the arguments that the operator's own headers answer: a caller has no say in these. */
const withoutHeaders = (tool: OpenApiTool, headers: ReadonlySet<string>): OpenApiTool => {
  const isOurs = (parameter: OpenApiTool['parameters'][number]) =>
    parameter.in === 'header' && headers.has(parameter.name.toLowerCase());
  const removed = new Set(tool.parameters.filter(isOurs).map(({ argument }) => argument));
  if (removed.size === 0) return tool;
  const { properties = {}, required = [], ...schema } = tool.definition.inputSchema;
  const left = Object.entries(properties as JsonObject).filter(([name]) => !removed.has(name));
  const inputSchema = {
    ...schema,
    properties: Object.fromEntries(left),
    required: (required as readonly string[]).filter((name) => !removed.has(name)),
  };
  return {
    ...tool,
    definition: { ...tool.definition, inputSchema },
    parameters: tool.parameters.filter((parameter) => !isOurs(parameter)),
  };
};

/** A REST API as an MCP server: its operations are the tools. */
export class OpenApiUpstream implements Upstream {
  readonly #spec: UpstreamOfKind<'openapi'>;
  readonly #deps: OpenApiUpstreamDeps;
  readonly #operations: ReadonlyMap<string, Operation>;
  #renewedAt = -Infinity;

  constructor(spec: UpstreamOfKind<'openapi'>, deps: OpenApiUpstreamDeps) {
    this.#spec = spec;
    this.#deps = deps;
    const configured = new Set(Object.keys(spec.headers).map((name) => name.toLowerCase()));
    this.#operations = new Map(
      spec.operations.map((operation) => {
        const tool = withoutHeaders(operation, configured);
        const { name, inputSchema, outputSchema } = tool.definition;
        const input = createSchemaCheck(inputSchema, 'arguments');
        const output = outputSchema && createSchemaCheck(outputSchema, 'answer');
        return [name, { tool, input, output }];
      }),
    );
  }

  async facts(): Promise<UpstreamFacts> {
    return { capabilities: { tools: {} }, era: 'none' };
  }

  async request(request: UpstreamRequest): Promise<JsonObject> {
    switch (request.method) {
      case 'tools/list':
        return { tools: [...this.#operations.values()].map(({ tool }) => tool.definition) };
      case 'tools/call':
        return this.#call(request);
      case 'prompts/list':
        return { prompts: [] };
      case 'resources/list':
        return { resources: [] };
      case 'resources/templates/list':
        return { resourceTemplates: [] };
      case 'completion/complete':
        return { completion: { values: [] } };
      case 'prompts/get':
        throw unknownOf('prompt');
      case 'resources/read':
        throw unknownOf('resource');
    }
  }

  /** Nothing is kept: the connections are the fetch's. */
  async close(): Promise<void> {}

  async #call(request: UpstreamRequest): Promise<JsonObject> {
    const { name, arguments: args = {} } = request.params;
    const operation = typeof name === 'string' ? this.#operations.get(name) : undefined;
    if (operation === undefined) throw unknownOf('tool');
    const problems = operation.input.problemsOf(args);
    if (problems.length > 0) return errorResult(`Invalid arguments. ${problems.join('; ')}.`);
    let outgoing: BackendRequest;
    try {
      outgoing = backendRequest(operation.tool, args as JsonObject, this.#spec.baseUrl);
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      return errorResult(`Invalid arguments. ${error.message}.`);
    }
    try {
      return await asCall(request, (call) => this.#exchange(operation, outgoing, call));
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      throw new UpstreamError('unreachable', 'The backend cannot be reached.', { cause: error });
    }
  }

  async #exchange(
    { output }: Operation,
    outgoing: BackendRequest,
    call: HttpCall,
  ): Promise<JsonObject> {
    const maxBytes = this.#deps.maxBytes ?? defaultMaxBytes;
    try {
      let response = await this.#send(outgoing, call, {});
      const now = this.#deps.now();
      if (response.status === 401 && now - this.#renewedAt >= renewEveryMs) {
        this.#renewedAt = now;
        await response.body?.cancel();
        response = await this.#send(outgoing, call, { fresh: true });
      }
      // Whatever its headers say, there is nothing to read (RFC 9110 §9.3.2).
      if (outgoing.method === 'HEAD') {
        await response.body?.cancel();
        response = new Response(null, response);
      }
      return await toolResult(response, maxBytes, output);
    } catch (error) {
      throw ofGuard(error);
    }
  }

  async #send(
    { method, url, headers, body }: BackendRequest,
    call: HttpCall,
    options: { readonly fresh?: boolean },
  ): Promise<Response> {
    const totalMs = Math.max(1, call.deadline - performance.now());
    return this.#deps.fetch(url, {
      method,
      // What the operator configured wins over arguments, and what is ours over both.
      headers: {
        accept,
        ...headers,
        ...(await this.#configured(options)),
        'user-agent': `drawbridge/${this.#deps.version}`,
        [hopsHeader]: String(call.hops + 1),
        ...traceHeaders(call.trace),
      },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: call.signal,
      limits: {
        totalMs,
        headersMs: totalMs,
        idleMs: totalMs,
        maxBytes: this.#deps.maxBytes ?? defaultMaxBytes,
      },
    });
  }

  async #configured(options: { readonly fresh?: boolean }): Promise<Record<string, string>> {
    const values = await this.#deps.resolve(this.#spec.headers, options);
    return Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => {
        const lower = name.toLowerCase();
        if (!isConfigurableHeader(lower) && lower !== 'accept') return [];
        if (!isHeaderValue(value)) {
          throw new UpstreamError(
            'misconfigured',
            'A configured header has a value that it cannot have.',
          );
        }
        return [[lower, value]];
      }),
    );
  }
}

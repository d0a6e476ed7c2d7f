import type { DirectoryView, UpstreamDirectory } from '../../../src/upstreams/directory.ts';
import type { UpstreamSpec } from '../../../src/upstreams/upstream-spec.ts';
import {
  UpstreamError,
  type JsonObject,
  type Upstream,
  type UpstreamFacts,
  type UpstreamFailure,
  type UpstreamRequest,
} from '../../../src/upstreams/upstream.ts';

export const specOf = (
  name: string,
  changes: Partial<Extract<UpstreamSpec, { kind: 'http' }>> = {},
): UpstreamSpec => ({
  kind: 'http',
  name,
  prefix: name,
  tenants: '*',
  timeoutMs: 1_000,
  listTimeoutMs: 300,
  units: { default: 1 },
  url: `https://${name}.example/mcp`,
  transport: 'streamable-http',
  headers: {},
  ...changes,
});

export const toolNamed = (name: string, changes: JsonObject = {}): JsonObject => ({
  name,
  description: `Does ${name}.`,
  inputSchema: { type: 'object', properties: {} },
  ...changes,
});

type Answer = (request: UpstreamRequest) => Promise<JsonObject> | JsonObject;

/** An upstream in this process: lists what it holds, answers as it is told, and remembers what it was asked. */
export class InMemoryUpstream implements Upstream {
  tools: readonly unknown[];
  prompts: readonly unknown[] = [];
  resources: readonly unknown[] = [];
  resourceTemplates: readonly unknown[] = [];
  ttlMs: number | undefined;
  era: UpstreamFacts['era'] = 'legacy';
  /** Answers every request so, lists too. */
  failure: UpstreamFailure | undefined;
  /** Requests wait until it resolves. */
  held: Promise<void> = Promise.resolve();
  pageSize = 1_000;
  onCall: Answer = ({ params }) => ({ content: [{ type: 'text', text: JSON.stringify(params) }] });
  readonly asked: UpstreamRequest[] = [];
  closed = false;

  constructor(tools: readonly unknown[] = []) {
    this.tools = tools;
  }

  async facts(): Promise<UpstreamFacts> {
    await this.#gate();
    return {
      capabilities: { tools: {}, prompts: {}, resources: {}, completions: {} },
      era: this.era,
    };
  }

  async request(request: UpstreamRequest): Promise<JsonObject> {
    this.asked.push(request);
    await this.#gate();
    switch (request.method) {
      case 'tools/list':
        return this.#page('tools', this.tools, request);
      case 'prompts/list':
        return this.#page('prompts', this.prompts, request);
      case 'resources/list':
        return this.#page('resources', this.resources, request);
      case 'resources/templates/list':
        return this.#page('resourceTemplates', this.resourceTemplates, request);
      default:
        return this.onCall(request);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** How often a method was asked. */
  count(method: UpstreamRequest['method']): number {
    return this.asked.filter((request) => request.method === method).length;
  }

  async #gate(): Promise<void> {
    await this.held;
    if (this.failure !== undefined) throw new UpstreamError(this.failure, 'as the test says');
  }

  #page(key: string, items: readonly unknown[], { params }: UpstreamRequest): JsonObject {
    const start = Number(params['cursor'] ?? 0);
    const end = start + this.pageSize;
    return {
      [key]: items.slice(start, end),
      ...(end < items.length ? { nextCursor: String(end) } : {}),
      ...(this.ttlMs === undefined ? {} : { ttlMs: this.ttlMs, cacheScope: 'public' }),
    };
  }
}

/** The same upstreams for everybody whom their specs name. */
export const directoryOf = (
  specs: readonly UpstreamSpec[],
  view: Partial<DirectoryView> = {},
): UpstreamDirectory => ({
  visibleTo: async (tenant) => ({
    specs: specs
      .filter(({ tenants }) => tenants === '*' || tenants.includes(tenant))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    pins: new Map(),
    isComplete: true,
    ...view,
  }),
});

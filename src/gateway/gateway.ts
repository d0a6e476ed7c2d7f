import type { Principal } from '../principals/principal.ts';
import { decodeCursor, encodeCursor } from '../tools/cursor.ts';
import type { ToolProgress } from '../tools/tool.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import type { JsonObject, Upstream, UpstreamMethod } from '../upstreams/upstream.ts';
import { Aggregate, type AggregateDeps, type Missing, type ServerState } from './aggregate.ts';
import type { Asker, ListKind } from './catalog.ts';
import { isObject } from './definitions.ts';
import { unreachable, type CallerRequest, type Forwarded, type Forwarding } from './forwarding.ts';
import { OwnTools, type OwnOutcome, type OwnToolsOptions } from './own-tools.ts';
import type { Shown } from './surface.ts';

export interface Page {
  readonly items: readonly JsonObject[];
  readonly nextCursor?: string;
  /** How long a client may keep it, milliseconds. It is the caller's own: never to be shared. */
  readonly ttlMs: number;
  /** Upstreams that are not in it, or only as they were. Empty: the list is whole. */
  readonly missing: readonly Missing[];
}

/** Where a call goes, for the audit: told before it runs. */
export interface Routed {
  /** As the caller named it; absent while nobody can say whether there is such a tool. */
  readonly tool?: string;
  /** `drawbridge` for our own. */
  readonly server: string;
  readonly units: number;
  /** What refuses it. */
  readonly policyId?: string;
}

/** How a tool call ended. */
export type CallOutcome = OwnOutcome | Forwarded | { readonly kind: 'unknown-tool' };

/** How a request about a prompt or resource ended. */
export type FetchOutcome = Forwarded | { readonly kind: 'unknown' };

export interface CallRequest extends CallerRequest {
  readonly name: string;
  readonly args: unknown;
  readonly onRouted?: (routed: Routed) => void;
  /** Hears how long an upstream took, milliseconds. */
  readonly onUpstreamTime?: (ms: number) => void;
}

export interface GatewayOptions extends OwnToolsOptions {
  /** Absent: there are only tools of our own. */
  readonly upstreams?:
    | (AggregateDeps & {
        readonly forwarding: Forwarding;
        readonly upstreamOf: (spec: UpstreamSpec) => Upstream;
      })
    | undefined;
}

const itemsPerPage = 100;
/** How long clients may keep a list that only a deployment changes. */
const longestTtlMs = 60_000;
/** … and one that is not whole. */
const brokenTtlMs = 2_000;

const ownServer = 'drawbridge';

/** Everything that one deployment serves, as plain data: knows nothing of HTTP, Lambda or an SDK. */
export class Gateway {
  readonly #own: OwnTools;
  readonly #ownList: readonly JsonObject[];
  readonly #options: GatewayOptions;
  readonly #aggregate: Aggregate | undefined;
  readonly #merged = new WeakMap<object, readonly JsonObject[]>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#own = new OwnTools(options);
    this.#ownList = this.#own.definitions().toSorted(byName);
    const { upstreams } = options;
    this.#aggregate =
      upstreams === undefined ? undefined : new Aggregate(upstreams, this.#own.names);
  }

  /** Tools in the order of names, always. @throws ToolError when the cursor is not one of this list. */
  async listTools(caller: CallerRequest, cursor?: string): Promise<Page> {
    if (this.#aggregate === undefined) {
      return page('tools/list', this.#ownList.filter(mayCall(caller.principal)), cursor);
    }
    const seen = await this.#aggregate.list('tools', askerOf(caller));
    const all = this.#withOwn(seen.surface);
    const tools =
      caller.principal.role === 'readonly' ? all.filter(mayCall(caller.principal)) : all;
    return page('tools/list', tools, cursor, seen);
  }

  /** @throws ToolError when the cursor is not one of this list. */
  async list(
    kind: Exclude<ListKind, 'tools'>,
    caller: CallerRequest,
    cursor?: string,
  ): Promise<Page> {
    if (this.#aggregate === undefined) return page(kind, [], cursor);
    const seen = await this.#aggregate.list(kind, askerOf(caller));
    return page(
      kind,
      [...seen.surface.values()].map(({ definition }) => definition),
      cursor,
      seen,
    );
  }

  async callTool(request: CallRequest): Promise<CallOutcome> {
    const { principal, name, args } = request;
    const own = this.#own.find(name);
    if (own !== undefined) {
      if (!isAllowed(principal, own.annotations.readOnlyHint)) return { kind: 'unknown-tool' };
      request.onRouted?.({ tool: name, server: ownServer, units: 1 });
      const { requestId, onProgress } = request;
      const reportProgress = async (progress: ToolProgress) => onProgress?.({ ...progress });
      return this.#own.call(own, { principal, args, requestId, reportProgress });
    }
    const shown = await this.#aggregate?.find('tools', name, askerOf(request));
    if (shown === undefined) {
      const hidden = await this.#aggregate?.findHidden(name, askerOf(request));
      if (hidden !== undefined) {
        const { server, reason } = hidden;
        request.onRouted?.({ tool: name, server, units: 0, policyId: `pin:${reason}` });
      }
      return (await this.#silence('tools', request)) ?? { kind: 'unknown-tool' };
    }
    if (!isAllowed(principal, isReadOnly(shown.definition))) return { kind: 'unknown-tool' };
    const { spec, definition } = shown;
    const units = spec.units.tools?.[shown.own] ?? spec.units.default;
    request.onRouted?.({ tool: name, server: spec.name, units });
    const { annotations } = definition as { annotations?: Record<string, unknown> };
    return this.#forward(request, shown, 'tools/call', {
      params: { name: shown.own, arguments: isObject(args) ? args : {} },
      repeatable: isReadOnly(definition) || annotations?.['idempotentHint'] === true,
      tool: { ...definition, name: shown.own },
    });
  }

  async getPrompt(request: CallRequest): Promise<FetchOutcome> {
    const shown = await this.#aggregate?.find('prompts', request.name, askerOf(request));
    if (shown === undefined)
      return (await this.#silence('prompts', request)) ?? { kind: 'unknown' };
    request.onRouted?.({ tool: request.name, server: shown.spec.name, units: 0 });
    const params = {
      name: shown.own,
      ...(isObject(request.args) ? { arguments: request.args } : {}),
    };
    return this.#forward(request, shown, 'prompts/get', { params, repeatable: true });
  }

  /** `request.name` is the URI. */
  async readResource(request: CallRequest): Promise<FetchOutcome> {
    const shown = await this.#aggregate?.findResource(request.name, askerOf(request));
    if (shown === undefined) return { kind: 'unknown' };
    request.onRouted?.({ tool: request.name, server: shown.spec.name, units: 0 });
    const outcome = await this.#forward(request, shown, 'resources/read', {
      params: { uri: shown.own },
      repeatable: true,
    });
    return outcome.kind === 'result' && shown.own !== request.name
      ? { kind: 'result', result: withUri(outcome.result, shown.own, request.name) }
      : outcome;
  }

  /** `request.args` are the params of `completion/complete`. */
  async complete(request: CallRequest): Promise<FetchOutcome> {
    const params = isObject(request.args) ? request.args : {};
    const ref = isObject(params['ref']) ? params['ref'] : {};
    const asker = askerOf(request);
    const shown =
      ref['type'] === 'ref/prompt'
        ? await this.#aggregate?.find('prompts', String(ref['name']), asker)
        : await this.#aggregate?.findTemplate(String(ref['uri']), asker);
    if (shown === undefined) return { kind: 'unknown' };
    const own = ref['type'] === 'ref/prompt' ? { name: shown.own } : { uri: shown.own };
    return this.#forward(request, shown, 'completion/complete', {
      params: { ...params, ref: { ...ref, ...own } },
      repeatable: true,
    });
  }

  /** The servers that the caller's tenant sees, ours among them. */
  async servers(caller: CallerRequest): Promise<readonly (ServerState | OwnServer)[]> {
    const own: OwnServer = {
      name: ownServer,
      kind: 'own',
      state: 'ok',
      tools: this.#ownList.length,
    };
    return [own, ...((await this.#aggregate?.servers(askerOf(caller))) ?? [])];
  }

  async #forward(
    request: CallRequest,
    { spec }: Shown,
    method: UpstreamMethod,
    call: { readonly params: JsonObject; readonly repeatable: boolean; readonly tool?: JsonObject },
  ): Promise<Forwarded> {
    const { upstreams, maxResultBytes } = this.#options;
    if (upstreams === undefined) throw new Error('a thing of an upstream without upstreams');
    const { forwarding, upstreamOf, now } = upstreams;
    const startedAt = now();
    try {
      const upstream = upstreamOf(spec);
      return await forwarding.send(request, { spec, upstream, method, maxResultBytes, ...call });
    } finally {
      request.onUpstreamTime?.(Math.max(0, now() - startedAt));
    }
  }

  /** Whether there is such a thing, nobody can say while its server is silent: that is not the same as that there is none. */
  async #silence(kind: 'tools' | 'prompts', request: CallRequest): Promise<Forwarded | undefined> {
    const spec = await this.#aggregate?.findSilent(kind, request.name, askerOf(request));
    if (spec === undefined) return undefined;
    request.onRouted?.({ server: spec.name, units: 0 });
    return unreachable(spec, request.requestId);
  }

  /** Ours and the upstreams' in the order of names, made once for each surface. */
  #withOwn(surface: ReadonlyMap<string, Shown>): readonly JsonObject[] {
    const known = this.#merged.get(surface);
    if (known !== undefined) return known;
    const upstream = [...surface.values()].map(({ definition }) => definition);
    const merged = [...this.#ownList, ...upstream].toSorted(byName);
    this.#merged.set(surface, merged);
    return merged;
  }
}

export interface OwnServer {
  readonly name: string;
  readonly kind: 'own';
  readonly state: 'ok';
  readonly tools: number;
}

const askerOf = ({ principal, requestId, hops }: CallerRequest): Asker => ({
  tenant: principal.tenant,
  requestId,
  hops,
});

const byName = (a: JsonObject, b: JsonObject): number =>
  (a['name'] as string) < (b['name'] as string) ? -1 : 1;

const isReadOnly = ({ annotations }: JsonObject): boolean =>
  isObject(annotations) && annotations['readOnlyHint'] === true;

const isAllowed = ({ role }: Principal, readOnly: boolean): boolean =>
  role !== 'readonly' || readOnly;

const mayCall =
  (principal: Principal) =>
  (definition: JsonObject): boolean =>
    isAllowed(principal, isReadOnly(definition));

const page = (
  scope: string,
  items: readonly JsonObject[],
  cursor: string | undefined,
  { missing, ttlMs }: { readonly missing: readonly Missing[]; readonly ttlMs: number } = {
    missing: [],
    ttlMs: longestTtlMs,
  },
): Page => {
  const start = cursor === undefined ? 0 : decodeCursor(cursor, scope);
  const end = start + itemsPerPage;
  return {
    items: items.slice(start, end),
    ...(end < items.length ? { nextCursor: encodeCursor(end, scope) } : {}),
    ttlMs: missing.length > 0 ? brokenTtlMs : Math.min(longestTtlMs, ttlMs),
    missing,
  };
};

/** The contents under the URI that the caller knows. */
const withUri = (result: JsonObject, own: string, shown: string): JsonObject => ({
  ...result,
  ...(Array.isArray(result['contents'])
    ? {
        contents: result['contents'].map((content: unknown) =>
          isObject(content) && content['uri'] === own ? { ...content, uri: shown } : content,
        ),
      }
    : {}),
});

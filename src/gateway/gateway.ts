import type { PolicyTool } from '../policy/policy-decider.ts';
import type { Tool, ToolProgress } from '../tools/tool.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import type { JsonObject, Upstream, UpstreamMethod } from '../upstreams/upstream.ts';
import type { Admission, Charged } from './admission.ts';
import { Aggregate, type AggregateDeps, type ServerState } from './aggregate.ts';
import type { Asker, ListKind } from './catalog.ts';
import { isObject } from './definitions.ts';
import { unreachable, type CallerRequest, type Forwarded, type Forwarding } from './forwarding.ts';
import { OwnTools, type OwnOutcome, type OwnToolsOptions } from './own-tools.ts';
import { ownServer, ownUnits, policyToolOf } from './policy-tools.ts';
import { pageOf, type Page } from './pages.ts';
import { Pass, type Denied } from './pass.ts';
import type { Shown, Surface } from './surface.ts';
import { toolList, type ToolList } from './tool-list.ts';

/** Where a call goes, for the audit: told before it runs. */
export interface Routed {
  /** As the caller named it; absent while nobody can say whether there is such a tool. */
  readonly tool?: string;
  /** `drawbridge` for our own. */
  readonly server: string;
  /** What refuses it. */
  readonly policyId?: string;
}

/** How a tool call ended. */
export type CallOutcome = OwnOutcome | Forwarded | Denied;

/** How a request about a prompt or resource ended. */
export type FetchOutcome = Forwarded | { readonly kind: 'unknown' };

export interface CallRequest extends CallerRequest {
  readonly name: string;
  readonly args: unknown;
  readonly onRouted?: (routed: Routed) => void;
  /** Looks at an upstream's tool that the caller may call, before the call is charged. It throws to refuse it. */
  readonly check?: (tool: JsonObject) => void;
  /** Hears what the call was charged, before it runs. */
  readonly onCharged?: (charged: Charged) => void;
  /** Hears how long an upstream took, milliseconds. */
  readonly onUpstreamTime?: (ms: number) => void;
}

export interface GatewayOptions extends OwnToolsOptions {
  readonly admission: Admission;
  /** Absent: there are only tools of our own. */
  readonly upstreams?:
    | (AggregateDeps & {
        readonly forwarding: Forwarding;
        readonly upstreamOf: (spec: UpstreamSpec) => Upstream;
      })
    | undefined;
}

/** Everything that one deployment serves, as plain data: knows nothing of HTTP, Lambda or an SDK. */
export class Gateway {
  readonly #own: OwnTools;
  #ownList: ToolList | undefined;
  readonly #ownSeen: ReadonlyMap<string, PolicyTool>;
  readonly #options: GatewayOptions;
  readonly #pass: Pass;
  readonly #aggregate: Aggregate | undefined;
  readonly #merged = new WeakMap<object, ToolList>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#pass = new Pass(options.admission);
    this.#own = new OwnTools(options);
    this.#ownSeen = new Map(
      options.tools.map(({ name, annotations }) => [
        name,
        policyToolOf({ name, annotations }, ownServer),
      ]),
    );
    const { upstreams } = options;
    this.#aggregate =
      upstreams === undefined ? undefined : new Aggregate(upstreams, this.#own.names);
  }

  /** Tools in the order of names, always. @throws ToolError when the cursor is not one of this list. */
  async listTools(caller: CallerRequest, cursor?: string): Promise<Page> {
    const seen = await this.#aggregate?.list('tools', askerOf(caller));
    const all = seen === undefined ? this.#onlyOwn() : this.#withOwn(seen.surface);
    const listable = await this.#options.admission.listable(caller, all.seen);
    const tools =
      listable.size === all.seen.length
        ? all.definitions
        : all.definitions.filter((_, at) => listable.has(all.seen[at] as PolicyTool));
    return pageOf('tools/list', tools, cursor, seen);
  }

  /** @throws ToolError when the cursor is not one of this list. */
  async list(
    kind: Exclude<ListKind, 'tools'>,
    caller: CallerRequest,
    cursor?: string,
  ): Promise<Page> {
    if (this.#aggregate === undefined) return pageOf(kind, [], cursor);
    const seen = await this.#aggregate.list(kind, askerOf(caller));
    return pageOf(
      kind,
      [...seen.surface.values()].map(({ definition }) => definition),
      cursor,
      seen,
    );
  }

  /** @throws GatewayError when the caller may not call at all, or has no units left: nothing was charged then. */
  async callTool(request: CallRequest): Promise<CallOutcome> {
    const { name } = request;
    const own = this.#own.find(name);
    if (own !== undefined) return this.#callOwn(request, own);
    const shown = await this.#aggregate?.find('tools', name, askerOf(request));
    if (shown !== undefined) return this.#callUpstream(request, shown);
    const hidden = await this.#aggregate?.findHidden(name, askerOf(request));
    if (hidden !== undefined) {
      const { server, reason } = hidden;
      request.onRouted?.({ tool: name, server, policyId: `pin:${reason}` });
    }
    return (await this.#silence('tools', request)) ?? { kind: 'unknown-tool' };
  }

  async #callOwn(request: CallRequest, tool: Tool): Promise<CallOutcome> {
    const { name, args, principal, requestId, onProgress } = request;
    const seen = this.#ownSeen.get(name) as PolicyTool;
    const refused = await this.#pass.decide(request, seen);
    if (refused !== undefined) return refused;
    const read = this.#own.readArguments(tool, args);
    if (read.kind !== 'valid') return read;
    const late = await this.#pass.charge(request, seen, ownUnits);
    if (late !== undefined) return late;
    const reportProgress = async (progress: ToolProgress) => onProgress?.({ ...progress });
    return this.#own.run(tool, read.input, { principal, requestId, reportProgress });
  }

  async #callUpstream(request: CallRequest, shown: Shown): Promise<CallOutcome> {
    const { spec, definition } = shown;
    const seen = policyToolOf(definition, spec.name);
    const refused = await this.#pass.decide(request, seen);
    if (refused !== undefined) return refused;
    request.check?.(definition);
    const units = spec.units.tools?.[shown.own] ?? spec.units.default;
    const late = await this.#pass.charge(request, seen, units);
    if (late !== undefined) return late;
    return this.#forward(request, shown, 'tools/call', {
      params: { name: shown.own, arguments: isObject(request.args) ? request.args : {} },
      repeatable: seen.readOnly || seen.idempotent,
      tool: { ...definition, name: shown.own },
    });
  }

  async getPrompt(request: CallRequest): Promise<FetchOutcome> {
    const shown = await this.#aggregate?.find('prompts', request.name, askerOf(request));
    if (shown === undefined)
      return (await this.#silence('prompts', request)) ?? { kind: 'unknown' };
    await this.#pass.checkStanding(request, shown.spec.name);
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
    await this.#pass.checkStanding(request, shown.spec.name);
    const outcome = await this.#forward(request, shown, 'resources/read', {
      params: { uri: shown.own },
      repeatable: true,
    });
    return outcome.kind === 'result' && shown.own !== request.name
      ? { kind: 'result', result: withUri(outcome.result, shown.own, request.name) }
      : outcome;
  }

  /** Whether `readResource` would ask an upstream for it. */
  async knowsResource(request: CallRequest): Promise<boolean> {
    return (await this.#aggregate?.findResource(request.name, askerOf(request))) !== undefined;
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
    await this.#pass.checkStanding(request, shown.spec.name);
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
      tools: this.#ownSeen.size,
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
    request.onRouted?.({ server: spec.name });
    request.onUpstreamFailed?.('unreachable');
    return unreachable(spec, request.requestId);
  }

  /** Made at the first list: a call needs no JSON Schema, and a container's first request is a call as often as a list. */
  #onlyOwn(): ToolList {
    this.#ownList ??= toolList(this.#own.definitions().map((tool) => [tool, ownServer]));
    return this.#ownList;
  }

  /** Ours and the upstreams' in the order of names, made once for each surface. */
  #withOwn(surface: Surface): ToolList {
    const known = this.#merged.get(surface);
    if (known !== undefined) return known;
    const merged = toolList([
      ...this.#own.definitions().map((tool) => [tool, ownServer] as const),
      ...[...surface.values()].map(({ definition, spec }) => [definition, spec.name] as const),
    ]);
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

import type { Clock } from '../clock/clock.ts';
import type { Log } from '../log/log.ts';
import { definitionHash } from '../upstreams/pins.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import {
  isUpstreamError,
  UpstreamError,
  type JsonObject,
  type Upstream,
  type UpstreamFailure,
  type UpstreamMethod,
} from '../upstreams/upstream.ts';
import {
  isObject,
  listLimits,
  shownPrompt,
  shownResource,
  shownTemplate,
  shownTool,
} from './definitions.ts';

/** What upstreams list. */
export type ListKind = keyof typeof listLimits;

interface KindFacts {
  readonly method: UpstreamMethod;
  /** The key of the items in a result. */
  readonly key: string;
  /** The capability without which a server has none of it. */
  readonly capability: string;
  /** What an item is known by. */
  readonly id: 'name' | 'uri' | 'uriTemplate';
  readonly shown: (item: unknown) => JsonObject | undefined;
}

const kinds: Readonly<Record<ListKind, KindFacts>> = {
  tools: { method: 'tools/list', key: 'tools', capability: 'tools', id: 'name', shown: shownTool },
  prompts: {
    method: 'prompts/list',
    key: 'prompts',
    capability: 'prompts',
    id: 'name',
    shown: shownPrompt,
  },
  resources: {
    method: 'resources/list',
    key: 'resources',
    capability: 'resources',
    id: 'uri',
    shown: shownResource,
  },
  resourceTemplates: {
    method: 'resources/templates/list',
    key: 'resourceTemplates',
    capability: 'resources',
    id: 'uriTemplate',
    shown: shownTemplate,
  },
};

/** One list of one upstream, as it was last given. The same object until it changes. */
export interface CatalogPart {
  readonly items: readonly JsonObject[];
  /** Of tools: the hash of each definition as the upstream gave it, by its name. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Items that were left out: not what MCP says, listed twice, too big, or too many. */
  readonly left: number;
}

/** A list and how far it can be trusted. `missing`: nothing was ever heard; `stale`: the last that was. */
export interface PartView {
  readonly part: CatalogPart;
  readonly state: 'fresh' | 'stale' | 'missing';
  readonly failure: UpstreamFailure | undefined;
  /** Milliseconds that it stays fresh. */
  readonly ttlMs: number;
}

/** Who wants to know. */
export interface Asker {
  readonly tenant: string;
  readonly requestId: string;
  readonly hops: number;
}

export interface CatalogOptions {
  readonly spec: UpstreamSpec;
  readonly upstream: Upstream;
  readonly log: Log;
  readonly now: Clock;
}

interface Entry {
  part: CatalogPart | undefined;
  text: string;
  at: number;
  freshUntil: number;
  failure: UpstreamFailure | undefined;
  failures: number;
  retryAt: number;
  refreshing: Promise<void> | undefined;
}

const nothing: CatalogPart = { items: [], hashes: new Map(), left: 0 };
const maxPages = 50;
/** How long a list stands when its server does not say. */
const defaultTtlMs = { http: 30_000, sandbox: 300_000, openapi: 300_000 } as const;
const leastTtlMs = 5_000;
const mostTtlMs = 300_000;
/** A list this old still routes calls: they do not wait for a new one. */
const routesForMs = 300_000;
/** How long a caller waits for a newer list when there is an old one. */
const patienceMs = 1_000;
const backoffMs = (failures: number): number => Math.min(15_000, 1_000 * 2 ** failures);

/** Remembers what one upstream lists: asked at most once at a time, kept when the upstream fails. */
export class Catalog {
  readonly #options: CatalogOptions;
  readonly #entries = new Map<ListKind, Entry>();
  /** When it last answered; 0 for never. */
  lastSuccessAt = 0;
  lastFailure: { readonly at: number; readonly failure: UpstreamFailure } | undefined;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  get spec(): UpstreamSpec {
    return this.#options.spec;
  }

  /** For a list that a client asked for. Answers within the upstream's list timeout, whatever the upstream does. */
  async list(kind: ListKind, asker: Asker): Promise<PartView> {
    return this.#get(kind, asker, (entry, now) => entry.freshUntil > now);
  }

  /** To find where a call goes: an older list will do. */
  async route(kind: ListKind, asker: Asker): Promise<PartView> {
    return this.#get(kind, asker, (entry, now) => entry.at + routesForMs > now);
  }

  /** What is known, without asking. */
  peek(kind: ListKind): PartView {
    return this.#view(this.#entry(kind));
  }

  async #get(
    kind: ListKind,
    asker: Asker,
    isGood: (entry: Entry, now: number) => boolean,
  ): Promise<PartView> {
    const entry = this.#entry(kind);
    const now = this.#options.now();
    if (entry.part !== undefined && isGood(entry, now)) return this.#view(entry);
    if (entry.refreshing === undefined && entry.retryAt > now) return this.#view(entry);
    entry.refreshing ??= this.#refresh(kind, entry, asker).finally(() => {
      entry.refreshing = undefined;
    });
    const { listTimeoutMs } = this.#options.spec;
    await settledWithin(
      entry.refreshing,
      entry.part === undefined ? listTimeoutMs : Math.min(patienceMs, listTimeoutMs),
    );
    return this.#view(entry);
  }

  #entry(kind: ListKind): Entry {
    const known = this.#entries.get(kind);
    if (known !== undefined) return known;
    const made: Entry = {
      part: undefined,
      text: '',
      at: 0,
      freshUntil: 0,
      failure: undefined,
      failures: 0,
      retryAt: 0,
      refreshing: undefined,
    };
    this.#entries.set(kind, made);
    return made;
  }

  #view(entry: Entry): PartView {
    const ttlMs = Math.max(0, entry.freshUntil - this.#options.now());
    if (entry.part === undefined) {
      return { part: nothing, state: 'missing', failure: entry.failure ?? 'timeout', ttlMs: 0 };
    }
    return entry.failure === undefined && (ttlMs > 0 || entry.refreshing === undefined)
      ? { part: entry.part, state: 'fresh', failure: undefined, ttlMs }
      : { part: entry.part, state: 'stale', failure: entry.failure ?? 'timeout', ttlMs: 0 };
  }

  async #refresh(kind: ListKind, entry: Entry, asker: Asker): Promise<void> {
    const { spec, log, now } = this.#options;
    const signal = AbortSignal.timeout(spec.listTimeoutMs);
    try {
      const { part, ttlMs } = await this.#fetch(kind, asker, signal);
      const text = JSON.stringify([part.items, [...part.hashes], part.left]);
      if (text !== entry.text) Object.assign(entry, { part, text });
      const at = now();
      Object.assign(entry, {
        at,
        freshUntil: at + ttlMs,
        failure: undefined,
        failures: 0,
        retryAt: 0,
      });
      this.lastSuccessAt = at;
      if (part.left > 0) {
        log.warn('upstream.left-out', { server: spec.name, kind, left: part.left });
      }
    } catch (error) {
      // Nobody but the time limit ends it.
      const cause = isUpstreamError(error) ? error.failure : 'not-mcp';
      const failure = cause === 'aborted' ? 'timeout' : cause;
      entry.failures += 1;
      Object.assign(entry, { failure, retryAt: now() + backoffMs(entry.failures) });
      this.lastFailure = { at: now(), failure };
      const { requestId } = asker;
      log.error('upstream.list-failed', error, { server: spec.name, kind, failure, requestId });
    }
  }

  async #fetch(
    kind: ListKind,
    asker: Asker,
    signal: AbortSignal,
  ): Promise<{ part: CatalogPart; ttlMs: number }> {
    const { spec, upstream } = this.#options;
    const { method, key, capability } = kinds[kind];
    const ask = { ...asker, timeoutMs: spec.listTimeoutMs, signal };
    const { capabilities } = await upstream.facts(ask);
    const fallbackTtl = defaultTtlMs[spec.kind];
    if (!isObject(capabilities[capability])) return { part: nothing, ttlMs: fallbackTtl };
    const collected = new Collected(kind);
    let ttl: number | undefined;
    let cursor: string | undefined;
    for (let page = 0; page < maxPages; page++) {
      const params = cursor === undefined ? {} : { cursor };
      const result = await upstream.request({ ...ask, method, params, repeatable: true });
      const listed = result[key];
      if (!Array.isArray(listed)) {
        throw new UpstreamError('not-mcp', `the result of ${method} has no array of ${key}`);
      }
      for (const item of listed) collected.add(item);
      if (typeof result['ttlMs'] === 'number') ttl = Math.min(ttl ?? mostTtlMs, result['ttlMs']);
      const { nextCursor } = result;
      if (typeof nextCursor !== 'string' || nextCursor === cursor || collected.isFull) break;
      cursor = nextCursor;
    }
    const ttlMs = Math.min(mostTtlMs, Math.max(leastTtlMs, ttl || fallbackTtl));
    return { part: collected.part(), ttlMs };
  }
}

/** The items of a list's pages, as far as they are fit to show. */
class Collected {
  readonly #kind: ListKind;
  readonly #items = new Map<string, JsonObject>();
  readonly #hashes = new Map<string, string>();
  readonly #twice = new Set<string>();
  #left = 0;

  constructor(kind: ListKind) {
    this.#kind = kind;
  }

  get isFull(): boolean {
    return this.#items.size >= listLimits[this.#kind];
  }

  add(item: unknown): void {
    const { shown, id } = kinds[this.#kind];
    const fit = this.isFull ? undefined : shown(item);
    const name = fit?.[id] as string | undefined;
    if (fit === undefined || name === undefined || this.#twice.has(name)) {
      this.#left += 1;
      return;
    }
    if (this.#items.delete(name)) {
      // Nobody can say which of the two a call would reach.
      this.#twice.add(name);
      this.#hashes.delete(name);
      this.#left += 2;
      return;
    }
    this.#items.set(name, fit);
    if (this.#kind === 'tools') this.#hashes.set(name, definitionHash(item as JsonObject));
  }

  part(): CatalogPart {
    return { items: [...this.#items.values()], hashes: this.#hashes, left: this.#left };
  }
}

/** Waits for the work, but not longer. The timer does not keep the process. */
const settledWithin = async (work: Promise<void>, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
};

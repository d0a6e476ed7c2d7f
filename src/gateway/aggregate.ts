import type { Clock } from '../clock/clock.ts';
import type { Log } from '../log/log.ts';
import type { DirectoryView, UpstreamDirectory } from '../upstreams/directory.ts';
import { specKey } from '../upstreams/spec-key.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import type { Upstream, UpstreamFailure } from '../upstreams/upstream.ts';
import { Catalog, type Asker, type CatalogPart, type ListKind } from './catalog.ts';
import { mayBelongTo, shownName } from './names.ts';
import type { Pins } from './pinned.ts';
import {
  fitsTemplate,
  namedSurface,
  splitQualified,
  uriSurface,
  type Listed,
  type Shown,
  type Surface,
} from './surface.ts';

export interface AggregateDeps {
  readonly directory: UpstreamDirectory;
  /** The same for an equal spec, as long as it is used. */
  readonly upstreamOf: (spec: UpstreamSpec) => Upstream;
  readonly pins: Pins;
  readonly log: Log;
  readonly now: Clock;
}

/** An upstream whose things are not in a list, or only as they were. */
export interface Missing {
  readonly server: string;
  readonly state: 'missing' | 'stale';
  readonly reason: UpstreamFailure;
}

/** What a tenant sees of one kind, and what it should see besides. */
export interface Seen {
  readonly surface: Surface;
  readonly missing: readonly Missing[];
  /** Milliseconds that nothing of it is due to be asked again. */
  readonly ttlMs: number;
}

export interface HiddenTool {
  readonly server: string;
  readonly reason: 'changed' | 'new';
}

export interface ServerState {
  readonly name: string;
  readonly kind: UpstreamSpec['kind'];
  /** `unknown`: nobody asked yet. */
  readonly state: 'ok' | 'stale' | 'down' | 'unknown';
  readonly tools: number;
  /** Tools that wait for approval. */
  readonly hidden: number;
  /** ISO 8601, UTC. */
  readonly lastSuccess: string | null;
  readonly lastFailure: { readonly at: string; readonly reason: UpstreamFailure } | null;
}

const noNames: ReadonlySet<string> = new Set();
/** Merged surfaces that are kept: one for each set of upstreams and kind that somebody sees. */
const maxSurfaces = 200;
const maxCatalogs = 200;
/** Said of all upstreams until records were read once: one of them may say that a server is off. */
const unknownServers: Missing = { server: '*', state: 'missing', reason: 'unreachable' };

/** The lists of all upstreams as one, for each tenant what it may see. */
export class Aggregate {
  readonly #deps: AggregateDeps;
  readonly #ownTools: ReadonlySet<string>;
  readonly #catalogs = new Map<string, Catalog>();
  readonly #surfaces = new Map<
    string,
    { readonly inputs: readonly object[]; readonly surface: Surface }
  >();

  /** @param ownTools - names that no upstream's tool may have. */
  constructor(deps: AggregateDeps, ownTools: ReadonlySet<string>) {
    this.#deps = deps;
    this.#ownTools = ownTools;
  }

  async list(kind: ListKind, asker: Asker): Promise<Seen> {
    const view = await this.#deps.directory.visibleTo(asker.tenant);
    const asked = await Promise.all(
      view.specs.map(async (spec) => ({
        spec,
        seen: await this.#catalog(spec, asker.tenant).list(kind, asker),
      })),
    );
    const missing = asked.flatMap(({ spec, seen }): readonly Missing[] =>
      seen.state === 'fresh'
        ? []
        : [{ server: spec.name, state: seen.state, reason: seen.failure ?? 'timeout' }],
    );
    return {
      surface: this.#surface(
        kind,
        asker.tenant,
        view,
        asked.map(({ spec, seen }) => ({ spec, part: seen.part })),
      ),
      missing: view.isComplete ? missing : [...missing, unknownServers],
      ttlMs: Math.min(...asked.map(({ seen }) => seen.ttlMs), Number.POSITIVE_INFINITY),
    };
  }

  /** The tool or prompt that clients call by this name. Asks only upstreams that could have it. */
  async find(kind: 'tools' | 'prompts', name: string, asker: Asker): Promise<Shown | undefined> {
    const view = await this.#deps.directory.visibleTo(asker.tenant);
    const specs = view.specs.filter((spec) => mayBelongTo(spec, name));
    if (specs.length === 0) return undefined;
    return (await this.#routes(kind, view, specs, asker)).get(name);
  }

  /** The upstream that the name would be of, when nothing of what it lists was ever heard. */
  async findSilent(
    kind: 'tools' | 'prompts',
    name: string,
    asker: Asker,
  ): Promise<UpstreamSpec | undefined> {
    const { specs } = await this.#deps.directory.visibleTo(asker.tenant);
    return specs.find(
      (spec) =>
        spec.prefix !== '' &&
        mayBelongTo(spec, name) &&
        this.#catalog(spec, asker.tenant).peek(kind).state === 'missing',
    );
  }

  /** A tool of this name that is there, and waits for approval. It answers like one that is not there. */
  async findHidden(name: string, asker: Asker): Promise<HiddenTool | undefined> {
    const view = await this.#deps.directory.visibleTo(asker.tenant);
    for (const spec of view.specs.filter((one) => mayBelongTo(one, name))) {
      const { part } = this.#catalog(spec, asker.tenant).peek('tools');
      const { hidden } = this.#judge(spec, asker.tenant, view, part);
      for (const [own, reason] of hidden) {
        if (shownName(spec, own) === name) return { server: spec.name, reason };
      }
    }
    return undefined;
  }

  /** Whose resource this is, and its URI there. */
  async findResource(uri: string, asker: Asker): Promise<Shown | undefined> {
    const view = await this.#deps.directory.visibleTo(asker.tenant);
    const [resources, templates] = await Promise.all([
      this.#routes('resources', view, view.specs, asker),
      this.#routes('resourceTemplates', view, view.specs, asker),
    ]);
    const listed = resources.get(uri);
    if (listed !== undefined) return listed;
    const split = splitQualified(uri, view.specs);
    if (split !== undefined) return { ...split, definition: {} };
    for (const [template, { spec, definition }] of templates) {
      if (fitsTemplate(uri, template)) return { spec, own: uri, definition };
    }
    return undefined;
  }

  async findTemplate(template: string, asker: Asker): Promise<Shown | undefined> {
    const view = await this.#deps.directory.visibleTo(asker.tenant);
    return (await this.#routes('resourceTemplates', view, view.specs, asker)).get(template);
  }

  /** What is known of the tenant's upstreams; asks those of which nothing is. */
  async servers(asker: Asker): Promise<readonly ServerState[]> {
    const view = await this.#deps.directory.visibleTo(asker.tenant);
    return Promise.all(
      view.specs.map(async (spec) => {
        const catalog = this.#catalog(spec, asker.tenant);
        const { state, part } = await catalog.list('tools', asker);
        const { approved, hidden } = this.#judge(spec, asker.tenant, view, part);
        const { lastSuccessAt, lastFailure } = catalog;
        return {
          name: spec.name,
          kind: spec.kind,
          state: ({ fresh: 'ok', stale: 'stale', missing: 'down' } as const)[state],
          tools: approved.length,
          hidden: hidden.size,
          lastSuccess: lastSuccessAt === 0 ? null : new Date(lastSuccessAt).toISOString(),
          lastFailure:
            lastFailure === undefined
              ? null
              : { at: new Date(lastFailure.at).toISOString(), reason: lastFailure.failure },
        };
      }),
    );
  }

  async #routes(
    kind: ListKind,
    view: DirectoryView,
    specs: readonly UpstreamSpec[],
    asker: Asker,
  ): Promise<Surface> {
    const asked = await Promise.all(
      specs.map(async (spec) => ({
        spec,
        part: (await this.#catalog(spec, asker.tenant).route(kind, asker)).part,
      })),
    );
    return this.#surface(kind, asker.tenant, view, asked);
  }

  /**
   * A spec that changed is another upstream: what was remembered of the one before is not used. What a server lists may
   * depend on the session, and each tenant has its own: nobody is shown another's list.
   */
  #catalog(spec: UpstreamSpec, tenant: string): Catalog {
    const key = keyOf(spec, tenant);
    const known = this.#catalogs.get(key);
    if (known !== undefined) return known;
    const { log, now, upstreamOf } = this.#deps;
    const made = new Catalog({ spec, upstream: upstreamOf(spec), log, now });
    this.#catalogs.set(key, made);
    for (const oldest of [...this.#catalogs.keys()].slice(0, -maxCatalogs)) {
      this.#catalogs.delete(oldest);
    }
    return made;
  }

  #judge(spec: UpstreamSpec, tenant: string, { pins }: DirectoryView, part: CatalogPart) {
    return this.#deps.pins.judge(keyOf(spec, tenant), spec.name, part, pins.get(spec.name));
  }

  #surface(
    kind: ListKind,
    tenant: string,
    view: DirectoryView,
    parts: readonly { readonly spec: UpstreamSpec; readonly part: CatalogPart }[],
  ): Surface {
    const listed: readonly Listed[] = parts.map(({ spec, part }) => ({
      spec,
      items: kind === 'tools' ? this.#judge(spec, tenant, view, part).approved : part.items,
    }));
    const key = [kind, tenant, ...parts.map(({ spec }) => spec.name)].join('\0');
    const inputs = listed.flatMap(({ spec, items }) => [spec, items]);
    const known = this.#surfaces.get(key);
    if (known !== undefined && inputs.every((input, at) => known.inputs[at] === input)) {
      return known.surface;
    }
    const surface = surfaceOf(kind, listed, this.#ownTools);
    this.#surfaces.delete(key);
    this.#surfaces.set(key, { inputs, surface });
    for (const oldest of [...this.#surfaces.keys()].slice(0, -maxSurfaces)) {
      this.#surfaces.delete(oldest);
    }
    return surface;
  }
}

/** An OpenAPI document is the same for everybody. */
const keyOf = (spec: UpstreamSpec, tenant: string): string =>
  spec.kind === 'openapi' ? specKey(spec) : `${specKey(spec)}\0${tenant}`;

const surfaceOf = (
  kind: ListKind,
  listed: readonly Listed[],
  ownTools: ReadonlySet<string>,
): Surface => {
  switch (kind) {
    case 'tools':
      return namedSurface(listed, { ownNames: ownTools, filtered: true });
    case 'prompts':
      return namedSurface(listed, { ownNames: noNames, filtered: false });
    case 'resources':
      return uriSurface(listed, 'uri');
    case 'resourceTemplates':
      return uriSurface(listed, 'uriTemplate');
  }
};

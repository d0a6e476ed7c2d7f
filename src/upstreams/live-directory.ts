import type { Clock } from '../clock/clock.ts';
import type { Log } from '../log/log.ts';
import type { PinRecord, UpstreamRecord } from '../registry/upstream-records.ts';
import type { UpstreamReader } from '../registry/upstream-registry.ts';
import type { DirectoryView, PinnedTools, UpstreamDirectory } from './directory.ts';
import { pinsOf, type PinLock } from './pin-lock.ts';
import type { UpstreamSpec } from './upstream-spec.ts';

export interface LiveDirectoryOptions {
  /** Of `config/mcp.json`, as it was deployed. */
  readonly deployed: readonly UpstreamSpec[];
  readonly lock: PinLock;
  readonly records: UpstreamReader;
  readonly log: Log;
  readonly now: Clock;
}

interface Snapshot {
  readonly upstreams: readonly UpstreamRecord[];
  readonly pins: readonly PinRecord[];
  readonly text: string;
  readonly views: Map<string, DirectoryView>;
}

/** Operators are told that a change is seen within 30 seconds. */
const freshForMs = 15_000;
const retryAfterMs = 2_000;
const maxViews = 1_000;

const unknown: DirectoryView = { specs: [], pins: new Map(), isComplete: false };

const byName = (a: UpstreamSpec, b: UpstreamSpec): number => (a.name < b.name ? -1 : 1);

/** A tenant's own record comes before everybody's. */
const bestOf = <R extends { readonly scope: string }>(
  records: readonly R[],
  tenant: string,
  nameOf: (record: R) => string,
): ReadonlyMap<string, R> =>
  new Map(
    ['*', tenant].flatMap((scope) =>
      records.filter((record) => record.scope === scope).map((record) => [nameOf(record), record]),
    ),
  );

/**
 * Upstreams that were deployed, and those that operators added, changed or switched off since. Records are read again
 * after 15 seconds; when they cannot be, the last ones stand; when there are none, nothing is served, since a server
 * that was switched off may not come back because a table is out of reach.
 */
export class LiveDirectory implements UpstreamDirectory {
  readonly #options: LiveDirectoryOptions;
  #snapshot: Snapshot | undefined;
  #readAgainAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(options: LiveDirectoryOptions) {
    this.#options = options;
  }

  async visibleTo(tenant: string): Promise<DirectoryView> {
    if (this.#options.now() >= this.#readAgainAt) {
      await (this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      }));
    }
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return unknown;
    const known = snapshot.views.get(tenant);
    if (known !== undefined) return known;
    const view = this.#viewOf(snapshot, tenant);
    if (snapshot.views.size >= maxViews) snapshot.views.clear();
    snapshot.views.set(tenant, view);
    return view;
  }

  async #read(): Promise<void> {
    const { records, log, now } = this.#options;
    try {
      const [upstreams, pins] = await Promise.all([records.listUpstreams(), records.listPins()]);
      const text = JSON.stringify([upstreams, pins]);
      // The same objects as long as nothing changed: what was made of them stays good.
      if (text !== this.#snapshot?.text)
        this.#snapshot = { upstreams, pins, text, views: new Map() };
      this.#readAgainAt = now() + freshForMs;
    } catch (error) {
      log.error('upstreams.unreadable', error);
      this.#readAgainAt = now() + retryAfterMs;
    }
  }

  #viewOf({ upstreams, pins }: Snapshot, tenant: string): DirectoryView {
    const { deployed, lock } = this.#options;
    const isVisible = ({ tenants }: UpstreamSpec) => tenants === '*' || tenants.includes(tenant);
    const specs = new Map(deployed.filter(isVisible).map((spec) => [spec.name, spec]));
    for (const [name, { enabled, spec }] of bestOf(upstreams, tenant, (record) => record.name)) {
      if (!enabled) specs.delete(name);
      else if (spec !== undefined) specs.set(name, spec);
    }
    const approved = bestOf(pins, tenant, (record) => record.server);
    const pinned = [...specs.keys()].flatMap(
      (name): readonly (readonly [string, PinnedTools])[] => {
        const record = approved.get(name);
        const tools =
          record === undefined ? pinsOf(lock, name) : new Map(Object.entries(record.tools));
        return tools === undefined ? [] : [[name, tools]];
      },
    );
    return {
      specs: [...specs.values()].toSorted(byName),
      pins: new Map(pinned),
      isComplete: true,
    };
  }
}

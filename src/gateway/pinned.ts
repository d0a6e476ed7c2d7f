import type { Log } from '../log/log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { PinnedTools } from '../upstreams/directory.ts';
import type { JsonObject } from '../upstreams/upstream.ts';
import type { CatalogPart } from './catalog.ts';

/** What becomes of a tool that nobody approved: it is shown, or hidden until it is. A changed one is always hidden. */
export type NewTools = 'allow' | 'hide';

export interface PinsDeps {
  readonly newTools: NewTools;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface Judged {
  readonly pins: PinnedTools | undefined;
  readonly approved: readonly JsonObject[];
  readonly hidden: ReadonlyMap<string, 'changed' | 'new'>;
}

/**
 * Lets through the tools whose definition is the approved one. Where new tools are allowed, what is seen first of a tool
 * that has no pin is held as if approved, as long as this container lives.
 */
export class Pins {
  readonly #deps: PinsDeps;
  readonly #judged = new WeakMap<CatalogPart, Judged>();
  readonly #firstSeen = new Map<string, string>();

  constructor(deps: PinsDeps) {
    this.#deps = deps;
  }

  /**
   * The same object as long as neither the list nor the pins change.
   * @param key - whose list it is: two tenants may have servers of their own by one name.
   */
  judge(key: string, server: string, part: CatalogPart, pins: PinnedTools | undefined): Judged {
    const known = this.#judged.get(part);
    if (known !== undefined && known.pins === pins) return known;
    const approved: JsonObject[] = [];
    const hidden = new Map<string, 'changed' | 'new'>();
    for (const tool of part.items) {
      const name = tool['name'] as string;
      const verdict = this.#verdict(key, name, part.hashes.get(name) ?? '', pins);
      if (verdict === 'approved') approved.push(tool);
      else hidden.set(name, verdict);
    }
    const judged = { pins, approved, hidden };
    this.#judged.set(part, judged);
    this.#report(server, hidden);
    return judged;
  }

  #verdict(
    key: string,
    name: string,
    hash: string,
    pins: PinnedTools | undefined,
  ): 'approved' | 'changed' | 'new' {
    const pinned = pins?.get(name);
    if (pinned !== undefined) return pinned === hash ? 'approved' : 'changed';
    if (this.#deps.newTools === 'hide') return 'new';
    const place = `${key}\0${name}`;
    const first = this.#firstSeen.get(place);
    if (first === undefined) this.#firstSeen.set(place, hash);
    return first === undefined || first === hash ? 'approved' : 'changed';
  }

  #report(server: string, hidden: ReadonlyMap<string, 'changed' | 'new'>): void {
    const { log, metrics } = this.#deps;
    for (const reason of ['changed', 'new'] as const) {
      const count = [...hidden.values()].filter((value) => value === reason).length;
      if (count === 0) continue;
      log.warn('pins.hidden', { server, reason, tools: count });
      if (reason === 'changed') metrics.emit({ PinDrift: count }, { server });
    }
  }
}

import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import type { JsonObject } from '../upstreams/upstream.ts';
import { hashedName, passesFilter, shownName } from './names.ts';

/** A thing of an upstream under the name or URI by which clients ask for it. */
export interface Shown {
  readonly spec: UpstreamSpec;
  /** The upstream's own name, URI or URI template. */
  readonly own: string;
  /** As clients see it. */
  readonly definition: JsonObject;
}

export type Surface = ReadonlyMap<string, Shown>;

/** What one upstream lists of one kind, looked through. */
export interface Listed {
  readonly spec: UpstreamSpec;
  readonly items: readonly JsonObject[];
}

const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
  a[0] < b[0] ? -1 : 1;

/**
 * Tools or prompts of all upstreams by the name that clients use, in the order of names. A name of the gateway's own is
 * never an upstream's. Of several upstreams with the same name none gets it: each is shown with a hash behind it, so
 * that a server that is added can never take over the name of another.
 */
export const namedSurface = (
  listed: readonly Listed[],
  { ownNames, filtered }: { readonly ownNames: ReadonlySet<string>; readonly filtered: boolean },
): Surface => {
  const candidates = listed.flatMap(({ spec, items }) =>
    items
      .filter(({ name }) => !filtered || passesFilter(spec, name as string))
      .map((item) => ({
        spec,
        item,
        own: item['name'] as string,
        shown: shownName(spec, item['name'] as string),
      })),
  );
  const uses = new Map<string, number>();
  for (const { shown } of candidates) uses.set(shown, (uses.get(shown) ?? 0) + 1);
  const entries = candidates.map(({ spec, item, own, shown }) => {
    const isTaken = (uses.get(shown) ?? 0) > 1 || ownNames.has(shown);
    const name = isTaken ? hashedName(shown, spec.name, own) : shown;
    return [name, { spec, own, definition: { ...item, name } }] as const;
  });
  return new Map(entries.toSorted(byKey));
};

/** Stands before a URI that more than one upstream has, and makes any URI of an upstream unambiguous. */
const qualified = ({ name }: UpstreamSpec, uri: string): string => `${name}+${uri}`;

/** Resources or templates by URI, in the order of URIs. One that several upstreams have is shown as `<server>+<uri>`. */
export const uriSurface = (listed: readonly Listed[], key: 'uri' | 'uriTemplate'): Surface => {
  const candidates = listed.flatMap(({ spec, items }) =>
    items.map((item) => ({ spec, item, own: item[key] as string })),
  );
  const uses = new Map<string, number>();
  for (const { own } of candidates) uses.set(own, (uses.get(own) ?? 0) + 1);
  const entries = candidates.map(({ spec, item, own }) => {
    const uri = (uses.get(own) ?? 0) > 1 ? qualified(spec, own) : own;
    return [uri, { spec, own, definition: { ...item, [key]: uri } }] as const;
  });
  return new Map(entries.toSorted(byKey));
};

/** The server that `<server>+<uri>` names, and the URI as the server knows it. */
export const splitQualified = (
  uri: string,
  specs: readonly UpstreamSpec[],
): { readonly spec: UpstreamSpec; readonly own: string } | undefined => {
  const end = uri.indexOf('+');
  const spec = end < 0 ? undefined : specs.find(({ name }) => name === uri.slice(0, end));
  return spec === undefined ? undefined : { spec, own: uri.slice(end + 1) };
};

/** Whether a URI is one of a template's (RFC 6570, as far as servers use it: each expression stands for any text). */
export const fitsTemplate = (uri: string, template: string): boolean => {
  const parts = template.split(/\{[^}]*\}/u);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (index === 0) {
      if (!uri.startsWith(part)) return false;
      at = part.length;
    } else if (index === parts.length - 1) {
      return part === '' ? uri.length >= at : uri.length - part.length >= at && uri.endsWith(part);
    } else {
      const found = uri.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
  }
  return uri.length === at;
};

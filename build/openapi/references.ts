import type { OpenApiDocument } from './read-document.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const refOf = (node: unknown): string | undefined =>
  isObject(node) && typeof node['$ref'] === 'string' ? node['$ref'] : undefined;

const segmentsOf = (ref: string): readonly string[] =>
  ref
    .slice(2)
    .split('/')
    .map((segment) => decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~'));

/** Follows the references of one document. */
export interface References {
  /** What a reference stands for. Dangling ones were refused when the document was read. */
  target(ref: string): unknown;
  /** The object itself, when it is a reference to one. */
  resolve(node: unknown): unknown;
  /** Whether what it stands for holds the same reference again, however deep. */
  isRecursive(ref: string): boolean;
}

export const createReferences = ({ root }: Pick<OpenApiDocument, 'root'>): References => {
  const recursive = new Map<string, boolean>();

  const target = (ref: string): unknown => {
    if (!ref.startsWith('#/')) return undefined;
    return segmentsOf(ref).reduce<unknown>(
      (node, segment) =>
        typeof node === 'object' && node !== null && Object.hasOwn(node, segment)
          ? (node as JsonObject)[segment]
          : undefined,
      root,
    );
  };

  const resolve = (node: unknown): unknown => {
    let found = node;
    for (let hops = 0; hops < 32; hops += 1) {
      const ref = refOf(found);
      if (ref === undefined) return found;
      found = target(ref);
    }
    return undefined;
  };

  const refsIn = (node: unknown): readonly string[] => {
    const found: string[] = [];
    const waiting: unknown[] = [node];
    while (waiting.length > 0) {
      const value = waiting.pop();
      if (typeof value !== 'object' || value === null) continue;
      const ref = refOf(value);
      if (ref !== undefined) found.push(ref);
      for (const child of Object.values(value)) waiting.push(child);
    }
    return found;
  };

  const isRecursive = (ref: string): boolean => {
    const known = recursive.get(ref);
    if (known !== undefined) return known;
    const seen = new Set<string>();
    const waiting = [...refsIn(target(ref))];
    let found = false;
    while (waiting.length > 0 && !found) {
      const next = waiting.pop() ?? '';
      if (next === ref) found = true;
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(...refsIn(target(next)));
    }
    recursive.set(ref, found);
    return found;
  };

  return { target, resolve, isRecursive };
};

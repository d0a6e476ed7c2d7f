import type { Method } from './model.ts';

/** The methods of one resource that a path led to, with what its `{…}` parts took. */
export interface RouteMatch<T> {
  readonly methods: ReadonlyMap<string, T>;
  /** Decoded; undefined when the resource has no path parameters. */
  readonly parameters: Readonly<Record<string, string>> | undefined;
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  greedy: Node<T> | undefined;
  /** Names of the parameters from the root to here, outermost first. */
  names: readonly string[];
  readonly methods: Map<string, T>;
}

const newNode = <T>(names: readonly string[]): Node<T> => ({
  literals: new Map(),
  parameter: undefined,
  greedy: undefined,
  names,
  methods: new Map(),
});

const PART = /^\{([^{}+]+)(\+?)\}$/;

const child = <T>(node: Node<T>, part: string): Node<T> => {
  const [, name, plus] = PART.exec(part) ?? [];
  if (name === undefined) {
    const known = node.literals.get(part) ?? newNode<T>(node.names);
    node.literals.set(part, known);
    return known;
  }
  const names = [...node.names, name];
  const known =
    plus === '+' ? (node.greedy ??= newNode(names)) : (node.parameter ??= newNode(names));
  if (known.names.at(-1) !== name) {
    throw new Error(`A sibling of ${part} has the path parameter {${known.names.at(-1)}}.`);
  }
  return known;
};

/** Walks down; `values` collects what the parameters took. Literal first, then `{x}`, then `{x+}`. */
const walk = <T>(
  node: Node<T>,
  segments: readonly string[],
  at: number,
  values: string[],
): Node<T> | undefined => {
  const segment = segments[at];
  if (segment === undefined) return node.methods.size > 0 ? node : undefined;
  const literal = node.literals.get(segment);
  const found = literal && walk(literal, segments, at + 1, values);
  if (found) return found;
  const depth = values.length;
  if (node.parameter && segment !== '') {
    values.push(segment);
    const below = walk(node.parameter, segments, at + 1, values);
    if (below) return below;
    values.length = depth;
  }
  if (node.greedy && node.greedy.methods.size > 0) {
    values.push(segments.slice(at).join('/'));
    return node.greedy;
  }
  return undefined;
};

/**
 * API Gateway's routing over the resource tree. A path goes to the most specific resource that has methods; when that
 * resource lacks the request's method the request fails, it does not fall through to a less specific resource.
 */
export class Router<T> {
  readonly #root = newNode<T>([]);
  /** Resources without parameters, by path: most requests end here. */
  readonly #literals = new Map<string, RouteMatch<T>>();

  constructor(routes: Iterable<{ readonly method: Method; readonly target: T }>) {
    for (const { method, target } of routes) {
      const parts = method.resourcePath.split('/').filter((part) => part !== '');
      const node = parts.reduce<Node<T>>(child, this.#root);
      node.methods.set(method.httpMethod, target);
      if (node.names.length === 0) {
        const match = { methods: node.methods, parameters: undefined };
        this.#literals.set(method.resourcePath, match);
      }
    }
  }

  /**
   * The resource of a path, as sent, without its query. Segments are split before they are decoded, so `%2F` stays
   * within its segment. A trailing slash makes no difference.
   * @returns undefined when there is none; throws URIError when a segment is not valid percent-encoding.
   */
  match(path: string): RouteMatch<T> | undefined {
    const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const literal = this.#literals.get(trimmed);
    if (literal) return literal;
    const segments = trimmed === '/' ? [] : trimmed.slice(1).split('/');
    if (trimmed.includes('%')) {
      for (const [index, segment] of segments.entries()) {
        segments[index] = decodeURIComponent(segment);
      }
    }
    const values: string[] = [];
    const node = walk(this.#root, segments, 0, values);
    if (!node) return undefined;
    const parameters: Record<string, string> = {};
    for (const [index, name] of node.names.entries()) parameters[name] = values[index] ?? '';
    return { methods: node.methods, parameters: node.names.length > 0 ? parameters : undefined };
  }
}

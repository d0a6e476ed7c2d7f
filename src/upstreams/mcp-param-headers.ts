import type { JsonObject } from './upstream.ts';

/** One property of a tool's input schema with `x-mcp-header` (MCP 2026-07-28, transports/streamable-http). */
interface Declaration {
  readonly path: readonly string[];
  readonly header: string;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 9110 §5.1 `token`. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const permittedTypes: readonly unknown[] = ['string', 'integer', 'boolean'];

const isDeclarable = (schema: JsonObject): boolean => {
  const header = schema['x-mcp-header'];
  return typeof header === 'string' && token.test(header) && permittedTypes.includes(schema.type);
};

/** Every annotation of the schema, wherever it stands: one that is not in the chain of `properties` makes it invalid. */
const countAnnotations = (node: unknown, isMap = false): number => {
  if (Array.isArray(node)) {
    return node.reduce<number>((sum, child) => sum + countAnnotations(child), 0);
  }
  if (!isObject(node)) return 0;
  const own = !isMap && 'x-mcp-header' in node ? 1 : 0;
  return Object.entries(node).reduce((sum, [key, child]) => {
    // What these hold is data, which may look like a schema.
    if (!isMap && ['default', 'const', 'enum', 'examples'].includes(key)) return sum;
    const below = !isMap && ['properties', 'patternProperties', '$defs', 'definitions'];
    return sum + countAnnotations(child, below !== false && below.includes(key));
  }, own);
};

const declarationsOf = (
  schema: JsonObject,
  path: readonly string[] = [],
): readonly Declaration[] => {
  const { properties } = schema;
  if (!isObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, child]) => {
    if (!isObject(child)) return [];
    const here = [...path, name];
    return [
      ...(isDeclarable(child) ? [{ path: here, header: String(child['x-mcp-header']) }] : []),
      ...declarationsOf(child, here),
    ];
  });
};

/**
 * The parameters of a tool that go into headers, too.
 * @returns undefined for a definition that breaks the rules: a client must not list the tool.
 */
export const paramHeaderDeclarations = (tool: JsonObject): readonly Declaration[] | undefined => {
  const schema = tool['inputSchema'];
  if (!isObject(schema)) return [];
  const annotations = countAnnotations(schema);
  if (annotations === 0) return [];
  const declarations = declarationsOf(schema);
  const names = new Set(declarations.map(({ header }) => header.toLowerCase()));
  return declarations.length === annotations && names.size === annotations
    ? declarations
    : undefined;
};

const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return Number.isSafeInteger(value) ? String(value) : undefined;
};

/** What is no plain field value (RFC 9110 §5.5), or looks encoded already, goes as base64 of its UTF-8. */
const encode = (text: string): string =>
  /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text)
    ? text
    : `=?base64?${Buffer.from(text).toString('base64')}?=`;

/** The text of a header value; undefined when it is encoded, and wrongly so. */
const decode = (value: string): string | undefined => {
  const encoded = /^=\?base64\?(.*)\?=$/.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  // What Buffer skips or mends is not what was sent.
  return bytes.toString('base64') === encoded && Buffer.from(text).equals(bytes) ? text : undefined;
};

const valueAt = (args: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (node, key) => (isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined),
    args,
  );

const saysSame = (header: string | undefined, value: unknown, text: string): boolean => {
  const said = header === undefined ? undefined : decode(header.trim());
  // 42.0 is 42.
  return typeof value === 'number' && /^-?\d+(\.\d+)?$/.test(said ?? '')
    ? Number(said) === value
    : said === text;
};

/**
 * Whether the headers of a call say what its arguments say (MCP 2026-07-28, transports/streamable-http). The header of
 * an argument that is absent is not looked at.
 * @param header - by its name in lower case.
 */
export const agreesWithHeaders = (
  tool: JsonObject,
  args: unknown,
  header: (name: string) => string | undefined,
): boolean =>
  (paramHeaderDeclarations(tool) ?? []).every(({ path, header: name }) => {
    const value = valueAt(args, path);
    const text = textOf(value);
    return text === undefined || saysSame(header(`mcp-param-${name.toLowerCase()}`), value, text);
  });

/** The `Mcp-Param-…` headers of a call. Arguments that are absent, null or of another type have none. */
export const paramHeaders = (
  tool: JsonObject | undefined,
  args: unknown,
): Readonly<Record<string, string>> => {
  const headers: Record<string, string> = {};
  for (const { path, header } of (tool && paramHeaderDeclarations(tool)) ?? []) {
    const text = textOf(valueAt(args, path));
    if (text !== undefined) headers[`Mcp-Param-${header}`] = encode(text);
  }
  return headers;
};

import type { JsonObject } from '../upstreams/upstream.ts';

/** What an upstream may list of one kind; more is left out and counted. */
export const listLimits = {
  tools: 2_000,
  prompts: 1_000,
  resources: 5_000,
  resourceTemplates: 1_000,
};

/** Longest definition of one thing, bytes of JSON: a listing that big is an attack on every client's context. */
const maxDefinitionBytes = 100_000;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deeper than any honest schema, shallower than any stack. */
const maxDepth = 64;

const isShallow = (value: unknown, depth = maxDepth): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1)));

const isSane = (item: unknown): item is JsonObject =>
  isObject(item) &&
  isShallow(item) &&
  Buffer.byteLength(JSON.stringify(item)) <= maxDefinitionBytes;

const pick = (source: JsonObject, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    keys.filter((key) => Object.hasOwn(source, key)).map((key) => [key, source[key]]),
  );

/** Of `_meta`, what is not MCP's own: those keys speak of the connection to us. */
const foreignMeta = (source: JsonObject): Record<string, unknown> => {
  const { _meta: meta } = source;
  if (!isObject(meta)) return {};
  const kept = Object.entries(meta).filter(([key]) => !isReservedMetaKey(key));
  return kept.length === 0 ? {} : { _meta: Object.fromEntries(kept) };
};

/** MCP 2026-07-28, basic/index, "_meta": prefixes whose second label is `modelcontextprotocol` or `mcp` are reserved. */
const isReservedMetaKey = (key: string): boolean =>
  /^(?:[^/.]+\.)?(?:modelcontextprotocol|mcp)(?:\.[^/]*)?\//u.test(key) || key === 'progressToken';

/** The result of an upstream without what it says of its own connection. */
export const withoutReservedMeta = ({ _meta, ...result }: JsonObject): JsonObject => ({
  ...result,
  ...foreignMeta({ _meta }),
});

/** Some clients drop a whole list for a root that is no plain object (facts of clients: docs/adr/0013-aggregation.md). */
const inputSchemaOf = (schema: unknown): JsonObject | undefined => {
  if (!isObject(schema)) return undefined;
  if (schema['type'] !== undefined && schema['type'] !== 'object') return undefined;
  if (['anyOf', 'oneOf', 'allOf', '$ref'].some((key) => Object.hasOwn(schema, key))) {
    if (schema['type'] !== 'object') return undefined;
  }
  return {
    ...schema,
    type: 'object',
    properties: isObject(schema['properties']) ? schema['properties'] : {},
  };
};

/**
 * A tool as it may be shown to any client, under its own name; nothing for one that would break clients. Its texts are
 * the upstream's: that they do not change unnoticed is what pins are for.
 */
export const shownTool = (item: unknown): JsonObject | undefined => {
  if (!isSane(item) || typeof item['name'] !== 'string' || item['name'] === '') return undefined;
  const inputSchema = inputSchemaOf(item['inputSchema']);
  if (inputSchema === undefined) return undefined;
  const { outputSchema, annotations } = item;
  return {
    ...pick(item, ['name', 'title', 'description', 'icons']),
    inputSchema,
    // Clients on the v1 SDK refuse the whole list for a root of another type.
    ...(isObject(outputSchema) && outputSchema['type'] === 'object' ? { outputSchema } : {}),
    ...(isObject(annotations) ? { annotations } : {}),
    ...foreignMeta(item),
  };
};

export const shownPrompt = (item: unknown): JsonObject | undefined =>
  isSane(item) && typeof item['name'] === 'string' && item['name'] !== ''
    ? {
        ...pick(item, ['name', 'title', 'description', 'arguments', 'icons']),
        ...foreignMeta(item),
      }
    : undefined;

const resourceKeys = ['name', 'title', 'description', 'mimeType', 'annotations', 'size', 'icons'];

export const shownResource = (item: unknown): JsonObject | undefined =>
  isSane(item) && typeof item['uri'] === 'string' && typeof item['name'] === 'string'
    ? { ...pick(item, ['uri', ...resourceKeys]), ...foreignMeta(item) }
    : undefined;

export const shownTemplate = (item: unknown): JsonObject | undefined =>
  isSane(item) && typeof item['uriTemplate'] === 'string' && typeof item['name'] === 'string'
    ? { ...pick(item, ['uriTemplate', ...resourceKeys]), ...foreignMeta(item) }
    : undefined;

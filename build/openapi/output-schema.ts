import { isObject, type JsonObject } from './references.ts';

const own = ['type', 'title', 'description', 'patternProperties', 'minProperties', 'maxProperties'];

const objectsOf = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

const namesOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(String) : [];

/** Properties of several objects as one: those that differ are `allOf` or `anyOf` what they are. */
const mergedProperties = (parts: readonly JsonObject[], combine: 'allOf' | 'anyOf'): JsonObject => {
  const found = new Map<string, unknown[]>();
  for (const { properties } of parts) {
    for (const [name, schema] of Object.entries(isObject(properties) ? properties : {})) {
      const variants = found.get(name) ?? [];
      const isNew = !variants.some((other) => JSON.stringify(other) === JSON.stringify(schema));
      found.set(name, isNew ? [...variants, schema] : variants);
    }
  }
  return Object.fromEntries(
    [...found].map(([name, variants]) => [
      name,
      variants.length === 1 ? variants[0] : { [combine]: variants },
    ]),
  );
};

/**
 * The schema as one of type object with neither a reference nor a union at its root, which clients refuse
 * (build/lint-tools.ts). It takes all that the given one takes.
 *
 * @returns undefined for what is not always an object.
 */
const objectRoot = (
  schema: JsonObject,
  defs: Readonly<Record<string, JsonObject>>,
  seen: ReadonlySet<string> = new Set(),
): JsonObject | undefined => {
  const { $ref, allOf, anyOf, oneOf, ...rest } = schema;
  const parts: JsonObject[] = [];
  if (typeof $ref === 'string') {
    const name = $ref.replace('#/$defs/', '');
    const target = defs[name];
    if (target === undefined || seen.has(name)) return undefined;
    const root = objectRoot(target, defs, new Set([...seen, name]));
    if (root === undefined) return undefined;
    parts.push(root);
  }
  for (const part of objectsOf(allOf)) {
    // A part may be a mere constraint, as `{required: […]}`.
    const root = objectRoot({ type: 'object', ...part }, defs, seen);
    if (root === undefined) return undefined;
    parts.push(root);
  }
  for (const union of [anyOf, oneOf]) {
    const branches = objectsOf(union).map((branch) =>
      objectRoot(
        'type' in rest && !('type' in branch) ? { type: rest['type'], ...branch } : branch,
        defs,
        seen,
      ),
    );
    if (branches.length === 0) continue;
    if (branches.some((branch) => branch === undefined)) return undefined;
    const roots = branches.filter((branch) => branch !== undefined);
    const [first = [], ...others] = roots.map(({ required }) => namesOf(required));
    parts.push({
      properties: mergedProperties(roots, 'anyOf'),
      required: first.filter((name) => others.every((names) => names.includes(name))),
    });
  }
  const isObjectType =
    rest['type'] === 'object' ||
    (rest['type'] === undefined && (isObject(rest['properties']) || parts.length > 0));
  if (!isObjectType) return undefined;
  const all = [rest, ...parts];
  const required = [...new Set(all.flatMap((part) => namesOf(part['required'])))];
  return {
    ...Object.fromEntries(own.filter((key) => key in rest).map((key) => [key, rest[key]])),
    type: 'object',
    properties: mergedProperties(all, 'allOf'),
    ...(required.length === 0 ? {} : { required }),
    // Parts that are closed for themselves cannot be closed together.
    ...(parts.length === 0 && 'additionalProperties' in rest
      ? { additionalProperties: rest['additionalProperties'] }
      : {}),
  };
};

const wrapped = (name: 'items' | 'value', schema: JsonObject): JsonObject => ({
  type: 'object',
  properties: { [name]: schema },
  required: [name],
  additionalProperties: false,
});

/**
 * The output schema of what answers JSON by `schema`. Structured content is an object: an array is put into `items`, a
 * string, number or boolean into `value` (src/upstreams/openapi-result.ts does it to the answers).
 *
 * @returns undefined when the answer may be now one and now the other.
 */
export const outputSchemaOf = (
  schema: JsonObject,
  defs: Readonly<Record<string, JsonObject>>,
): JsonObject | undefined => {
  const target =
    typeof schema['$ref'] === 'string' ? defs[schema['$ref'].replace('#/$defs/', '')] : schema;
  const { type } = target ?? {};
  const root =
    type === 'array'
      ? wrapped('items', schema)
      : ['string', 'number', 'integer', 'boolean'].includes(String(type))
        ? wrapped('value', schema)
        : objectRoot(schema, defs);
  if (root === undefined) return undefined;
  return Object.keys(defs).length === 0 ? root : { ...root, $defs: defs };
};

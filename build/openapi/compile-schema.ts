import type { OpenApiDocument } from './read-document.ts';
import { isObject, refOf, type JsonObject, type References } from './references.ts';

/** Schemas of a call leave out what only an answer has (`readOnly`), and those of an answer the other way round. */
export type Direction = 'input' | 'output';

export interface SchemaCompilerOptions {
  readonly version: OpenApiDocument['version'];
  readonly references: References;
  readonly direction: Direction;
  /** References that are not recursive are replaced by what they stand for. */
  readonly inline: boolean;
  readonly warn: (message: string) => void;
}

/** Compiles schemas of a document that go into one JSON Schema, and so share its `$defs`. */
export interface SchemaCompiler {
  /** @throws UnusableSchema */
  compile(schema: unknown): JsonObject;
  defs(): Readonly<Record<string, JsonObject>>;
}

/** A schema that cannot be given to a model. The message ends a sentence that begins with what has the schema. */
export class UnusableSchema extends Error {
  override readonly name = 'UnusableSchema';
}

/** Of one tool's input or output. Some documents have answers of more than 100,000 when all is written out. */
const maxInlineSchemas = 500;
const maxSchemas = 2_000;

const schemaKeywords = new Set([
  ...['not', 'if', 'then', 'else', 'contains', 'propertyNames', 'additionalProperties', 'items'],
  ...['unevaluatedItems', 'unevaluatedProperties'],
]);
const listKeywords = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const mapKeywords = new Set(['properties', 'patternProperties', 'dependentSchemas']);
/** JSON Schema 2020-12. What is not here (`discriminator`, `xml`, `x-…`, `$id`, …) says nothing to a validator or a model. */
const plainKeywords = new Set([
  ...['type', 'enum', 'const', 'title', 'description', 'default', 'deprecated', 'examples'],
  ...['multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum'],
  ...['maxLength', 'minLength', 'pattern', 'format', 'contentEncoding', 'contentMediaType'],
  ...['maxItems', 'minItems', 'uniqueItems', 'maxContains', 'minContains'],
  ...['maxProperties', 'minProperties', 'required', 'dependentRequired'],
]);
const annotations = new Set(['title', 'description', 'default', 'deprecated', 'examples']);

const compiles = (pattern: string): boolean => {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
};

const orNull = (schema: JsonObject): JsonObject => {
  const { type } = schema;
  if (typeof type === 'string') {
    const values = schema['enum'];
    return {
      ...schema,
      type: [type, 'null'],
      // OpenAPI 3.0.3 wants null among the values; authors forget it, and servers answer it.
      ...(Array.isArray(values) && !values.includes(null)
        ? { enum: [...(values as unknown[]), null] }
        : {}),
    };
  }
  if (!['$ref', 'allOf', 'anyOf', 'oneOf'].some((key) => key in schema)) return schema;
  const { description, ...rest } = schema;
  const [only, ...others] = listOf(rest['allOf']);
  const base =
    only !== undefined && others.length === 0 && Object.keys(rest).length === 1 ? only : rest;
  return { ...(description === undefined ? {} : { description }), anyOf: [base, { type: 'null' }] };
};

/** A schema object of OpenAPI 3.0 in the words of JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
const modernised = (schema: JsonObject): JsonObject => {
  const { example, exclusiveMinimum, exclusiveMaximum, minimum, maximum, format, ...rest } = schema;
  const bound = (limit: unknown, exclusive: unknown, name: 'Minimum' | 'Maximum') =>
    limit === undefined
      ? {}
      : { [exclusive === true ? `exclusive${name}` : name.toLowerCase()]: limit };
  return {
    ...rest,
    ...bound(minimum, exclusiveMinimum, 'Minimum'),
    ...bound(maximum, exclusiveMaximum, 'Maximum'),
    ...(format === undefined || format === 'byte' || format === 'binary' ? {} : { format }),
    ...(format === 'byte' ? { contentEncoding: 'base64' } : {}),
    ...(example === undefined ? {} : { examples: [example] }),
  };
};

export const createSchemaCompiler = (options: SchemaCompilerOptions): SchemaCompiler => {
  const { version, references, direction, inline, warn } = options;
  const names = new Map<string, string>();
  const defs: Record<string, JsonObject> = {};
  let schemas = 0;

  const isOmitted = (node: unknown): boolean => {
    const key = direction === 'input' ? 'readOnly' : 'writeOnly';
    const target = references.resolve(node);
    return (isObject(node) && node[key] === true) || (isObject(target) && target[key] === true);
  };

  const nameOf = (ref: string): string => {
    const wanted =
      (ref.split('/').at(-1) ?? '').replaceAll(/[^A-Za-z0-9_-]+/gu, '_').slice(0, 60) || 'schema';
    const taken = new Set(names.values());
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) name = `${wanted}_${number}`;
    return name;
  };

  const compileRef = (ref: string): JsonObject => {
    if (inline && !references.isRecursive(ref)) return compile(references.target(ref));
    if (references.resolve({ $ref: ref }) === undefined) {
      throw new UnusableSchema('refers to itself and to nothing else');
    }
    let name = names.get(ref);
    if (name === undefined) {
      name = nameOf(ref);
      names.set(ref, name);
      defs[name] = {};
      defs[name] = compile(references.target(ref));
    }
    return { $ref: `#/$defs/${name}` };
  };

  const compileKeyword = (key: string, value: unknown): readonly [string, unknown] | undefined => {
    if (schemaKeywords.has(key)) return [key, typeof value === 'boolean' ? value : compile(value)];
    if (listKeywords.has(key) && Array.isArray(value)) return [key, value.map(compile)];
    if (mapKeywords.has(key) && isObject(value)) {
      const kept = Object.entries(value).filter(
        ([name, child]) =>
          (key !== 'properties' || !isOmitted(child)) &&
          (key !== 'patternProperties' || compiles(name)),
      );
      return [key, Object.fromEntries(kept.map(([name, child]) => [name, compile(child)]))];
    }
    if (key === 'pattern' && typeof value === 'string' && !compiles(value)) {
      warn(`the pattern ${value} is not an ECMA-262 regular expression, and is left out`);
      return undefined;
    }
    return plainKeywords.has(key) ? [key, value] : undefined;
  };

  const compileWithoutRef = (schema: JsonObject): JsonObject => {
    const entries = Object.entries(version === '3.0' ? modernised(schema) : modernExample(schema));
    const compiled: Record<string, unknown> = Object.fromEntries(
      entries.flatMap(([key, value]) => {
        const entry = compileKeyword(key, value);
        return entry === undefined ? [] : [entry];
      }),
    );
    const { required, type } = compiled;
    if (Array.isArray(required)) {
      const own = schema['properties'];
      const omitted = isObject(own) ? Object.keys(own).filter((name) => isOmitted(own[name])) : [];
      compiled['required'] = required.filter((name) => !omitted.includes(String(name)));
    }
    // OpenAI refuses a request with an array that does not say what its items are.
    const isArray = type === 'array' || (Array.isArray(type) && type.includes('array'));
    if (isArray && !('items' in compiled) && !('prefixItems' in compiled)) compiled['items'] = {};
    return version === '3.0' && schema['nullable'] === true ? orNull(compiled) : compiled;
  };

  const compile = (node: unknown): JsonObject => {
    schemas += 1;
    const most = inline ? maxInlineSchemas : maxSchemas;
    if (schemas > most) throw new UnusableSchema(`has more than ${most} schemas`);
    if (node === false) return { not: {} };
    if (!isObject(node)) return {};
    const ref = refOf(node);
    if (ref === undefined) return compileWithoutRef(node);
    const { $ref: _, ...rest } = node;
    const target = compileRef(ref);
    const beside = compileWithoutRef(rest);
    const constraints = Object.keys(beside).filter((key) => !annotations.has(key));
    // Beside a reference, 3.0 ignores all; descriptions are wanted all the same, and do no harm.
    if (version === '3.0') {
      const kept = Object.fromEntries(
        Object.entries(beside).filter(([key]) => annotations.has(key)),
      );
      const merged = { ...target, ...kept };
      return node['nullable'] === true ? orNull(merged) : merged;
    }
    return constraints.length === 0
      ? { ...target, ...beside }
      : { ...beside, allOf: [target, ...listOf(beside['allOf'])] };
  };

  return { compile, defs: () => defs };
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** `example` is old in 3.1, and still allowed. */
const modernExample = (schema: JsonObject): JsonObject => {
  const { example, ...rest } = schema;
  return example === undefined || 'examples' in schema ? rest : { ...rest, examples: [example] };
};

import { isObject, type JsonObject, type References } from './references.ts';

/** A media type without its parameters. */
const essence = (mediaType: string): string => mediaType.split(';')[0]?.trim().toLowerCase() ?? '';

export const isJson = (mediaType: string): boolean =>
  /^application\/(?:[\w.-]+\+)?json$/u.test(essence(mediaType));

const mediaTypesOf = (node: unknown): readonly (readonly [string, JsonObject])[] =>
  isObject(node) && isObject(node['content'])
    ? Object.entries(node['content']).map(([name, value]) => [name, isObject(value) ? value : {}])
    : [];

export interface FoundBody {
  readonly contentType: 'application/json' | 'application/x-www-form-urlencoded';
  readonly schema: unknown;
  readonly required: boolean;
  readonly description: string | undefined;
}

/** @returns the body to send; or what it would have to be, when that is not supported. */
export const findBody = (
  requestBody: unknown,
  references: References,
): FoundBody | { readonly unsupported: string; readonly required: boolean } | undefined => {
  const node = references.resolve(requestBody);
  if (!isObject(node)) return undefined;
  const types = mediaTypesOf(node);
  const required = node['required'] === true;
  const description = typeof node['description'] === 'string' ? node['description'] : undefined;
  const of = (...wanted: readonly string[]) =>
    types.find(([name]) => wanted.includes(essence(name)));
  const json = of('application/json') ?? of('application/*', '*/*');
  if (json !== undefined) {
    return {
      contentType: 'application/json',
      schema: json[1]['schema'] ?? {},
      required,
      description,
    };
  }
  const form = of('application/x-www-form-urlencoded');
  if (form !== undefined) {
    const contentType = 'application/x-www-form-urlencoded';
    return { contentType, schema: form[1]['schema'] ?? {}, required, description };
  }
  if (types.length === 0) return undefined;
  return { unsupported: types.map(([name]) => essence(name)).join(' or '), required };
};

/**
 * The schema of what every success answers. There is none when one of them answers something else or nothing: a client
 * refuses a result without the structured content that was promised.
 */
export const findAnswer = (responses: unknown, references: References): unknown => {
  if (!isObject(responses)) return undefined;
  const successes = Object.entries(responses).filter(([status]) => /^2(?:\d\d|XX)$/u.test(status));
  const schemas = successes.map(([, response]) => {
    const types = mediaTypesOf(references.resolve(response));
    // JSON is what is asked for.
    return types.find(([name]) => isJson(name))?.[1]['schema'];
  });
  const [first] = schemas;
  const areSame = schemas.every((schema) => JSON.stringify(schema) === JSON.stringify(first));
  return areSame ? first : undefined;
};

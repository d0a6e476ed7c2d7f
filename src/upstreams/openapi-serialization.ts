import type { OpenApiTool } from './openapi-tool.ts';

type Parameter = OpenApiTool['parameters'][number];

/** Arguments that no request can be made of. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws ArgumentError for what is no text. */
export const percentEncoded = (text: string, argument: string): string => {
  try {
    return encodeURIComponent(text);
  } catch (cause) {
    // Half of a surrogate pair.
    throw new ArgumentError(`${argument}: has a character that is none`, { cause });
  }
};

const scalar = (value: unknown, argument: string): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ArgumentError(`${argument}: is nested too deep for where it is sent`);
};

const given = (value: unknown): boolean => value !== null && value !== undefined;

/** OpenAPI 3.1, "Style Values": how `simple` and unexploded `form` write a value. */
const joined = (
  value: unknown,
  explode: boolean,
  argument: string,
  encode: (text: string) => string,
): string => {
  if (Array.isArray(value)) {
    return value
      .filter(given)
      .map((item) => encode(scalar(item, argument)))
      .join(',');
  }
  if (isRecord(value)) {
    return Object.entries(value)
      .filter(([, item]) => given(item))
      .map(([key, item]) => `${encode(key)}${explode ? '=' : ','}${encode(scalar(item, argument))}`)
      .join(',');
  }
  return encode(scalar(value, argument));
};

/** What takes the place of `{name}` in a path. Never empty, and without a slash. */
export const pathValue = ({ argument, explode }: Parameter, value: unknown): string => {
  const text = joined(value, explode, argument, (part) => {
    if (/[\u0000-\u001f\u007f-\u009f]/u.test(part)) {
      throw new ArgumentError(`${argument}: has a control character`);
    }
    return percentEncoded(part, argument);
  });
  if (text === '') throw new ArgumentError(`${argument}: must not be empty`);
  return text;
};

/** `name=value` pairs, percent-encoded. */
export const queryPairs = (
  { argument, name, style, explode }: Parameter,
  value: unknown,
): readonly string[] => {
  const encode = (text: string) => percentEncoded(text, argument);
  const pair = (key: string, item: unknown) => `${encode(key)}=${encode(scalar(item, argument))}`;
  if (Array.isArray(value)) {
    const items = value.filter(given);
    if (items.length === 0) return [];
    if (explode || style === 'deepObject') return items.map((item) => pair(name, item));
    const separator = { spaceDelimited: '%20', pipeDelimited: '%7C' }[style as string] ?? ',';
    return [
      `${encode(name)}=${items.map((item) => encode(scalar(item, argument))).join(separator)}`,
    ];
  }
  if (!isRecord(value)) return [pair(name, value)];
  const entries = Object.entries(value).filter(([, item]) => given(item));
  if (style === 'deepObject') {
    return entries.flatMap(([key, item]) =>
      (Array.isArray(item) ? item : [item]).map((one) => pair(`${name}[${key}]`, one)),
    );
  }
  if (explode) return entries.map(([key, item]) => pair(key, item));
  return entries.length === 0 ? [] : [`${encode(name)}=${joined(value, false, argument, encode)}`];
};

export const headerValue = ({ argument, explode }: Parameter, value: unknown): string =>
  joined(value, explode, argument, (text) => text);

/** Arrays are repeated, and objects are JSON (OpenAPI 3.1, "Encoding Object", `contentType`). */
export const formBody = (value: unknown, argument: string): string => {
  if (!isRecord(value)) throw new ArgumentError(`${argument}: must be an object`);
  const form = new URLSearchParams();
  for (const [key, item] of Object.entries(value)) {
    for (const one of Array.isArray(item) ? (item as unknown[]) : [item]) {
      if (!given(one)) continue;
      form.append(key, typeof one === 'object' ? JSON.stringify(one) : scalar(one, argument));
    }
  }
  return form.toString();
};

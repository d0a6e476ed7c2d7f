import { isHeaderValue, isRefusedHeader } from './openapi-headers.ts';
import {
  ArgumentError,
  formBody,
  headerValue,
  pathValue,
  queryPairs,
} from './openapi-serialization.ts';
import type { OpenApiTool } from './openapi-tool.ts';
import type { JsonObject } from './upstream.ts';

export interface BackendRequest {
  readonly method: OpenApiTool['method'];
  readonly url: string;
  /** Of the arguments and the body; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const pathOf = ({ path, parameters }: OpenApiTool, args: JsonObject): string =>
  path.replaceAll(/\{([^{}]+)\}/gu, (_, name: string) => {
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
    const value = parameter === undefined ? undefined : args[parameter.argument];
    if (parameter === undefined || value === undefined || value === null) {
      throw new ArgumentError(`${parameter?.argument ?? name}: is required`);
    }
    return pathValue(parameter, value);
  });

const queryOf = ({ parameters }: OpenApiTool, args: JsonObject): string => {
  const declared = parameters.filter((one) => one.in === 'query');
  const names = new Set(declared.map(({ name }) => encodeURIComponent(name)));
  const pairs = declared.flatMap((parameter) => {
    const value = args[parameter.argument];
    if (value === undefined || value === null) return [];
    const own = queryPairs(parameter, value);
    // The properties of an exploded object are parameters of their own. They must not pass for others.
    const others = [...names].filter((name) => name !== encodeURIComponent(parameter.name));
    if (own.some((pair) => others.some((name) => pair.startsWith(`${name}=`)))) {
      throw new ArgumentError(`${parameter.argument}: has a property with the name of a parameter`);
    }
    return own;
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
};

const headersOf = ({ parameters }: OpenApiTool, args: JsonObject): Record<string, string> =>
  Object.fromEntries(
    parameters.flatMap((parameter): readonly (readonly [string, string])[] => {
      const value = args[parameter.argument];
      if (parameter.in !== 'header' || value === undefined || value === null) return [];
      const text = headerValue(parameter, value);
      if (isRefusedHeader(parameter.name) || !isHeaderValue(text)) {
        throw new ArgumentError(`${parameter.argument}: is not what a header can hold`);
      }
      return [[parameter.name.toLowerCase(), text]];
    }),
  );

/** Dot segments would be resolved away (RFC 3986 §5.2.4), and lead out of the path that the document gives. */
const hasDotSegment = (path: string): boolean =>
  path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/iu.test(segment));

/**
 * The request that a call of a tool makes. Whatever the arguments are, it goes to the operation's own path.
 *
 * @param baseUrl - without a slash at its end.
 * @throws ArgumentError that names the argument, and does not quote it.
 */
export const backendRequest = (
  tool: OpenApiTool,
  args: JsonObject,
  baseUrl: string,
): BackendRequest => {
  const path = pathOf(tool, args);
  const base = new URL(baseUrl);
  const url = new URL(`${baseUrl}${path}${queryOf(tool, args)}`);
  // The parser has the last word on what a path is: it must not have changed anything.
  const isSamePlace =
    url.origin === base.origin && url.pathname === `${base.pathname.replace(/\/$/u, '')}${path}`;
  if (hasDotSegment(path) || !isSamePlace || url.hash !== '') {
    throw new ArgumentError('arguments: do not make a path of this operation');
  }
  const headers = headersOf(tool, args);
  const { method, body } = tool;
  const value = body === undefined ? undefined : args[body.argument];
  if (body === undefined || value === undefined) {
    return { method, url: url.href, headers, body: undefined };
  }
  return {
    method,
    url: url.href,
    headers: { ...headers, 'content-type': body.contentType },
    body:
      body.contentType === 'application/json'
        ? JSON.stringify(value)
        : formBody(value, body.argument),
  };
};

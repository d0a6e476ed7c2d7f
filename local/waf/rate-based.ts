import * as z from 'zod';
import { SlidingWindow } from './sliding-window.ts';
import { compileTransformations } from './text-transformations.ts';
import { headerValues, queryArguments, type WafPredicate, type WafRequest } from './waf-request.ts';
import { rateBased } from './web-acl-schema.ts';

/** One component of an aggregation key; undefined when the request does not have it. */
type KeyPart = (request: WafRequest) => string | undefined;

const namedKey = z.object({
  Name: z.string(),
  TextTransformations: z.array(z.object({ Priority: z.coerce.number(), Type: z.string() })),
});
const plainKey = namedKey.omit({ Name: true });

const compileKey = (entry: Readonly<Record<string, unknown>>): KeyPart => {
  const [kind = 'nothing'] = Object.keys(entry);
  const options = entry[kind];
  switch (kind) {
    case 'IP':
      return (request) => request.sourceIp;
    case 'HTTPMethod':
      return (request) => request.method;
    case 'Header': {
      const { Name, TextTransformations } = namedKey.parse(options);
      const transform = compileTransformations(TextTransformations);
      const name = Name.toLowerCase();
      return (request) => {
        const values = headerValues(request, name);
        return values.length === 0 ? undefined : transform(values.join(','));
      };
    }
    case 'QueryArgument': {
      const { Name, TextTransformations } = namedKey.parse(options);
      const transform = compileTransformations(TextTransformations);
      const name = Name.toLowerCase();
      return (request) => {
        const found = queryArguments(request).find(([key]) => key.toLowerCase() === name);
        return found && transform(found[1]);
      };
    }
    case 'QueryString': {
      const transform = compileTransformations(plainKey.parse(options).TextTransformations);
      return (request) => (request.queryString === '' ? undefined : transform(request.queryString));
    }
    case 'UriPath': {
      const transform = compileTransformations(plainKey.parse(options).TextTransformations);
      return (request) => transform(request.uriPath);
    }
    default:
      throw new Error(`does not implement the rate aggregation key ${kind}`);
  }
};

const compileKeys = (
  type: string,
  custom: readonly Readonly<Record<string, unknown>>[],
): readonly KeyPart[] => {
  switch (type) {
    case 'IP':
      return [(request) => request.sourceIp];
    case 'CONSTANT':
      return [];
    case 'CUSTOM_KEYS':
      return custom.map(compileKey);
    default:
      throw new Error(`does not implement the rate aggregate key type ${type}`);
  }
};

/**
 * RateBasedStatement: matches once more than `Limit` requests of the same key came within the window. A request that
 * lacks a component of the key is not counted and does not match ("Rate-based rule aggregation options").
 * @throws Error naming what the twin does not implement.
 */
export const compileRateBased = (
  input: unknown,
  compile: (statement: unknown) => WafPredicate,
): WafPredicate => {
  const statement = rateBased.parse(input);
  const scope =
    statement.ScopeDownStatement === undefined ? undefined : compile(statement.ScopeDownStatement);
  const parts = compileKeys(statement.AggregateKeyType, statement.CustomKeys);
  const window = new SlidingWindow(statement.EvaluationWindowSec * 1000);
  return (context) => {
    if (scope && !scope(context)) return false;
    let key = '';
    for (const part of parts) {
      const value = part(context.request);
      if (value === undefined) return false;
      key += `${value.length}:${value}`;
    }
    return window.hit(key, context.now) > statement.Limit;
  };
};

import * as z from 'zod';
import { SlidingWindow } from './sliding-window.ts';
import { compileTransformations } from './text-transformations.ts';
import { headerValues, queryArguments, type WafPredicate, type WafRequest } from './waf-request.ts';
import { rateBased } from './web-acl-schema.ts';

/** One component of an aggregation key. */
interface KeyPart {
  /** As the log calls it. */
  readonly key: string;
  readonly name?: string;
  /** Undefined when the request does not have it. */
  readonly valueOf: (request: WafRequest) => string | undefined;
}

/** A rate rule that matched, as WAF's log has it. */
export interface RateMatch {
  readonly limitKey: string;
  readonly maxRateAllowed: number;
  readonly evaluationWindowSec: number;
  readonly customValues: readonly {
    readonly key: string;
    readonly name?: string;
    readonly value: string;
  }[];
}

export interface RateBased {
  readonly matches: WafPredicate;
  readonly describe: (request: WafRequest) => RateMatch;
}

const namedKey = z.object({
  Name: z.string(),
  TextTransformations: z.array(z.object({ Priority: z.coerce.number(), Type: z.string() })),
});
const plainKey = namedKey.omit({ Name: true });

const IP: KeyPart = { key: 'IP', valueOf: (request) => request.sourceIp };

const compileKey = (entry: Readonly<Record<string, unknown>>): KeyPart => {
  const [kind = 'nothing'] = Object.keys(entry);
  const options = entry[kind];
  switch (kind) {
    case 'IP':
      return IP;
    case 'HTTPMethod':
      return { key: 'HTTP_METHOD', valueOf: (request) => request.method };
    case 'Header': {
      const { Name, TextTransformations } = namedKey.parse(options);
      const transform = compileTransformations(TextTransformations);
      const name = Name.toLowerCase();
      return {
        key: 'HEADER',
        name,
        valueOf: (request) => {
          const values = headerValues(request, name);
          return values.length === 0 ? undefined : transform(values.join(','));
        },
      };
    }
    case 'QueryArgument': {
      const { Name, TextTransformations } = namedKey.parse(options);
      const transform = compileTransformations(TextTransformations);
      const name = Name.toLowerCase();
      return {
        key: 'QUERY_ARGUMENT',
        name,
        valueOf: (request) => {
          const found = queryArguments(request).find(([key]) => key.toLowerCase() === name);
          return found && transform(found[1]);
        },
      };
    }
    case 'QueryString': {
      const transform = compileTransformations(plainKey.parse(options).TextTransformations);
      return {
        key: 'QUERY_STRING',
        valueOf: ({ queryString }) => (queryString === '' ? undefined : transform(queryString)),
      };
    }
    case 'UriPath': {
      const transform = compileTransformations(plainKey.parse(options).TextTransformations);
      return { key: 'URI_PATH', valueOf: (request) => transform(request.uriPath) };
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
      return [IP];
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
): RateBased => {
  const statement = rateBased.parse(input);
  const scope =
    statement.ScopeDownStatement === undefined ? undefined : compile(statement.ScopeDownStatement);
  const parts = compileKeys(statement.AggregateKeyType, statement.CustomKeys);
  const window = new SlidingWindow(statement.EvaluationWindowSec * 1000);
  return {
    matches: (context) => {
      if (scope && !scope(context)) return false;
      let key = '';
      for (const { valueOf } of parts) {
        const value = valueOf(context.request);
        if (value === undefined) return false;
        key += `${value.length}:${value}`;
      }
      return window.hit(key, context.now) > statement.Limit;
    },
    describe: (request) => ({
      limitKey: statement.AggregateKeyType.replace('_', ''),
      maxRateAllowed: statement.Limit,
      evaluationWindowSec: statement.EvaluationWindowSec,
      customValues:
        statement.AggregateKeyType === 'CUSTOM_KEYS'
          ? parts.map(({ key, name, valueOf }) => ({
              key,
              ...(name === undefined ? {} : { name }),
              value: valueOf(request) ?? '',
            }))
          : [],
    }),
  };
};

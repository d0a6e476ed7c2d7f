import * as z from 'zod';
import type { Actor } from '../../src/admin/operator.ts';
import { parseInput } from '../../src/admin/input.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { callerArn } from '../../src/principals/caller-arn.ts';
import { tenantId } from '../../src/principals/principal.ts';
import { keyRecord } from '../../src/registry/records.ts';
import { upstreamName } from '../../src/upstreams/upstream-spec.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The `{…}` parts of a path, by name. */
type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Key in Name]: string } & ParamsOf<Rest>
  : unknown;

interface Surroundings {
  /** As the actor may use them (`scopedPorts`). */
  readonly ports: AdminPorts;
  readonly actor: Actor;
  /** The name in lower case. @throws GatewayError INVALID_REQUEST when it was sent twice. */
  readonly header: (name: string) => string | undefined;
  /** Says for the audit what the path and the query do not. */
  readonly about: (facts: { readonly tenant?: string; readonly target?: string }) => void;
}

export interface RouteCall<Params, Query, Body> extends Surroundings {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
}

/** A request of a route, nothing of it parsed yet. */
export interface RouteRequest extends Surroundings {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly readBody: () => unknown;
}

export interface Answer {
  /** @default 200 */
  readonly status?: number;
  readonly body: object;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
}

interface RouteFacts<Path extends string> {
  readonly method: HttpMethod;
  readonly path: Path;
  /** `<thing>.<verb>`: in the audit it is `admin/<thing>.<verb>`. */
  readonly operation: string;
  /** `operator`: of the deployment, alone. `tenant`: also a tenant's admin, for that tenant. */
  readonly access: 'operator' | 'tenant';
  /** For the index: what it does. */
  readonly summary: string;
}

interface RouteDefinition<
  Path extends string,
  Query extends z.ZodType,
  Body extends z.ZodType,
> extends RouteFacts<Path> {
  readonly query?: Query;
  readonly body?: Body;
  readonly run: (
    call: RouteCall<ParamsOf<Path>, z.output<Query>, z.output<Body>>,
  ) => Promise<Answer>;
}

export interface Route extends RouteFacts<string> {
  /** What is operated on, as far as the path and the query say it; for the audit. */
  readonly targetOf: (request: Pick<RouteRequest, 'params' | 'query'>) => string | null;
  readonly run: (request: RouteRequest) => Promise<Answer>;
}

const nothing = z.strictObject({});

/** @throws AdminError INVALID_INPUT that names each wrong field. */
const parseQuery = <T>(schema: z.ZodType<T>, query: unknown): T => parseInput(schema, query);

/** @throws AdminError INVALID_INPUT, or GatewayError of a body that is no JSON. */
const parseBody = <T>(schema: z.ZodType<T> | undefined, read: () => unknown): T => {
  const body = read();
  if (schema === undefined) {
    parseInput(nothing, body ?? {});
    return undefined as T;
  }
  if (body === undefined) throw new GatewayError('INVALID_REQUEST', 'The body is missing');
  return parseInput(schema, body);
};

/** What each kind of target looks like. Anything else was typed wrong, and may be a whole key: it is not written down. */
const targetForms: Readonly<Record<string, z.ZodType<string>>> = {
  tenant: tenantId,
  keyId: keyRecord.shape.keyId,
  name: upstreamName,
  server: upstreamName,
  arn: callerArn,
};

const targetOf: Route['targetOf'] = ({ params, query }) => {
  const [name, value] = Object.entries({ ...params, ...query }).find(([key]) =>
    Object.hasOwn(targetForms, key),
  ) ?? ['', ''];
  return targetForms[name]?.safeParse(value).data ?? null;
};

/** One route: its query and body are parsed strictly before `run` sees them. */
export const route = <
  Path extends string,
  Query extends z.ZodType = typeof nothing,
  Body extends z.ZodType = z.ZodUndefined,
>({
  query: querySchema,
  body: bodySchema,
  run,
  ...facts
}: RouteDefinition<Path, Query, Body>): Route => ({
  ...facts,
  targetOf,
  run: async ({ readBody, query, params, ...surroundings }) =>
    run({
      ...surroundings,
      params: params as ParamsOf<Path>,
      query: parseQuery(querySchema ?? (nothing as unknown as Query), query) as z.output<Query>,
      body: parseBody(bodySchema, readBody) as z.output<Body>,
    }),
});

export type RouteMatch =
  | {
      readonly kind: 'found';
      readonly route: Route;
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'no-route' }
  | { readonly kind: 'no-method'; readonly allowed: readonly HttpMethod[] };

const paramsIn = (
  pattern: string,
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined => {
  const parts = pattern.split('/').slice(1);
  if (parts.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? '';
    if (segment === '') return undefined;
    if (part.startsWith('{')) params[part.slice(1, -1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
};

/** @param path - below the stage, as in `/admin/tenants/acme`; a slash at its end makes no difference. */
export const matchRoute = (routes: readonly Route[], method: string, path: string): RouteMatch => {
  const segments = path.replace(/\/$/u, '').split('/').slice(1);
  const here = routes.flatMap((each) => {
    const params = paramsIn(each.path, segments);
    return params === undefined ? [] : [{ route: each, params }];
  });
  if (here.length === 0) return { kind: 'no-route' };
  const found = here.find((each) => each.route.method === method);
  if (found !== undefined) return { kind: 'found', ...found };
  return { kind: 'no-method', allowed: here.map((each) => each.route.method) };
};

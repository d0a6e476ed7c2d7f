import * as z from 'zod';
import type { ApiKeyService } from '../../usage/api-key-service.ts';
import { notImplemented } from '../aws-error.ts';
import { parseInput, type AwsCall } from '../aws-service.ts';

/** One operation of the control plane: where it is, and what it answers. `ids` are the path's parameters. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly pattern: RegExp;
  readonly status: number;
  /** Query parameters that it understands. Another one is refused by name. */
  readonly query: readonly string[];
  readonly answer: (service: ApiKeyService, request: RouteRequest) => unknown;
}

export interface RouteRequest {
  readonly ids: readonly string[];
  readonly query: URLSearchParams;
  readonly call: AwsCall;
}

const limitParameter = z.coerce.number().int().min(1).max(500);

export const limitOf = (query: URLSearchParams): number | undefined =>
  query.has('limit') ? parseInput(limitParameter, query.get('limit'), 'limit') : undefined;

/** A page of what the service gives whole: the position is an offset. */
export const page = (items: readonly unknown[], query: URLSearchParams): unknown => {
  const start = Number(query.get('position') ?? 0) || 0;
  const end = start + (limitOf(query) ?? 25);
  return {
    item: items.slice(start, end),
    ...(end < items.length ? { position: String(end) } : {}),
  };
};

export const at = (path: string): RegExp => new RegExp(`^${path}$`);

/** @throws AwsError naming a query parameter that the route would ignore. */
export const refuseUnknownQuery = (
  { method, query }: Route,
  path: string,
  given: URLSearchParams,
): void => {
  for (const name of given.keys()) {
    if (!query.includes(name))
      throw notImplemented(`the query parameter ${name} of ${method} ${path}`);
  }
};

import { request } from 'undici';
import type { Child } from './child.ts';
import { twinCounts, type TwinCounts, type TwinReady } from './messages.ts';
import { requestHeaders, type Workload } from './workload.ts';

/** AWS calls by `service:Action`. */
type Calls = Readonly<Record<string, number>>;

export interface AuthorizerReads {
  readonly requestsEach: number;
  /** Made by the authorizer while the gateway's cache had no answer. */
  readonly uncached: Calls;
  /** Made by anybody during the same requests. */
  readonly uncachedByAll: Calls;
  /** Made by the authorizer while the cache had the answer. */
  readonly cached: Calls;
  /** Made by anybody during the same requests. */
  readonly cachedByAll: Calls;
  /** One GetItem and nothing else per uncached request, nothing at all per cached one. */
  readonly met: boolean;
}

const difference = (after: Calls, before: Calls): Calls =>
  Object.fromEntries(
    Object.entries(after)
      .map(([action, count]) => [action, count - (before[action] ?? 0)] as const)
      .filter(([, count]) => count !== 0),
  );

const isJust = (calls: Calls, action: string, count: number): boolean =>
  Object.keys(calls).length === 1 && calls[action] === count;

/** Counts what the authorizer asks AWS for, once its sandbox holds the pepper. One request at a time. */
export const countAuthorizerReads = async (
  twin: Child<TwinReady>,
  functionName: string,
  { params }: Workload,
  requestsEach: number,
): Promise<AuthorizerReads> => {
  const { url, apiKey } = twin.ready;
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  /** The gateway caches by the header's text; any number of spaces leads to the same key. */
  const call = async (spaces: number): Promise<void> => {
    const authorization = `Bearer${' '.repeat(spaces)}${apiKey}`;
    const headers = { ...requestHeaders, authorization };
    const answer = await request(url, { method: 'POST', headers, body });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${text}`);
  };
  const counts = (): Promise<TwinCounts> => twin.ask({}, twinCounts);

  await call(1);
  const start = await counts();
  for (let index = 0; index < requestsEach; index++) await call(2 + index);
  const middle = await counts();
  for (let index = 0; index < requestsEach; index++) await call(1 + requestsEach);
  const end = await counts();

  const own = ({ calls }: TwinCounts): Calls => calls[functionName] ?? {};
  const uncached = difference(own(middle), own(start));
  const cached = difference(own(end), own(middle));
  const uncachedByAll = difference(middle.allCalls, start.allCalls);
  const cachedByAll = difference(end.allCalls, middle.allCalls);
  return {
    requestsEach,
    uncached,
    uncachedByAll,
    cached,
    cachedByAll,
    met: isJust(uncached, 'dynamodb:GetItem', requestsEach) && Object.keys(cached).length === 0,
  };
};

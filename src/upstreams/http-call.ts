import { AsyncLocalStorage } from 'node:async_hooks';
import { RequestNotSent } from './not-sent.ts';
import { UpstreamError, type UpstreamRequest } from './upstream.ts';

/** What the HTTP requests of one call have in common: the SDK's transports have no place for it. */
export interface HttpCall {
  readonly hops: number;
  readonly trace: Readonly<Record<string, string>>;
  /** By `performance.now()`. */
  readonly deadline: number;
  /** Aborted with an UpstreamError, whichever comes first: the caller, the deadline, an answer beyond its limits. */
  readonly signal: AbortSignal;
  readonly end: (reason: UpstreamError) => void;
}

/** The call that an HTTP request belongs to. */
export const currentCall = new AsyncLocalStorage<HttpCall>();

/**
 * Runs `work` as one call: until its deadline, and for as long as its caller wants it.
 * @throws UpstreamError
 */
export const asCall = async <T>(
  request: Pick<UpstreamRequest, 'hops' | 'trace' | 'timeoutMs' | 'signal'>,
  work: (call: HttpCall) => Promise<T>,
): Promise<T> => {
  const ending = new AbortController();
  const end = (reason: UpstreamError) => ending.abort(reason);
  const givenUp = () => end(new UpstreamError('aborted', 'The call was given up.'));
  if (request.signal.aborted) throw new RequestNotSent('aborted', 'The call was given up.');
  request.signal.addEventListener('abort', givenUp, { once: true });
  const timer = setTimeout(
    () => end(new UpstreamError('timeout', 'The upstream did not answer in time.')),
    request.timeoutMs,
  );
  const call: HttpCall = {
    hops: request.hops,
    trace: request.trace ?? {},
    deadline: performance.now() + request.timeoutMs,
    signal: ending.signal,
    end,
  };
  try {
    return await currentCall.run(call, () => work(call));
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', givenUp);
  }
};

import { exchange, type Outgoing } from './exchange.ts';
import { GuardAgent, type GuardAgentOptions } from './guard-agent.ts';
import { GuardError } from './guard-error.ts';
import { limitedBody } from './limited-body.ts';
import { targetOf, type Target, type TargetPolicy } from './target.ts';
import type { IncomingMessage } from 'node:http';

export interface StreamLimits {
  /** Resolving, connecting and TLS, milliseconds. @default 5000 */
  readonly connectMs: number;
  /** From asking to the answer's headers. @default 30000 */
  readonly headersMs: number;
  /** Longest wait for the next bytes of a body. @default 30000 */
  readonly idleMs: number;
  /** From asking to the last byte; `Infinity` is no limit. @default 60000 */
  readonly totalMs: number;
  /** @default 6291456 */
  readonly maxBytes: number;
  /** What `maxBytes` is about: all of a body, or each event of an event stream. @default body */
  readonly maxBytesOf: 'body' | 'event';
  /** @default 16384 */
  readonly maxHeaderBytes: number;
}

const defaults: StreamLimits = {
  connectMs: 5_000,
  headersMs: 30_000,
  idleMs: 30_000,
  totalMs: 60_000,
  maxBytes: 6_291_456,
  maxBytesOf: 'body',
  maxHeaderBytes: 16_384,
};

export interface GuardedInit extends RequestInit {
  readonly limits?: Partial<StreamLimits>;
  /** Is told once how the answer's body ended: without an error, all of it came, or its reader had enough. */
  readonly onBodyEnd?: (error?: Error) => void;
}

export type StreamingFetch = (url: string | URL, init?: GuardedInit) => Promise<Response>;

export interface StreamingGuard {
  readonly fetch: StreamingFetch;
  /** Closes the connections that are kept. */
  readonly close: () => void;
}

const maxRedirects = 3;
/** Statuses whose answer has no body (Fetch standard, "null body status"). */
const bodiless = new Set([204, 205, 304]);

const outgoingOf = ({ method = 'GET', headers, body }: RequestInit): Outgoing => {
  if (body !== undefined && body !== null && typeof body !== 'string' && !isBytes(body)) {
    throw new TypeError('A guarded request takes a string or bytes as its body');
  }
  return { method, headers: Object.fromEntries(new Headers(headers)), body: body ?? undefined };
};

const isBytes = (body: unknown): body is Uint8Array => body instanceof Uint8Array;

const headersOf = ({ headersDistinct }: IncomingMessage): Headers => {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return headers;
};

/**
 * Where an answer wants the request sent again: the same request, to the same origin (RFC 9110 §15.4.8 and §15.4.9). Another
 * origin would get our credential.
 * @throws GuardError `redirect`
 */
const redirectOf = (
  { statusCode = 0, headers: { location } }: IncomingMessage,
  { url }: Target,
): URL | undefined => {
  if (statusCode < 300 || statusCode > 399 || statusCode === 304) return undefined;
  const next = URL.canParse(location ?? '', url.href) ? new URL(location ?? '', url) : undefined;
  const isSame = (statusCode === 307 || statusCode === 308) && next?.origin === url.origin;
  if (location !== undefined && isSame) return next;
  throw new GuardError('redirect', 'The host redirects elsewhere', { sent: true });
};

/**
 * Makes a web `fetch` for URLs that an operator configured. Connections go to addresses that were looked at, and are
 * kept for the next request. It follows redirects within an origin only, whatever `init.redirect` says.
 *
 * @throws GuardError from `fetch`, or what `init.signal` was aborted for.
 */
export const createStreamingGuard = (
  options: TargetPolicy & GuardAgentOptions & { readonly limits?: Partial<StreamLimits> },
): StreamingGuard => {
  const agent = new GuardAgent(options, { keepAlive: true, maxSockets: 64 });

  const fetch: StreamingFetch = async (input, init = {}) => {
    const limits = { ...defaults, ...options.limits, ...init.limits };
    const outgoing = outgoingOf(init);
    const whole = new AbortController();
    const signal = init.signal ? AbortSignal.any([init.signal, whole.signal]) : whole.signal;
    const timer = Number.isFinite(limits.totalMs)
      ? setTimeout(
          () => whole.abort(new GuardError('timeout', 'The host took too long', { sent: true })),
          limits.totalMs,
        )
      : undefined;
    try {
      let target = targetOf(input, options);
      for (let redirects = 0; ; redirects++) {
        const response = await exchange(target, agent, outgoing, limits, signal);
        const status = response.statusCode ?? 0;
        const next = redirectOf(response, target);
        if (next === undefined) {
          const ended = (error?: Error): void => {
            clearTimeout(timer);
            init.onBodyEnd?.(error);
          };
          const body = limitedBody(response, limits, signal, ended);
          if (!bodiless.has(status)) {
            return new Response(body, { status, headers: headersOf(response) });
          }
          await body.cancel();
          return new Response(null, { status, headers: headersOf(response) });
        }
        response.resume();
        if (redirects === maxRedirects) {
          throw new GuardError('redirect', 'The host redirects in circles', { sent: true });
        }
        target = targetOf(next, options);
      }
    } catch (error) {
      clearTimeout(timer);
      throw error;
    }
  };
  return { fetch, close: () => agent.destroy() };
};

import type { StreamingFetch } from '../fetch-guard/streaming-fetch.ts';
import { asCall, currentCall } from './http-call.ts';
import { CredentialRefused, SessionLost } from './http-failure.ts';
import { isConfigurableHeader } from './http-headers.ts';
import { HttpSession } from './http-session.ts';
import type { SessionMode } from './mcp-connect.ts';
import { RequestNotSent } from './not-sent.ts';
import { SessionPool } from './session-pool.ts';
import type { UpstreamOfKind } from './upstream-spec.ts';
import {
  UpstreamError,
  type JsonObject,
  type Upstream,
  type UpstreamFacts,
  type UpstreamRequest,
} from './upstream.ts';

/**
 * Fills in the `${secret:…}` of header values.
 * @param options.fresh - what was read before may be outdated: the upstream refused it.
 */
export type ResolveValues = (
  values: Readonly<Record<string, string>>,
  options?: { readonly fresh?: boolean },
) => Promise<Readonly<Record<string, string>>>;

export interface HttpUpstreamDeps {
  readonly fetch: StreamingFetch;
  readonly resolve: ResolveValues;
  /** Drawbridge's own, for `User-Agent`. */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Of one answer. @default 6291456 */
  readonly maxBytes?: number;
}

type Request = Omit<UpstreamRequest, 'method' | 'params' | 'repeatable'>;

const connectTimeoutMs = 10_000;
const maxSessions = 100;
/**
 * A stream that was held while the function was frozen may be dead without a sign, and an answer would not come. A session
 * of requests finds out by itself.
 */
const maxIdleMs = { sse: 60_000, 'streamable-http': 300_000 };
/** A credential that stays wrong is not read again for each call. */
const renewEveryMs = 30_000;

/**
 * An MCP server at a URL, of either era and either HTTP transport. A tenant has a session of its own, which is kept for its
 * next calls: a warm call is one HTTP request.
 */
export class HttpUpstream implements Upstream {
  readonly #spec: UpstreamOfKind<'http'>;
  readonly #deps: HttpUpstreamDeps;
  readonly #sessions: SessionPool<HttpSession>;
  readonly #closing = new AbortController();
  #headers: Readonly<Record<string, string>> = {};
  #renewedAt = -Infinity;
  /** Learned at the first handshake, so that the next need not ask. */
  #era: 'legacy' | 'modern' | undefined;

  constructor(spec: UpstreamOfKind<'http'>, deps: HttpUpstreamDeps) {
    this.#spec = spec;
    this.#deps = deps;
    this.#sessions = new SessionPool(() => this.#open(), {
      maxSessions,
      maxIdleMs: maxIdleMs[spec.transport],
      now: deps.now,
    });
  }

  facts(request: Request): Promise<UpstreamFacts> {
    return this.#withSession(request, async ({ facts }) => {
      if (facts === undefined) throw new UpstreamError('unreachable', 'The session has ended.');
      return facts;
    });
  }

  request(request: UpstreamRequest): Promise<JsonObject> {
    return this.#withSession(request, (session, signal, timeoutMs) =>
      session.request({ ...request, signal, timeoutMs }),
    );
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#sessions.close();
  }

  /** One call, and once more when the server says that it did not run it and what it wants instead. */
  #withSession<T>(
    request: Request,
    work: (session: HttpSession, signal: AbortSignal, timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    return asCall(request, async ({ signal, deadline }) => {
      const attempt = () =>
        this.#sessions.use(request.tenant, signal, async (session) => {
          try {
            return await work(
              session,
              signal,
              Math.max(1, Math.floor(deadline - performance.now())),
            );
          } catch (error) {
            if (error instanceof SessionLost) this.#forget(request.tenant, session);
            throw error;
          }
        });
      try {
        return await attempt();
      } catch (error) {
        const mayHelp =
          error instanceof SessionLost ||
          (error instanceof CredentialRefused && (await this.#renewHeaders()));
        if (!mayHelp) throw error;
        return await attempt();
      }
    });
  }

  /** Its calls go on; a stream would wait for answers that nobody sends. */
  #forget(tenant: string, session: HttpSession): void {
    this.#sessions.drop(tenant, session);
    if (session.facts?.era === 'modern') this.#era = undefined;
    if (this.#spec.transport === 'sse') void session.close();
  }

  async #open(): Promise<HttpSession> {
    this.#headers = await this.#readHeaders(false);
    const remembered = this.#spec.transport === 'sse' ? 'legacy' : this.#era;
    try {
      return await this.#connect(remembered ?? 'auto');
    } catch (error) {
      const isOutdated = error instanceof UpstreamError && error.failure === 'not-mcp';
      if (!isOutdated || this.#era === undefined || this.#spec.transport === 'sse') throw error;
      this.#era = undefined;
      return await this.#connect('auto');
    }
  }

  async #connect(mode: SessionMode): Promise<HttpSession> {
    const { url, transport } = this.#spec;
    const { fetch, maxBytes = 6_291_456 } = this.#deps;
    const headers = () => this.#headers;
    const session = new HttpSession({
      url,
      transport,
      mode,
      fetch,
      headers,
      connectTimeoutMs,
      maxBytes,
    });
    // Others may wait for this session: that the first who asked gives up does not end it.
    const hops = currentCall.getStore()?.hops ?? 0;
    const { signal } = this.#closing;
    try {
      const { era } = await asCall({ hops, timeoutMs: connectTimeoutMs, signal }, (call) =>
        session.connect(call.signal),
      );
      if (era !== 'none') this.#era = era;
      return session;
    } catch (error) {
      if (error instanceof RequestNotSent || !(error instanceof UpstreamError)) throw error;
      // A server that answers a handshake with an error of its own speaks another protocol.
      const failure = error.failure === 'rpc' ? 'not-mcp' : error.failure;
      throw new RequestNotSent(failure, error.message, { cause: error });
    }
  }

  /** @returns whether there are other headers now than those that were refused. */
  async #renewHeaders(): Promise<boolean> {
    const { now } = this.#deps;
    if (now() - this.#renewedAt < renewEveryMs) return false;
    this.#renewedAt = now();
    const refused = JSON.stringify(this.#headers);
    this.#headers = await this.#readHeaders(true);
    return JSON.stringify(this.#headers) !== refused;
  }

  async #readHeaders(fresh: boolean): Promise<Readonly<Record<string, string>>> {
    const { resolve, version } = this.#deps;
    const own = Object.entries(this.#spec.headers).filter(([name]) => isConfigurableHeader(name));
    const values = await resolve(Object.fromEntries(own), { fresh }).catch((cause: unknown) => {
      throw misconfigured('The headers of the upstream cannot be filled in.', { cause });
    });
    const headers = asHeaders(values);
    // Without the cause, which would quote the value.
    if (headers === undefined) throw misconfigured('A header of the upstream cannot be sent.');
    return { ...headers, 'user-agent': `drawbridge/${version}` };
  }
}

const misconfigured = (message: string, options?: ErrorOptions): UpstreamError =>
  new UpstreamError('misconfigured', message, options);

const asHeaders = (
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined => {
  try {
    return Object.fromEntries(new Headers(values));
  } catch {
    return undefined;
  }
};

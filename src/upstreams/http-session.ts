import { SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { GuardedInit, StreamingFetch, StreamLimits } from '../fetch-guard/streaming-fetch.ts';
import { currentCall, type HttpCall } from './http-call.ts';
import { ofGuard, ofStatus } from './http-failure.ts';
import { hopsHeader, traceHeaders } from './http-headers.ts';
import type { SessionMode } from './mcp-connect.ts';
import { McpSession, type SessionRequest } from './mcp-session.ts';
import type { PooledSession } from './session-pool.ts';
import { UpstreamError, type JsonObject, type UpstreamFacts } from './upstream.ts';

export interface HttpSessionOptions {
  readonly url: string;
  readonly transport: 'streamable-http' | 'sse';
  readonly mode: SessionMode;
  readonly fetch: StreamingFetch;
  /** Of every request, as they are when it is sent. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly connectTimeoutMs: number;
  /** Of one answer; of one event where a stream goes on and on. */
  readonly maxBytes: number;
}

/** What a call's HTTP requests may take beyond its deadline, which ends them first. A cancellation is sent after it. */
const afterwardsMs = 1_000;

/** A session with one server, for one tenant: an McpSession over HTTP, and what HTTP adds to it. */
export class HttpSession implements PooledSession {
  readonly #options: HttpSessionOptions;
  readonly #session: McpSession;
  #streamable: StreamableHTTPClientTransport | undefined;
  readonly #streamEnd = new AbortController();
  #isConnected = false;
  /** Why an SSE session has no stream: its transport would only say that it has none, or wait. */
  #streamFailure: UpstreamError | undefined;

  constructor(options: HttpSessionOptions) {
    this.#options = options;
    const { mode, connectTimeoutMs } = options;
    this.#session = new McpSession({
      createTransport: () => this.#createTransport(),
      mode,
      connectTimeoutMs,
    });
  }

  get closed(): boolean {
    return this.#session.closed;
  }

  /** @throws UpstreamError */
  async connect(signal: AbortSignal): Promise<UpstreamFacts> {
    try {
      const facts = await this.#session.connect(AbortSignal.any([signal, this.#streamEnd.signal]));
      this.#isConnected = true;
      return facts;
    } catch (error) {
      throw this.#streamFailure ?? error;
    }
  }

  /** Undefined before `connect`. */
  get facts(): UpstreamFacts | undefined {
    return this.#session.facts;
  }

  /** @throws UpstreamError */
  async request(request: SessionRequest): Promise<JsonObject> {
    try {
      return await this.#session.request(request);
    } catch (error) {
      throw this.#streamFailure ?? error;
    }
  }

  /** Tells a server that keeps the session that it may forget it. */
  async close(): Promise<void> {
    if (!this.closed && this.#streamable?.sessionId !== undefined) {
      await this.#streamable.terminateSession().catch(() => undefined);
    }
    await this.#session.close();
  }

  #createTransport(): StreamableHTTPClientTransport | SSEClientTransport {
    const url = new URL(this.#options.url);
    const fetch = (input: string | URL, init?: RequestInit) => this.#fetch(input, init);
    if (this.#options.transport === 'sse') return new SSEClientTransport(url, { fetch });
    this.#streamable = new StreamableHTTPClientTransport(url, { fetch });
    return this.#streamable;
  }

  async #fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (init.method === undefined || init.method === 'GET') {
      const isResumed = headers.has('last-event-id');
      if (this.#options.transport === 'sse') return this.#openStream(url, init, headers);
      // What a server says unasked is not waited for: an open stream would hold a function that has answered.
      if (!isResumed) return new Response(null, { status: 405 });
    }
    const call = currentCall.getStore();
    const response = await this.#send(url, init, headers, {
      limits: this.#limitsOf(call),
      onBodyEnd: (error) => {
        const failure = ofGuard(error);
        // The transport would take it for a connection that broke, and might ask for the same again.
        if (failure instanceof UpstreamError && failure.failure === 'too-large') call?.end(failure);
      },
    });
    if (response.ok) return response;
    const { status } = response;
    const isFault = status === 401 || status === 403 || status === 429 || status >= 500;
    const mcpMethod = headers.get('mcp-method');
    // The first request of a handshake asks for the era: its refusal is an answer.
    if (mcpMethod === 'server/discover' && !isFault) return response;
    const text = await response.text().catch(() => '');
    throw ofStatus(status, text, {
      isConnected: this.#isConnected,
      hasSessionId: headers.has('mcp-session-id'),
      isModern: mcpMethod !== null,
      isSse: this.#isSse,
    });
  }

  get #isSse(): boolean {
    return this.#options.transport === 'sse';
  }

  /** The one stream of an SSE session, which ends with it: another would be another session, without a handshake. */
  async #openStream(url: string | URL, init: RequestInit, headers: Headers): Promise<Response> {
    const { connectTimeoutMs, maxBytes } = this.#options;
    try {
      const response = await this.#send(url, init, headers, {
        limits: {
          headersMs: connectTimeoutMs,
          idleMs: Infinity,
          totalMs: Infinity,
          maxBytes,
          maxBytesOf: 'event',
        },
        onBodyEnd: (error) => {
          if (init.signal?.aborted === true) return;
          const failure = ofGuard(error);
          this.#streamFailure ??=
            failure instanceof UpstreamError
              ? failure
              : new UpstreamError('unreachable', 'The upstream ended its stream.');
          this.#streamEnd.abort();
          void this.#session.close();
        },
      });
      const type = response.headers.get('content-type') ?? '';
      if (response.ok && type.startsWith('text/event-stream')) return response;
      const { status } = response;
      this.#streamFailure = response.ok
        ? new UpstreamError('not-mcp', 'The upstream did not answer with an event stream.')
        : ofStatus(status, '', {
            isConnected: false,
            hasSessionId: false,
            isModern: false,
            isSse: true,
          });
      await response.body?.cancel();
      throw this.#streamFailure;
    } catch (error) {
      if (error instanceof UpstreamError) this.#streamFailure ??= error;
      throw error;
    }
  }

  async #send(
    url: string | URL,
    init: RequestInit,
    headers: Headers,
    guarded: Pick<GuardedInit, 'limits' | 'onBodyEnd'>,
  ): Promise<Response> {
    const { hops, trace } = currentCall.getStore() ?? { hops: 0, trace: {} };
    const own = { ...this.#options.headers(), ...traceHeaders(trace), [hopsHeader]: `${hops + 1}` };
    for (const [name, value] of Object.entries(own)) headers.set(name, value);
    try {
      return await this.#options.fetch(url, { ...init, ...guarded, headers });
    } catch (error) {
      throw ofGuard(error);
    }
  }

  #limitsOf(call: HttpCall | undefined): Partial<StreamLimits> {
    const left = call === undefined ? 0 : Math.max(0, call.deadline - performance.now());
    const totalMs = left + afterwardsMs;
    // A server may say nothing at all until the result is there.
    return { totalMs, headersMs: totalMs, idleMs: totalMs, maxBytes: this.#options.maxBytes };
  }
}

/** MCP data as it goes over the wire. It is passed on, not understood: what a server adds reaches the client. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What the gateway asks of an upstream. Each has params and a result as the MCP schema says. */
export type UpstreamMethod =
  | 'tools/list'
  | 'tools/call'
  | 'prompts/list'
  | 'prompts/get'
  | 'resources/list'
  | 'resources/templates/list'
  | 'resources/read'
  | 'completion/complete';

/** Answers to what an upstream asked of the user in an earlier attempt at the same call, in the order of asking. */
export type ElicitationAnswers = readonly JsonObject[];

export interface UpstreamRequest {
  readonly method: UpstreamMethod;
  /** As the upstream takes them: its own names, no prefix. `_meta` holds nothing of the caller's but what is named below. */
  readonly params: JsonObject;
  /** Sessions and sandboxes are kept apart by it. */
  readonly tenant: string;
  readonly requestId: string;
  /** How many Drawbridges the request went through before this one. */
  readonly hops: number;
  /** W3C `traceparent`, and what goes with it: the parent is this gateway's call (src/trace/trace-context.ts). */
  readonly trace?: Readonly<Record<string, string>> | undefined;
  /** From now to the end of the answer. */
  readonly timeoutMs: number;
  /** Gives the call up: the upstream is told, as its transport allows. */
  readonly signal: AbortSignal;
  /** Whether the call may be sent twice when it is unknown if the first arrived. */
  readonly repeatable: boolean;
  /** Params of `notifications/progress` without their token. Absent: the caller did not ask. */
  readonly onProgress?: ((params: JsonObject) => void) | undefined;
  /** Params of `notifications/message`. Absent: the caller did not ask. */
  readonly onLog?: ((params: JsonObject) => void) | undefined;
  /** Present when the caller can be asked for input (protocol 2026-07-28 with the elicitation capability). */
  readonly elicitation?: { readonly answers: ElicitationAnswers } | undefined;
  /** `clientCapabilities` for an upstream of 2026: what the caller can be asked for. Absent: nothing. */
  readonly capabilities?: JsonObject | undefined;
  /** The definition of the tool that is called, as the upstream lists it. */
  readonly tool?: JsonObject | undefined;
}

/** What a server says of itself when a session begins. */
export interface UpstreamFacts {
  readonly capabilities: JsonObject;
  readonly instructions?: string | undefined;
  readonly serverInfo?: JsonObject | undefined;
  /** `none` for what is no MCP server, as an OpenAPI backend. */
  readonly era: 'legacy' | 'modern' | 'none';
}

/** One upstream server. Sessions are kept and made again behind it; a caller only asks. */
export interface Upstream {
  /** @throws UpstreamError */
  facts(request: Omit<UpstreamRequest, 'method' | 'params' | 'repeatable'>): Promise<UpstreamFacts>;
  /**
   * @returns the result as the upstream gave it; or, for an upstream of 2025 that asks its user and whose caller can be
   * asked, a result of `resultType` `input_required` with `inputRequests` (MCP 2026-07-28, basic/patterns/mrtr).
   * @throws UpstreamError
   */
  request(request: UpstreamRequest): Promise<JsonObject>;
  close(): Promise<void>;
}

/**
 * Why an upstream did not answer. `rpc` is its own JSON-RPC error; the others are ours. Stable: audit, metrics and
 * `GET /servers` show them.
 */
export type UpstreamFailure =
  | 'unreachable'
  | 'timeout'
  | 'unauthorized'
  | 'not-mcp'
  | 'too-large'
  | 'circuit-open'
  | 'needs-input'
  | 'aborted'
  | 'crashed'
  | 'misconfigured'
  | 'rpc';

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly failure: UpstreamFailure;
  /** Of failure `rpc`. Its message may be shown to callers who see this upstream, cut to a sane length. */
  readonly rpc:
    { readonly code: number; readonly message: string; readonly data?: unknown } | undefined;

  /** @param message - for the log: fixed text, no values. */
  constructor(
    failure: UpstreamFailure,
    message: string,
    options: ErrorOptions & { readonly rpc?: UpstreamError['rpc'] } = {},
  ) {
    super(message, options);
    this.failure = failure;
    this.rpc = options.rpc;
  }
}

/** By what it is, not by its class: connections are in a bundle of their own, with a copy of the class. */
export const isUpstreamError = (error: unknown): error is UpstreamError =>
  error instanceof Error && error.name === 'UpstreamError' && 'failure' in error;

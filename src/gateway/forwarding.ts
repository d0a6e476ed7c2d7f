import { createHash } from 'node:crypto';
import type { Sealer } from '../sealing/sealer.ts';
import type { Principal } from '../principals/principal.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import {
  isUpstreamError,
  UpstreamError,
  type ElicitationAnswers,
  type JsonObject,
  type Upstream,
  type UpstreamFailure,
  type UpstreamMethod,
} from '../upstreams/upstream.ts';
import { isObject, withoutReservedMeta } from './definitions.ts';
import { shownResult } from './results.ts';

/** What the gateway needs to know of the request that it serves. */
export interface CallerRequest {
  readonly principal: Principal;
  /** Address of the caller, as API Gateway saw it. */
  readonly sourceIp: string;
  readonly requestId: string;
  /** Drawbridges that the request went through. */
  readonly hops: number;
  readonly trace?: Readonly<Record<string, string>> | undefined;
  /** Ends with the caller's interest. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((params: JsonObject) => void) | undefined;
  readonly onLog?: ((params: JsonObject) => void) | undefined;
  /** Hears why an upstream gave no result. */
  readonly onUpstreamFailed?: ((failure: UpstreamFailure) => void) | undefined;
  /** What the caller wants to hear of logs, for upstreams that take it per request. */
  readonly logLevel?: string | undefined;
  /** What the caller can be asked for, as far as upstreams may know. Absent: it does not understand `input_required`. */
  readonly capabilities?: JsonObject | undefined;
  /** What the caller sent back of an `input_required` result. */
  readonly inputResponses?: JsonObject | undefined;
  readonly requestState?: string | undefined;
}

/** How a request to an upstream ended. */
export type Forwarded =
  | { readonly kind: 'result'; readonly result: JsonObject }
  /** The upstream's own JSON-RPC error. */
  | {
      readonly kind: 'rpc-error';
      readonly code: number;
      readonly message: string;
      /** Of -32021: what the caller would have to declare. */
      readonly requiredCapabilities?: JsonObject;
    }
  /** The upstream could not answer; the text is for the caller. */
  | { readonly kind: 'failed'; readonly text: string }
  /** A `requestState` that was not made for this call, or is too old. */
  | { readonly kind: 'bad-state' };

export interface ForwardTo {
  readonly spec: UpstreamSpec;
  readonly upstream: Upstream;
  readonly method: UpstreamMethod;
  readonly params: JsonObject;
  readonly repeatable: boolean;
  /** Longest answer, bytes of JSON. */
  readonly maxResultBytes: number;
  readonly tool?: JsonObject | undefined;
}

/** What travels with the client between two attempts at a call that asks for input. */
interface PendingInput {
  /** Who may come back with it, and to what. */
  readonly bound: string;
  /** Of an upstream of 2025: what the user answered so far, and the keys that were asked now. */
  readonly answers: ElicitationAnswers;
  readonly asked: readonly string[];
  /** Of an upstream of 2026: its own state. */
  readonly state: string | null;
  readonly native: boolean;
}

const inputLifetimeSeconds = 15 * 60;
const longestMessage = 500;
/** MissingRequiredClientCapability (MCP 2026-07-28, schema). */
const missingCapability = -32021;

/** The capability that a client declares who answers this. */
const capabilityByMethod: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

/** Who asked for what, arguments and all: an answer to one question is no answer to another. */
const boundTo = ({ principal }: CallerRequest, { spec, method, params }: ForwardTo): string =>
  createHash('sha256')
    .update(JSON.stringify([principal.tenant, principal.subject, spec.name, method, params]))
    .digest('base64url');

/** Sends one request to one upstream, and says how it ended in the caller's terms. Never throws for the upstream's sake. */
export class Forwarding {
  readonly #sealer: Sealer;

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  async send(caller: CallerRequest, to: ForwardTo): Promise<Forwarded> {
    const pending = await this.#pending(caller, to);
    if (pending === 'bad') return { kind: 'bad-state' };
    try {
      const isNative = pending?.native ?? (await this.#takesAnswers(caller, to));
      const result = await to.upstream.request(this.#request(caller, to, pending, isNative));
      if (result['resultType'] === 'input_required') {
        return await this.#inputRequired(caller, to, pending, result);
      }
      if (Buffer.byteLength(JSON.stringify(result)) > to.maxResultBytes) {
        const text = `The answer of ${to.spec.name} is larger than ${to.maxResultBytes} bytes. Ask for less.`;
        return { kind: 'failed', text };
      }
      const shown = shownResult(to.method, withoutReservedMeta(result));
      if (shown === undefined) {
        throw new UpstreamError('not-mcp', `what came back is no result of ${to.method}`);
      }
      return { kind: 'result', result: shown };
    } catch (error) {
      if (!isUpstreamError(error)) throw error;
      caller.onUpstreamFailed?.(error.failure);
      return failed(error, to.spec, caller);
    }
  }

  /** Whether answers that come without a state are the upstream's to judge: one of 2026 may need no state. */
  async #takesAnswers(caller: CallerRequest, to: ForwardTo): Promise<boolean> {
    return caller.inputResponses !== undefined && (await this.#isModern(caller, to));
  }

  async #isModern(caller: CallerRequest, to: ForwardTo): Promise<boolean> {
    const { era } = await to.upstream.facts({
      ...this.#request(caller, to, undefined, false),
      timeoutMs: to.spec.listTimeoutMs,
    });
    return era === 'modern';
  }

  #request(
    caller: CallerRequest,
    to: ForwardTo,
    pending: PendingInput | undefined,
    isNative: boolean,
  ) {
    const { principal, inputResponses = {}, capabilities = {} } = caller;
    const answers = [
      ...(pending?.answers ?? []),
      ...(pending?.asked ?? []).flatMap((key) => {
        const answer = inputResponses[key];
        return isObject(answer) ? [answer] : [];
      }),
    ];
    return {
      method: to.method,
      params: {
        ...to.params,
        ...(caller.logLevel === undefined
          ? {}
          : { _meta: { 'io.modelcontextprotocol/logLevel': caller.logLevel } }),
        ...(isNative
          ? {
              inputResponses,
              ...(typeof pending?.state === 'string' ? { requestState: pending.state } : {}),
            }
          : {}),
      },
      tenant: principal.tenant,
      requestId: caller.requestId,
      hops: caller.hops,
      trace: caller.trace,
      timeoutMs: to.spec.timeoutMs,
      signal: caller.signal ?? new AbortController().signal,
      repeatable: to.repeatable,
      onProgress: caller.onProgress,
      onLog: caller.onLog,
      elicitation: 'elicitation' in capabilities ? { answers } : undefined,
      capabilities: Object.keys(capabilities).length === 0 ? undefined : capabilities,
      tool: to.tool,
    };
  }

  async #pending(caller: CallerRequest, to: ForwardTo): Promise<PendingInput | 'bad' | undefined> {
    if (caller.requestState === undefined) return undefined;
    const opened = (await this.#sealer.open('input', caller.requestState)) as
      PendingInput | undefined;
    // Sealed by us, so of this shape; it is the binding that a replay would get wrong.
    return opened?.bound === boundTo(caller, to) ? opened : 'bad';
  }

  async #inputRequired(
    caller: CallerRequest,
    to: ForwardTo,
    pending: PendingInput | undefined,
    result: JsonObject,
  ): Promise<Forwarded> {
    const { requestState } = result;
    const inputRequests = isObject(result['inputRequests']) ? result['inputRequests'] : {};
    if (!canAnswer(caller, inputRequests)) return { kind: 'failed', text: needsInput(to.spec) };
    const asked = Object.keys(inputRequests);
    const answered = (pending?.asked ?? []).flatMap((key) => {
      const answer = caller.inputResponses?.[key];
      return isObject(answer) ? [answer] : [];
    });
    const next: PendingInput = {
      bound: boundTo(caller, to),
      answers: [...(pending?.answers ?? []), ...answered],
      asked,
      state: typeof requestState === 'string' ? requestState : null,
      native: await this.#isModern(caller, to),
    };
    const sealed = await this.#sealer.seal('input', next, inputLifetimeSeconds);
    return { kind: 'result', result: { ...withoutReservedMeta(result), requestState: sealed } };
  }
}

export const unreachable = ({ name }: UpstreamSpec, requestId: string): Forwarded => ({
  kind: 'failed',
  text: `${name} cannot be reached now. Request ${requestId}.`,
});

/** Nobody is asked for what their client did not declare (MCP 2026-07-28, basic/patterns/mrtr). */
const canAnswer = ({ capabilities }: CallerRequest, inputRequests: JsonObject): boolean =>
  capabilities !== undefined &&
  Object.values(inputRequests).every(
    (asked) =>
      isObject(asked) && (capabilityByMethod[String(asked['method'])] ?? '') in capabilities,
  );

const needsInput = ({ name }: UpstreamSpec): string =>
  `${name} asks its user for input, and this client cannot be asked: that takes protocol 2026-07-28 with elicitation.`;

const rpcError = ({ rpc }: UpstreamError, spec: UpstreamSpec, caller: CallerRequest): Forwarded => {
  const { code, message, data } = rpc ?? { code: -32603, message: 'Internal error' };
  const required = isObject(data) ? data['requiredCapabilities'] : undefined;
  // A client of 2025 knows no such error, and declares nothing that could be passed on.
  if (code === missingCapability && caller.capabilities === undefined) {
    return { kind: 'failed', text: needsInput(spec) };
  }
  return {
    kind: 'rpc-error',
    code,
    message: message.slice(0, longestMessage),
    ...(code === missingCapability && isObject(required) ? { requiredCapabilities: required } : {}),
  };
};

const failed = (error: UpstreamError, spec: UpstreamSpec, caller: CallerRequest): Forwarded => {
  const { requestId } = caller;
  const { name, timeoutMs } = spec;
  switch (error.failure) {
    case 'rpc':
      return rpcError(error, spec, caller);
    case 'needs-input':
      return { kind: 'failed', text: needsInput(spec) };
    case 'timeout':
      return {
        kind: 'failed',
        text: `${name} did not answer within ${timeoutMs / 1000} seconds. Request ${requestId}.`,
      };
    case 'too-large':
      return { kind: 'failed', text: `The answer of ${name} is too large. Ask for less.` };
    case 'aborted':
      return { kind: 'failed', text: 'The call was cancelled.' };
    case 'crashed':
      return {
        kind: 'failed',
        text: `${name} stopped while it ran this call. Request ${requestId}.`,
      };
    case 'unauthorized':
    case 'misconfigured':
      return {
        kind: 'failed',
        text: `${name} does not accept this gateway: its operator has to look. Request ${requestId}.`,
      };
    case 'not-mcp':
      return {
        kind: 'failed',
        text: `${name} gave an answer that is not MCP. Request ${requestId}.`,
      };
    default:
      return unreachable(spec, requestId);
  }
};

import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from '../aws/aws-client.ts';
import { FunctionError, type InvokeFunction } from '../aws/invoke-function.ts';
import { ByteLines, LineTooLongError } from './byte-lines.ts';
import { AllPlacesTaken } from './not-sent.ts';
import { sandboxLine, type SandboxCall, type SandboxLine } from './sandbox-protocol.ts';
import type { UpstreamOfKind } from './upstream-spec.ts';
import {
  UpstreamError,
  type JsonObject,
  type Upstream,
  type UpstreamFacts,
  type UpstreamRequest,
} from './upstream.ts';

export interface SandboxUpstreamOptions {
  readonly spec: UpstreamOfKind<'sandbox'>;
  readonly functionName: string;
  readonly invoke: InvokeFunction;
  /** Fills the secrets in. @throws UpstreamError, or any error: then the upstream is `misconfigured`. */
  readonly resolve: (
    values: Readonly<Record<string, string>>,
  ) => Promise<Readonly<Record<string, string>>>;
  /** Of one answer, notifications and all. */
  readonly maxBytes: number;
}

/** The sandbox gives a call up this much earlier than its caller: its word for the failure is the better one. */
const earlierMs = 250;

/** How long the rest of an answer is waited for, in the background, so that the connection can be used again. */
const drainMs = 2_000;

const firstPauseMs = 50;
const longestPauseMs = 1_000;

type Asked = Omit<UpstreamRequest, 'method' | 'params' | 'repeatable'>;

/** A stdio server in a Lambda function of its own. Each tenant has execution environments of its own there. */
export class SandboxUpstream implements Upstream {
  readonly #options: SandboxUpstreamOptions;

  constructor(options: SandboxUpstreamOptions) {
    this.#options = options;
  }

  async facts(request: Asked): Promise<UpstreamFacts> {
    return (await this.#call('facts', {}, request)) as unknown as UpstreamFacts;
  }

  async request(request: UpstreamRequest): Promise<JsonObject> {
    return this.#call(request.method, request.params, request);
  }

  async close(): Promise<void> {
    // The function keeps its server by itself.
  }

  /** A call that finds all places of the sandbox taken was not run: it waits for one until its time is up. */
  async #call(method: string, params: JsonObject, request: Asked): Promise<JsonObject> {
    const deadline = performance.now() + request.timeoutMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      const timeoutMs = Math.max(1, Math.ceil(deadline - performance.now()));
      try {
        return await this.#invoke(method, params, { ...request, timeoutMs });
      } catch (error) {
        // Not all who wait come back at once.
        const waitMs = pauseMs * (0.5 + Math.random());
        if (!(error instanceof AllPlacesTaken) || deadline - performance.now() < 2 * waitMs) {
          throw error;
        }
        await sleep(waitMs, undefined, { signal: request.signal }).catch(() => {
          throw aborted();
        });
      }
    }
  }

  async #invoke(method: string, params: JsonObject, request: Asked): Promise<JsonObject> {
    const { spec, functionName, invoke, maxBytes } = this.#options;
    if (request.signal.aborted) throw aborted();
    const timeoutMs = Math.max(1, request.timeoutMs - earlierMs);
    const deadline = AbortSignal.timeout(request.timeoutMs);
    const drained = new AbortController();
    const call: SandboxCall = {
      method,
      params,
      env: await this.#environment(spec.env),
      timeoutMs,
      progress: request.onProgress !== undefined,
      log: request.onLog !== undefined,
      ...(request.elicitation === undefined
        ? {}
        : { elicitation: { answers: [...request.elicitation.answers] } }),
      ...(request.capabilities === undefined ? {} : { capabilities: request.capabilities }),
      ...(request.trace === undefined ? {} : { trace: request.trace }),
      requestId: request.requestId,
    };
    const signal = AbortSignal.any([request.signal, deadline, drained.signal]);
    const answer = invoke({
      functionName,
      tenantId: request.tenant,
      payload: JSON.stringify(call),
      signal,
    })[Symbol.asyncIterator]();
    let isOver = false;
    try {
      for await (const line of linesOf(answer, maxBytes)) {
        if (line.type === 'progress') request.onProgress?.(line.params);
        else if (line.type === 'log') request.onLog?.(line.params);
        else {
          isOver = true;
          void drain(answer, drained);
          return outcomeOf(line);
        }
      }
      throw new UpstreamError('crashed', 'The sandbox ended its answer without a result.');
    } catch (error) {
      if (isOver) throw error;
      drained.abort();
      if (request.signal.aborted) throw aborted();
      if (deadline.aborted) {
        throw new UpstreamError('timeout', 'The sandbox did not answer in time.', { cause: error });
      }
      throw failureOf(error);
    }
  }

  async #environment(values: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    try {
      return { ...(await this.#options.resolve(values)) };
    } catch (cause) {
      if (cause instanceof UpstreamError) throw cause;
      throw new UpstreamError('misconfigured', 'A secret of the sandbox cannot be read.', {
        cause,
      });
    }
  }
}

const aborted = (): UpstreamError => new UpstreamError('aborted', 'The call was given up.');

const parsed = (text: string): SandboxLine => {
  try {
    return sandboxLine.parse(JSON.parse(text));
  } catch {
    // Not the error itself: it would quote what the server wrote.
    throw new UpstreamError('crashed', 'The sandbox answered with something else than its lines.');
  }
};

/** The lines of an answer. Left early, it leaves the answer open. @throws UpstreamError, LineTooLongError */
const linesOf = async function* (
  answer: AsyncIterator<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<SandboxLine, void> {
  const lines = new ByteLines(maxBytes);
  let bytes = 0;
  for (;;) {
    const next = await answer.next();
    if (next.done === true) return;
    const { buffer, byteOffset, length } = next.value;
    bytes += length;
    if (bytes > maxBytes) throw new LineTooLongError('the answer is too long');
    for (const text of lines.read(Buffer.from(buffer, byteOffset, length))) yield parsed(text);
  }
};

type LastLine = Extract<SandboxLine, { type: 'result' | 'error' }>;

/** @throws UpstreamError */
const outcomeOf = (line: LastLine): JsonObject => {
  if (line.type === 'result') return line.result;
  const { failure, message, rpc } = line;
  throw new UpstreamError(failure, message, rpc === undefined ? {} : { rpc });
};

/** Reads an answer to its end, or ends it: a connection that is left in the midst of one is lost. */
const drain = async (
  answer: AsyncIterator<Uint8Array>,
  controller: AbortController,
): Promise<void> => {
  const timer = setTimeout(() => controller.abort(), drainMs);
  try {
    while ((await answer.next()).done !== true);
  } catch {
    // The result was there already.
  } finally {
    clearTimeout(timer);
  }
};

const throttled: readonly string[] = ['TooManyRequestsException', 'ThrottlingException'];
const refused: readonly string[] = [
  'AccessDeniedException',
  'ResourceNotFoundException',
  'InvalidParameterValueException',
  'UnrecognizedClientException',
];

const failureOf = (cause: unknown): UpstreamError => {
  if (cause instanceof UpstreamError) return cause;
  if (cause instanceof LineTooLongError) {
    return new UpstreamError('too-large', 'The sandbox answered with too many bytes.', { cause });
  }
  if (cause instanceof FunctionError) {
    if (cause.isTimeout) {
      return new UpstreamError('timeout', "The sandbox's function ran out of time.", { cause });
    }
    return cause.errorCode === 'Function.ResponseSizeTooLarge'
      ? new UpstreamError('too-large', 'The sandbox answered with too many bytes.', { cause })
      : new UpstreamError('crashed', "The sandbox's function failed.", { cause });
  }
  if (cause instanceof AwsError) {
    if (throttled.includes(cause.name)) {
      return new AllPlacesTaken('unreachable', 'Too many calls run in the sandbox.', { cause });
    }
    if (cause.name === 'RequestTooLargeException') {
      return new UpstreamError('too-large', 'The call is too large for the sandbox.', { cause });
    }
    if (refused.includes(cause.name) || cause.status === 403 || cause.status === 404) {
      return new UpstreamError('misconfigured', 'The sandbox may not be called.', { cause });
    }
  }
  return new UpstreamError('unreachable', 'The sandbox cannot be reached.', { cause });
};

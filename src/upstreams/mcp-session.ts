import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/client';
import { openConnection, type ConnectOptions, type Connection } from './mcp-connect.ts';
import { toUpstreamError } from './mcp-failure.ts';
import {
  cancelledMessage,
  isModernHttp,
  isObject,
  listable,
  requestHeaders,
  requestMessage,
  type SessionRequest,
} from './mcp-messages.ts';
import { firstId, PendingCalls, type PendingCall } from './pending-calls.ts';
import { UpstreamError, type JsonObject, type UpstreamFacts } from './upstream.ts';

export type { SessionRequest } from './mcp-messages.ts';

/** How long a server may take to come to rest after it was told that a call is off. */
const restMs = 250;

const aborted = (): UpstreamError => new UpstreamError('aborted', 'The call was given up.');

/**
 * One MCP session over any transport of the SDK. The SDK's client does the handshake; requests go past it, since they are
 * passed on and not understood: results stay as the server wrote them, and the SDK's work on each call is saved. A session
 * that ended stays ended: make another.
 */
export class McpSession {
  /** Called once, when the connection ends for any reason. */
  onClose: (() => void) | undefined;
  readonly #options: ConnectOptions;
  readonly #calls = new PendingCalls();
  #connection: Connection | undefined;
  #closed = false;
  /** Questions of the server that belonged to no call. */
  #strayQuestions = 0;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What the server said of itself; undefined before `connect`. */
  get facts(): UpstreamFacts | undefined {
    return this.#connection?.facts;
  }

  /** @throws UpstreamError */
  async connect(signal: AbortSignal): Promise<UpstreamFacts> {
    if (this.#closed || this.#connection !== undefined) throw new Error('connect is called once');
    try {
      this.#connection = await openConnection(this.#options, signal);
    } catch (error) {
      this.#end();
      throw error;
    }
    const { transport, client, facts } = this.#connection;
    const toClient = transport.onmessage;
    transport.onmessage = (message, extra) => {
      if (!this.#receive(message)) toClient?.(message, extra);
    };
    client.onclose = () => this.#end();
    if (this.#closed) await this.close();
    return facts;
  }

  /**
   * @returns the result as it came.
   * @throws UpstreamError
   */
  async request(request: SessionRequest): Promise<JsonObject> {
    const connection = this.#connection;
    if (connection === undefined || this.#closed) {
      throw new UpstreamError('unreachable', 'The session has ended.');
    }
    if (request.signal.aborted) throw aborted();
    const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
    const call = this.#calls.add(request, { resolve, reject });
    const giveUp = (error: UpstreamError) => {
      if (this.#cancel(call)) reject(error);
    };
    const onAbort = () => giveUp(aborted());
    request.signal.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(
      () => giveUp(new UpstreamError('timeout', 'The upstream did not answer in time.')),
      request.timeoutMs,
    );
    this.#calls.sendFor(call, () => this.#send(connection, call));
    try {
      return listable(await promise, request.method, connection);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.#end();
    await this.#connection?.transport.close().catch(() => undefined);
  }

  #send(connection: Connection, call: PendingCall): void {
    const lost = (error: UpstreamError) => {
      if (this.#calls.remove(call)) call.reject(error);
    };
    connection.transport
      .send(requestMessage(connection, call.request, call.id), {
        headers: requestHeaders(connection, call.request),
        requestSignal: call.stream.signal,
        onRequestStreamEnd: () =>
          lost(new UpstreamError('unreachable', 'The upstream ended its answer too early.')),
      })
      .catch((error: unknown) => lost(toUpstreamError(error)));
  }

  /** @returns whether the message was this session's, and not its client's. */
  #receive(message: JSONRPCMessage): boolean {
    if ('method' in message) return this.#receiveFromServer(message);
    if (typeof message.id !== 'number' || message.id < firstId) return false;
    const call = this.#calls.get(message.id);
    // Without a call nobody waits for it any more.
    if (call !== undefined && this.#calls.remove(call)) settle(call, message);
    return true;
  }

  #receiveFromServer(message: Extract<JSONRPCMessage, { method: string }>): boolean {
    const params = isObject(message.params) ? message.params : {};
    if ('id' in message) {
      if (message.method !== 'elicitation/create' || this.facts?.era !== 'legacy') return false;
      this.#onQuestion(message.id, params);
      return true;
    }
    switch (message.method) {
      case 'notifications/progress': {
        const { progressToken, ...rest } = params;
        this.#calls.get(progressToken)?.request.onProgress?.(rest);
        return true;
      }
      case 'notifications/message':
        this.#calls.related()?.request.onLog?.(params);
        return true;
      default:
        return false;
    }
  }

  /** A server of 2025 asks its user in the midst of a call: answered from an earlier attempt, or the call ends here. */
  #onQuestion(id: RequestId, params: JsonObject): void {
    const call = this.#calls.related();
    const elicitation = call?.request.elicitation;
    const answer = call && elicitation?.answers[call.answered++];
    if (answer !== undefined) {
      this.#answer({ jsonrpc: '2.0', id, result: answer });
      return;
    }
    // An error, and not the user's "cancel": with that a server may go on to ask.
    const error =
      elicitation === undefined
        ? { code: -32601, message: 'The caller cannot be asked for input' }
        : { code: -32603, message: 'The call is off' };
    this.#answer({ jsonrpc: '2.0', id, error });
    if (call === undefined) {
      this.#strayQuestions++;
    } else if (elicitation === undefined) {
      const asks = new UpstreamError('needs-input', 'The upstream asks its user for input.');
      void this.#callOff(call, () => call.reject(asks));
    } else {
      // A caller who has the answer calls anew.
      const name = `input-${elicitation.answers.length + 1}`;
      const inputRequests = { [name]: { method: 'elicitation/create', params } };
      const result = { resultType: 'input_required', inputRequests };
      void this.#callOff(call, () => call.resolve(result));
    }
  }

  /**
   * Ends a call that asked a question. Where calls share one channel the server comes to rest first: what it still asks
   * for this call must not be taken for a question of the next one.
   */
  async #callOff(call: PendingCall, settled: () => void): Promise<void> {
    this.#cancel(call);
    if (this.#connection?.transport.hasPerRequestStream !== true) {
      await this.#calls.holdBack(() => this.#rest());
    }
    settled();
  }

  /** Waits until the server answered twice without a stray question before it, or for `restMs`. */
  async #rest(): Promise<void> {
    const signal = AbortSignal.timeout(restMs);
    for (let calm = 0; calm < 2;) {
      const before = this.#strayQuestions;
      try {
        await this.request({ method: 'ping', params: {}, timeoutMs: restMs, signal });
      } catch (error) {
        // An error is an answer, too. Silence is for the call's owner to see.
        if (!(error instanceof UpstreamError) || error.failure !== 'rpc') return;
      }
      calm = this.#strayQuestions === before ? calm + 1 : 0;
    }
  }

  #answer(message: JSONRPCMessage): void {
    this.#connection?.transport.send(message).catch(() => undefined);
  }

  /** Tells the server that a call is off, as its era and transport have it. @returns false when it was over. */
  #cancel(call: PendingCall): boolean {
    const connection = this.#connection;
    if (!this.#calls.remove(call) || connection === undefined) return false;
    const { facts, transport } = connection;
    if (isModernHttp(facts, transport)) {
      call.stream.abort();
    } else {
      transport
        .send(cancelledMessage(connection, call.id))
        .catch(() => undefined)
        .finally(() => call.stream.abort());
    }
    return true;
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    const waiting = this.#calls.removeAll();
    this.onClose?.();
    for (const { reject } of waiting) {
      reject(new UpstreamError('unreachable', 'The connection to the upstream ended.'));
    }
  }
}

const notMcp = (): UpstreamError =>
  new UpstreamError('not-mcp', 'The upstream did not answer as MCP asks.');

const settle = ({ resolve, reject }: PendingCall, message: JSONRPCMessage): void => {
  if ('result' in message) {
    if (isObject(message.result)) resolve(message.result);
    else reject(notMcp());
    return;
  }
  const { code, message: text, data } = 'error' in message ? message.error : {};
  if (!Number.isInteger(code) || typeof text !== 'string') {
    reject(notMcp());
    return;
  }
  const rpc = { code: Number(code), message: text, ...(data === undefined ? {} : { data }) };
  reject(new UpstreamError('rpc', 'The upstream answered with an error.', { rpc }));
};

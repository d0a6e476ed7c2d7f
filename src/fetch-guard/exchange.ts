import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { GuardAgent, GuardedRequestOptions } from './guard-agent.ts';
import { GuardError } from './guard-error.ts';
import type { Target } from './target.ts';

export interface Outgoing {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

export interface ExchangeLimits {
  /** Resolving, connecting and TLS, milliseconds. */
  readonly connectMs: number;
  /** All of them, before the answer's body begins; milliseconds. */
  readonly headersMs: number;
  readonly maxHeaderBytes: number;
}

const timedOut = (sent: boolean): GuardError =>
  new GuardError('timeout', 'The host took too long', { sent });

/** Calls `connected` when the request can go out: at once on a connection that was open already. */
const onceConnected = (outgoing: ClientRequest, tls: boolean, connected: () => void): void => {
  outgoing.once('socket', (socket) => {
    if (outgoing.reusedSocket || !socket.connecting) connected();
    // A socket in place of a TLS connection has only the plain event.
    else socket.once(tls && 'encrypted' in socket ? 'secureConnect' : 'connect', connected);
  });
};

/**
 * Sends one request, and resolves with the answer when its headers are there. The body is the caller's to read and to
 * limit. `signal` ends the exchange at any time, the body included, by closing the connection.
 *
 * @throws GuardError, or what `signal` was aborted for
 */
export const exchange = (
  target: Target,
  agent: GuardAgent,
  { method, headers, body }: Outgoing,
  { connectMs, headersMs, maxHeaderBytes }: ExchangeLimits,
  signal: AbortSignal,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    agent.closeStale(target);
    let sent = false;
    const options: GuardedRequestOptions = {
      target,
      agent,
      method,
      host: target.hostname,
      port: target.port,
      path: `${target.url.pathname}${target.url.search}`,
      headers: {
        ...headers,
        host: target.url.host,
        'accept-encoding': 'identity',
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
      maxHeaderSize: maxHeaderBytes,
    };
    const outgoing = request(options);

    const settle = (end: () => void): void => {
      clearTimeout(connecting);
      clearTimeout(waiting);
      end();
    };
    const fail = (error: Error): void => {
      settle(() => reject(error));
      outgoing.destroy();
    };
    const connecting = setTimeout(() => fail(timedOut(false)), connectMs);
    const waiting = setTimeout(() => fail(timedOut(sent)), headersMs);
    const abort = (): void => fail(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    outgoing.once('close', () => signal.removeEventListener('abort', abort));

    onceConnected(outgoing, target.tls, () => {
      sent = true;
      clearTimeout(connecting);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error instanceof GuardError) return fail(error);
      fail(
        error.code === 'HPE_HEADER_OVERFLOW'
          ? new GuardError('too-large', 'The answer is too large', { cause: error, sent })
          : new GuardError('unreachable', 'The host could not be reached', { cause: error, sent }),
      );
    });
    outgoing.once('response', (response) => {
      agent.noteKeepAlive(response.socket, response.headersDistinct['keep-alive']?.[0]);
      if ((response.headers['content-encoding'] ?? 'identity') !== 'identity') {
        fail(
          new GuardError('encoding', 'The answer is compressed, which was not asked for', { sent }),
        );
        return;
      }
      settle(() => resolve(response));
    });
    outgoing.end(body);
  });

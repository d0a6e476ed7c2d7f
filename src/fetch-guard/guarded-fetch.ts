import type { IncomingMessage } from 'node:http';
import { exchange } from './exchange.ts';
import { GuardAgent, type GuardAgentOptions } from './guard-agent.ts';
import { GuardError } from './guard-error.ts';
import { targetOf } from './target.ts';

export interface GuardOptions extends GuardAgentOptions {
  /** From resolving to the last byte. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  /**
   * Origins (`http://127.0.0.1:9000`) that may be this machine, by any scheme and port. For local use.
   * @default none
   */
  readonly loopbackOrigins?: readonly string[];
}

export interface GuardedRequest {
  /** @default GET */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A redirect is an answer like any other: it is not followed. */
export interface GuardedResponse {
  readonly status: number;
  /** The first value of each header, by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export type GuardedFetch = (url: string, request?: GuardedRequest) => Promise<GuardedResponse>;

const maxHeaderBytes = 16_384;

const readCapped = async (response: IncomingMessage, maxBytes: number): Promise<string> => {
  const tooLarge = () => new GuardError('too-large', 'The answer is too large', { sent: true });
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const headersOf = ({ headersDistinct }: IncomingMessage): ReadonlyMap<string, string> =>
  new Map(Object.entries(headersDistinct).map(([name, values]) => [name, values?.[0] ?? '']));

/**
 * Makes a small `fetch` for URLs that a stranger chose. It goes to public addresses over https at port 443 only, connects
 * to the very address it looked at (so a name cannot be rebound in between), follows no redirect, keeps no connection,
 * and gives up after a time and a size. Without the web's Request and Response, which cost a cold start 20 ms.
 *
 * @throws GuardError from the function it returns.
 */
export const createGuardedFetch = (options: GuardOptions): GuardedFetch => {
  const { timeoutMs, maxResponseBytes, loopbackOrigins } = options;
  const agent = new GuardAgent(options, { keepAlive: false });
  const limits = { connectMs: timeoutMs, headersMs: timeoutMs, maxHeaderBytes };

  return async (url, { method = 'GET', headers = {}, body } = {}) => {
    const target = targetOf(url, { loopbackOrigins });
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await exchange(target, agent, { method, headers, body }, limits, signal).catch(
      (error: unknown) => {
        throw error instanceof GuardError ? error : timeout(error);
      },
    );
    try {
      const text = await readCapped(response, maxResponseBytes);
      return { status: response.statusCode ?? 0, headers: headersOf(response), body: text };
    } catch (error) {
      response.destroy();
      if (error instanceof GuardError) throw error;
      throw signal.aborted
        ? timeout(error)
        : new GuardError('unreachable', 'The host broke off', { cause: error, sent: true });
    }
  };
};

const timeout = (cause: unknown): GuardError =>
  new GuardError('timeout', 'The host took too long', { cause, sent: true });

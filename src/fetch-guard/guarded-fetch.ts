import { lookup } from 'node:dns/promises';
import { request, type IncomingMessage } from 'node:http';
import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { isLoopbackAddress, isPublicAddress } from './public-address.ts';

/** Why a guarded request was not made, or gave nothing. Stable: callers and logs key on these. */
export type GuardRefusal =
  'url' | 'address' | 'unresolvable' | 'unreachable' | 'timeout' | 'too-large' | 'encoding';

/** `message` is fixed text and names no address, so it tells a caller nothing about the network behind the guard. */
export class GuardError extends Error {
  override readonly name = 'GuardError';
  readonly code: GuardRefusal;
  constructor(code: GuardRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Where a connection goes: to an address that was looked at, in the name of the host that was asked for. */
export interface ConnectTarget {
  readonly address: string;
  readonly port: number;
  readonly hostname: string;
  readonly tls: boolean;
}

export type Resolve = (hostname: string) => Promise<readonly string[]>;
export type Connect = (target: ConnectTarget) => Duplex;

export interface GuardLimits {
  /** From resolving to the last byte. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

export interface GuardOptions extends GuardLimits {
  /**
   * Origins (`http://127.0.0.1:9000`) that may be this machine, by any scheme and port. For local use.
   * @default none
   */
  readonly loopbackOrigins?: readonly string[];
  /** @default the system's resolver */
  readonly resolve?: Resolve;
  /** @default a TLS connection that checks the certificate against the host name */
  readonly connect?: Connect;
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

// IPv4 first: a function outside a VPC has no way out over IPv6.
const systemResolve: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true, order: 'ipv4first' })).map(({ address }) => address);

const directConnect: Connect = ({ address, port, hostname, tls }) =>
  tls
    ? connectTls({ host: address, port, servername: hostname, ALPNProtocols: ['http/1.1'] })
    : connectTcp({ host: address, port });

interface Target {
  readonly url: URL;
  readonly hostname: string;
  readonly port: number;
  readonly isAllowed: (address: string) => boolean;
}

const targetOf = (text: string, loopbackOrigins: readonly string[]): Target => {
  if (!URL.canParse(text)) throw new GuardError('url', 'This is not a URL');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new GuardError('url', 'The URL must not hold a user name or password');
  }
  const hostname = url.hostname.replace(/^\[(.*)\]$/u, '$1');
  if (loopbackOrigins.includes(url.origin)) {
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
    return { url, hostname, port, isAllowed: isLoopbackAddress };
  }
  // The parser drops a port that is the scheme's own.
  if (url.protocol !== 'https:' || url.port !== '') {
    throw new GuardError('url', 'The URL must be https, at port 443');
  }
  if (isIP(hostname) !== 0) throw new GuardError('url', 'The host must be a name');
  return { url, hostname, port: 443, isAllowed: isPublicAddress };
};

const addressOf = async ({ hostname, isAllowed }: Target, resolve: Resolve): Promise<string> => {
  const addresses =
    isIP(hostname) === 0
      ? await resolve(hostname).catch((cause: unknown) => {
          throw new GuardError('unresolvable', 'The host could not be found', { cause });
        })
      : [hostname];
  const [first] = addresses;
  if (first === undefined) throw new GuardError('unresolvable', 'The host could not be found');
  // One private address among public ones is how a name is rebound: none of them is used then.
  if (!addresses.every(isAllowed)) {
    throw new GuardError('address', 'The host is not on the public internet');
  }
  return first;
};

const readCapped = async (response: IncomingMessage, maxBytes: number): Promise<string> => {
  const tooLarge = () => new GuardError('too-large', 'The answer is too large');
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

/** Rejects with what `signal` was aborted for, whatever `work` is still waiting for. */
const untilAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    work.then(resolve, reject);
  });

/**
 * Makes a `fetch` for URLs that somebody else chose. It goes to public addresses over https at port 443 only, connects
 * to the very address it looked at (so a name cannot be rebound in between), follows no redirect, and gives up after
 * a time and a size.
 *
 * @throws GuardError from the function it returns.
 */
export const createGuardedFetch = (options: GuardOptions): GuardedFetch => {
  const { timeoutMs, maxResponseBytes, loopbackOrigins = [] } = options;
  const { resolve = systemResolve, connect = directConnect } = options;

  const send = (
    { url, hostname, port }: Target,
    address: string,
    { method = 'GET', headers = {}, body }: GuardedRequest,
    signal: AbortSignal,
  ): Promise<GuardedResponse> =>
    new Promise((settle, reject) => {
      const outgoing = request({
        method,
        path: `${url.pathname}${url.search}`,
        headers: {
          ...headers,
          host: url.host,
          'accept-encoding': 'identity',
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
        createConnection: () =>
          connect({ address, port, hostname, tls: url.protocol === 'https:' }),
        signal,
      });
      outgoing.on('response', (response) => {
        if ((response.headers['content-encoding'] ?? 'identity') !== 'identity') {
          response.destroy();
          reject(new GuardError('encoding', 'The answer is compressed, which was not asked for'));
          return;
        }
        readCapped(response, maxResponseBytes).then(
          (text) =>
            settle({ status: response.statusCode ?? 0, headers: headersOf(response), body: text }),
          (error: Error) => {
            response.destroy();
            reject(error);
          },
        );
      });
      outgoing.on('error', reject).end(body);
    });

  return async (text, guarded = {}) => {
    const target = targetOf(text, loopbackOrigins);
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const address = await untilAborted(addressOf(target, resolve), signal);
      return await untilAborted(send(target, address, guarded, signal), signal);
    } catch (error) {
      if (error instanceof GuardError) throw error;
      throw signal.aborted
        ? new GuardError('timeout', 'The host took too long', { cause: error })
        : new GuardError('unreachable', 'The host could not be reached', { cause: error });
    }
  };
};

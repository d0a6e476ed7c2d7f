import { Agent, type AgentOptions, type ClientRequestArgs, type RequestOptions } from 'node:http';
import { connect as connectTcp, isIP, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { addressesOf, systemResolve, type Resolve, type Target } from './target.ts';

/** Where a connection goes: to addresses that were looked at, in the name of the host that was asked for. */
export interface ConnectTarget {
  /** In the order of trying; at least one. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly hostname: string;
  readonly tls: boolean;
}

export type Connect = (target: ConnectTarget) => Duplex;

/** Finds the same addresses whatever it is asked for. */
const pinned =
  (addresses: readonly string[]): LookupFunction =>
  (_hostname, options, callback) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first] = found;
    if (options.all === true || first === undefined) callback(null, found);
    else callback(null, first.address, first.family);
  };

export const directConnect: Connect = ({ addresses, port, hostname, tls }) => {
  const to = { host: hostname, port, lookup: pinned(addresses), autoSelectFamily: true };
  return tls
    ? connectTls({
        ...to,
        ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
        ALPNProtocols: ['http/1.1'],
      })
    : connectTcp(to);
};

export interface GuardAgentOptions {
  /** @default the system's resolver */
  readonly resolve?: Resolve | undefined;
  /** @default a TLS connection that checks the certificate against the host name */
  readonly connect?: Connect | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** What the agent is told with each request. */
export type GuardedRequestOptions = RequestOptions & { readonly target: Target };

/**
 * A server closes what was idle for longer than it likes, and a function that was frozen learns of it too late. Five
 * seconds is what Node and uvicorn wait when they do not say.
 */
const defaultIdleMs = 4_000;
const maxIdleMs = 55_000;

/** Connections of one guard: each new one goes to addresses that were looked at for it. */
export class GuardAgent extends Agent {
  readonly #resolve: Resolve;
  readonly #connect: Connect;
  readonly #now: () => number;
  readonly #idle = new WeakMap<Duplex, { readonly since: number; readonly limitMs: number }>();

  constructor(
    { resolve = systemResolve, connect = directConnect, now = Date.now }: GuardAgentOptions,
    agent: AgentOptions,
  ) {
    super(agent);
    this.#resolve = resolve;
    this.#connect = connect;
    this.#now = now;
  }

  override createConnection(
    options: ClientRequestArgs,
    callback: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { target } = options as GuardedRequestOptions;
    const { hostname, port, tls } = target;
    addressesOf(target, this.#resolve).then(
      (addresses) => callback(null, this.#connect({ addresses, port, hostname, tls })),
      // Node's type knows no callback without a stream; its documentation does.
      (error: Error) => (callback as (error: Error) => void)(error),
    );
  }

  // Both schemes may share a host and port: what was asked for over TLS must not go over an open connection.
  override getName(options?: ClientRequestArgs & Partial<GuardedRequestOptions>): string {
    const target = options?.target;
    return target === undefined ? super.getName(options) : target.url.origin;
  }

  override keepSocketAlive(stream: Duplex): boolean {
    this.#idle.set(stream, {
      since: this.#now(),
      limitMs: this.#idle.get(stream)?.limitMs ?? defaultIdleMs,
    });
    // Documented to return one.
    return super.keepSocketAlive(stream) as unknown as boolean;
  }

  /** Takes the server at its word (`Keep-Alive: timeout=…`), less a second for the way. */
  noteKeepAlive(stream: Duplex, header: string | undefined): void {
    const seconds = /(?:^|[,;\s])timeout=(\d{1,6})/iu.exec(header ?? '')?.[1];
    if (seconds === undefined) return;
    const limitMs = Math.max(0, Math.min(Number(seconds) * 1_000 - 1_000, maxIdleMs));
    this.#idle.set(stream, { since: this.#now(), limitMs });
  }

  /** Closes connections that the server has probably closed. Timers cannot: they stand still while frozen. */
  closeStale(target: Target): void {
    for (const socket of this.freeSockets[target.url.origin] ?? []) {
      const idle = this.#idle.get(socket);
      if (idle !== undefined && this.#now() - idle.since > idle.limitMs) socket.destroy();
    }
  }
}

import {
  Client,
  SdkError,
  SdkErrorCode,
  type Transport,
  type VersionNegotiationOptions,
} from '@modelcontextprotocol/client';
import { toUpstreamError } from './mcp-failure.ts';
import { UpstreamError, type JsonObject, type UpstreamFacts } from './upstream.ts';

export const clientInfo = { name: 'drawbridge', version: '1' } as const;

/** What a server of 2025 is offered. Sampling and roots are not: it would ask in the midst of a call. */
const elicitationCapability = { elicitation: { form: {} } } as const;

/** `auto` asks by `server/discover` and falls back to `initialize`. */
export type SessionMode = 'auto' | 'legacy' | 'modern';

export interface ConnectOptions {
  /** A fresh, unstarted transport. A stdio server that dies of an unknown first request needs a second one. */
  readonly createTransport: () => Transport;
  readonly mode: SessionMode;
  /** For the whole handshake, whatever it takes. */
  readonly connectTimeoutMs: number;
}

export interface Connection {
  readonly transport: Transport;
  readonly client: Client;
  readonly facts: UpstreamFacts & { readonly era: 'legacy' | 'modern' };
  readonly protocolVersion: string;
}

/** The SDK knows a transport to a child process by these, and so do we. */
const isStdio = (transport: Transport): boolean => 'pid' in transport && 'stderr' in transport;

/**
 * How long a child may take for `server/discover` before it is a legacy server that stays silent: its start is in it. A
 * deployed HTTP server always answers something.
 */
const silentProbeMs = 5_000;

const negotiationOf = (
  mode: SessionMode,
  transport: Transport,
  timeoutMs: number,
): VersionNegotiationOptions => {
  if (mode === 'legacy') return { mode: 'legacy' };
  const probe = {
    timeoutMs:
      mode === 'auto' && isStdio(transport) ? Math.min(silentProbeMs, timeoutMs / 2) : timeoutMs,
  };
  return { mode: mode === 'auto' ? 'auto' : { pin: '2026-07-28' }, probe };
};

const handshake = async (
  createTransport: () => Transport,
  mode: SessionMode,
  deadline: number,
  signal: AbortSignal,
): Promise<Connection> => {
  const timeout = Math.max(1, Math.ceil(deadline - performance.now()));
  const transport = createTransport();
  const client = new Client(clientInfo, {
    capabilities: elicitationCapability,
    versionNegotiation: negotiationOf(mode, transport, timeout),
  });
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(signal.reason as Error);
  signal.addEventListener('abort', giveUp, { once: true });
  const connected = client.connect(transport, { timeout });
  try {
    await Promise.race([connected, givenUp]);
  } catch (error) {
    connected.catch(() => undefined);
    await transport.close().catch(() => undefined);
    throw toUpstreamError(error);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
  const instructions = client.getInstructions();
  const serverInfo = client.getServerVersion() as JsonObject | undefined;
  return {
    transport,
    client,
    protocolVersion: client.getNegotiatedProtocolVersion() ?? '',
    facts: {
      capabilities: client.getServerCapabilities() ?? {},
      ...(instructions === undefined ? {} : { instructions }),
      ...(serverInfo === undefined ? {} : { serverInfo }),
      era: client.getProtocolEra() === 'modern' ? 'modern' : 'legacy',
    },
  };
};

/** The other way to begin, when `auto` failed on a child process in a way that another way may not. */
const secondMode = (error: UpstreamError): SessionMode | undefined => {
  const { cause } = error;
  // It died of the probe: servers of some SDKs end at any request before initialize.
  if (cause instanceof SdkError && cause.code === SdkErrorCode.EraNegotiationFailed) {
    return 'legacy';
  }
  // It was too slow for the probe, and refused initialize.
  return error.failure === 'not-mcp' ? 'modern' : undefined;
};

/**
 * Starts a session: transport, handshake, protocol era.
 * @throws UpstreamError
 */
export const openConnection = async (
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Connection> => {
  if (signal.aborted) throw new UpstreamError('aborted', 'The call was given up.');
  const deadline = performance.now() + options.connectTimeoutMs;
  let overStdio = false;
  const createTransport = () => {
    const transport = options.createTransport();
    overStdio = isStdio(transport);
    return transport;
  };
  const ended = new AbortController();
  const onAbort = () => ended.abort(new UpstreamError('aborted', 'The call was given up.'));
  const timer = setTimeout(
    () => ended.abort(new UpstreamError('timeout', 'The upstream did not start in time.')),
    options.connectTimeoutMs,
  );
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await handshake(createTransport, options.mode, deadline, ended.signal);
  } catch (error) {
    const mode =
      options.mode === 'auto' && overStdio ? secondMode(error as UpstreamError) : undefined;
    if (mode === undefined || ended.signal.aborted) throw error;
    return await handshake(createTransport, mode, deadline, ended.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
};

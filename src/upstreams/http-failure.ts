import { GuardError, type GuardRefusal } from '../fetch-guard/guard-error.ts';
import { RequestNotSent } from './not-sent.ts';
import { UpstreamError, type UpstreamFailure } from './upstream.ts';

const failureOf: Record<GuardRefusal, UpstreamFailure> = {
  url: 'misconfigured',
  address: 'misconfigured',
  redirect: 'misconfigured',
  unresolvable: 'unreachable',
  unreachable: 'unreachable',
  timeout: 'timeout',
  'too-large': 'too-large',
  encoding: 'not-mcp',
};

/** What the guard threw, in an upstream's words; another error stays as it is. */
export const ofGuard = (error: unknown): unknown => {
  if (!(error instanceof GuardError)) return error;
  const Kind = error.sent ? UpstreamError : RequestNotSent;
  return new Kind(failureOf[error.code], error.message, { cause: error });
};

/** The upstream wants another credential (401). It did not run the request. */
export class CredentialRefused extends RequestNotSent {
  constructor() {
    super('unauthorized', 'The upstream refused our credential.');
  }
}

/** The upstream forgot the session, or the protocol that was agreed on. It did not run the request. */
export class SessionLost extends RequestNotSent {
  constructor() {
    super('unreachable', 'The upstream forgot the session.');
  }
}

interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

const rpcErrorOf = (text: string): RpcError | undefined => {
  try {
    const { error } = JSON.parse(text) as { error?: Partial<RpcError> };
    if (typeof error?.code !== 'number' || typeof error.message !== 'string') return undefined;
    const { code, message, data } = error;
    return { code, message, ...(data === undefined ? {} : { data }) };
  } catch {
    return undefined;
  }
};

/** MCP 2026-07-28, basic/versioning: it speaks other revisions than we agreed on. */
const unsupportedVersion = -32_022;
/** A server of 2026 never answers with these (MCP 2026-07-28, basic, "Error codes"). */
const isLegacyCode = ({ code }: RpcError): boolean => code <= -32_000 && code >= -32_019;

/** What was asked, as far as the answer's meaning depends on it. */
export interface Asked {
  /** After the handshake. */
  readonly isConnected: boolean;
  readonly hasSessionId: boolean;
  readonly isModern: boolean;
  readonly isSse: boolean;
}

/** What an HTTP status of 400 or more means. */
export const ofStatus = (status: number, text: string, asked: Asked): UpstreamError => {
  if (status === 401) return new CredentialRefused();
  if (status === 403) {
    return new UpstreamError('unauthorized', 'The upstream refused our credential.');
  }
  if (status >= 500 || status === 429 || status === 408) {
    return new UpstreamError('unreachable', `The upstream answered HTTP ${status}.`);
  }
  const rpc = rpcErrorOf(text);
  if (asked.isConnected && isSessionLost(status, rpc, asked)) return new SessionLost();
  return rpc === undefined
    ? new UpstreamError('not-mcp', `The upstream answered HTTP ${status}.`)
    : new UpstreamError('rpc', 'The upstream answered with an error.', { rpc });
};

const isSessionLost = (status: number, rpc: RpcError | undefined, asked: Asked): boolean => {
  // The old transport has no status of its own for it: servers answer 400, 404 or 410.
  if (asked.isSse || rpc?.code === unsupportedVersion) return true;
  if (asked.isModern) return rpc === undefined || isLegacyCode(rpc);
  if (!asked.hasSessionId) return false;
  // Servers that follow the SDK's example answer 400 where the protocol asks for 404.
  return status === 404 || (status === 400 && /session|initializ/iu.test(rpc?.message ?? ''));
};

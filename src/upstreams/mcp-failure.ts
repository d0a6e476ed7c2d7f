import {
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { UpstreamError } from './upstream.ts';

/** An error and what it says it came from: `cause`, or the SDK's own `data.cause`. */
const chainOf = (error: unknown): readonly unknown[] => {
  const chain: unknown[] = [];
  let next = error;
  while (next !== undefined && next !== null && chain.length < 8 && !chain.includes(next)) {
    chain.push(next);
    const { cause, data } = next as { cause?: unknown; data?: { cause?: unknown } };
    next = cause ?? data?.cause;
  }
  return chain;
};

const httpFailure = ({ data }: SdkHttpError, cause: unknown): UpstreamError => {
  const { status } = data;
  if (status === 401 || status === 403) {
    return new UpstreamError('unauthorized', 'The upstream refused our credential.', { cause });
  }
  return status >= 500 || status === 404 || status === 408 || status === 429
    ? new UpstreamError('unreachable', `The upstream answered HTTP ${status}.`, { cause })
    : new UpstreamError('not-mcp', `The upstream answered HTTP ${status}.`, { cause });
};

const sdkFailure = (error: SdkError, cause: unknown): UpstreamError | undefined => {
  switch (error.code) {
    case SdkErrorCode.RequestTimeout:
      return new UpstreamError('timeout', 'The upstream did not answer in time.', { cause });
    case SdkErrorCode.ConnectionClosed:
    case SdkErrorCode.NotConnected:
    case SdkErrorCode.SendFailed:
      return new UpstreamError('unreachable', 'The connection to the upstream ended.', { cause });
    case SdkErrorCode.ClientHttpUnexpectedContent:
    case SdkErrorCode.InvalidResult:
      return new UpstreamError('not-mcp', 'The upstream did not answer as MCP asks.', { cause });
    default:
      return undefined;
  }
};

/**
 * Words what a transport or the SDK's handshake threw. An UpstreamError anywhere in the chain stays as it is: a fetch or
 * a transport of our own may throw one.
 */
export const toUpstreamError = (error: unknown): UpstreamError => {
  const chain = chainOf(error);
  for (const link of chain) {
    if (link instanceof UpstreamError) return link;
    if (link instanceof UnauthorizedError) {
      return new UpstreamError('unauthorized', 'The upstream refused our credential.', {
        cause: error,
      });
    }
    if (link instanceof SdkHttpError) return httpFailure(link, error);
  }
  for (const link of chain) {
    const known = link instanceof SdkError ? sdkFailure(link, error) : undefined;
    if (known !== undefined) return known;
    const notMcp =
      link instanceof ProtocolError ||
      (link instanceof Error && ['SyntaxError', 'ZodError', '$ZodError'].includes(link.name));
    if (notMcp) {
      return new UpstreamError('not-mcp', 'The upstream did not answer as MCP asks.', {
        cause: error,
      });
    }
  }
  return new UpstreamError('unreachable', 'The upstream cannot be reached.', { cause: error });
};

/** Whether a stateful server forgot the session (MCP 2025-11-25, transports, "Session Management"): nothing was done. */
export const isSessionLost = (error: unknown): boolean =>
  chainOf(error).some((link) => link instanceof SdkHttpError && link.data.status === 404);

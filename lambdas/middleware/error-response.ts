import type middy from '@middy/core';
import { GatewayError, gatewayErrors, rpcErrorOf } from '../../src/errors/gateway-error.ts';
import type { Log } from '../../src/log/log.ts';
import * as z from 'zod';

export interface HttpResponse<B = string> {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: B;
}

export interface ErrorResponseOptions {
  readonly log: Log;
  /** Hears every answer that this middleware gives. */
  readonly onAnswered?: (event: unknown, response: HttpResponse) => void;
}

const withRequestId = z.object({ requestContext: z.object({ requestId: z.string() }) });

/**
 * Answers an error as JSON that reads both as a JSON-RPC error and as a plain one with a stable `code`, the same as API
 * Gateway's own refusals do. An error that is not a GatewayError is INTERNAL with a fixed text.
 */
export const errorResponse = ({ log, onAnswered }: ErrorResponseOptions): middy.MiddlewareObj => ({
  onError: (request) => {
    const requestId = withRequestId.safeParse(request.event).data?.requestContext.requestId;
    const known = request.error instanceof GatewayError ? request.error : undefined;
    const error = known ?? new GatewayError('INTERNAL', 'Internal error', { cause: request.error });
    const { httpStatus } = gatewayErrors[error.code];
    if (httpStatus >= 500) log.error('request.failed', error, { requestId, code: error.code });
    const response: HttpResponse = {
      statusCode: httpStatus,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        ...error.headers,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: null,
        error: rpcErrorOf(error, requestId),
        code: error.code,
        message: error.message,
        requestId,
      }),
    };
    onAnswered?.(request.event, response);
    request.response = response;
  },
});

import type { NodeHttpHandlerOptions } from '@smithy/types';

/**
 * Time bounds of every AWS call that a request waits for: two attempts of at most 1.5 s, so that an AWS service
 * that hangs costs a caller seconds and not the function's whole timeout.
 */
export const boundedClient = {
  maxAttempts: 2,
  requestHandler: {
    connectionTimeout: 500,
    requestTimeout: 1_500,
    throwOnRequestTimeout: true,
  } satisfies NodeHttpHandlerOptions,
} as const;

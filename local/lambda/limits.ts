/** Lambda's quotas (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). Sizes in bytes. */
export const MAX_REQUEST_BYTES = 6 * 1024 * 1024;
/** 6 MB and the 100 bytes that Lambda allows on top for a buffered response. */
export const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100;
export const MAX_STREAMED_BYTES = 200 * 1024 * 1024;
export const INIT_TIMEOUT_MS = 10_000;

/** Every way in which Drawbridge itself refuses or fails a request. Stable: clients and alarms key on these. */
export type GatewayErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'ORIGIN_NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'REQUEST_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'PARSE_ERROR'
  | 'INVALID_REQUEST'
  | 'TOOL_FAILED'
  | 'THROTTLED'
  | 'QUOTA_EXCEEDED'
  | 'LOOP_DETECTED'
  | 'DEADLINE_EXCEEDED'
  | 'UNAVAILABLE'
  | 'INTERNAL';

export interface GatewayErrorOptions extends ErrorOptions {
  /** Facts for programs, beside `code` in `error.data`: the caller's own numbers, nothing of anybody else. */
  readonly details?: Readonly<Record<string, string | number>>;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** `message` may reach the caller, so it is fixed text; what went wrong goes into `cause` and the log. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: GatewayErrorCode;
  readonly details: Readonly<Record<string, string | number>>;
  readonly headers: Readonly<Record<string, string>>;
  constructor(code: GatewayErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
  }
}

/**
 * HTTP status and JSON-RPC code of each error. JSON-RPC codes of our own lie outside -32768..-32000, which the
 * MCP specification keeps for itself (2026-07-28, basic/index, "Error Codes").
 */
export const gatewayErrors = {
  UNAUTHENTICATED: { httpStatus: 401, rpcCode: -31401 },
  FORBIDDEN: { httpStatus: 403, rpcCode: -31403 },
  ORIGIN_NOT_ALLOWED: { httpStatus: 403, rpcCode: -31403 },
  NOT_FOUND: { httpStatus: 404, rpcCode: -31404 },
  METHOD_NOT_ALLOWED: { httpStatus: 405, rpcCode: -31405 },
  REQUEST_TOO_LARGE: { httpStatus: 413, rpcCode: -31413 },
  UNSUPPORTED_MEDIA_TYPE: { httpStatus: 415, rpcCode: -31415 },
  PARSE_ERROR: { httpStatus: 400, rpcCode: -32700 },
  INVALID_REQUEST: { httpStatus: 400, rpcCode: -32600 },
  TOOL_FAILED: { httpStatus: 422, rpcCode: -31422 },
  THROTTLED: { httpStatus: 429, rpcCode: -31429 },
  QUOTA_EXCEEDED: { httpStatus: 429, rpcCode: -31429 },
  LOOP_DETECTED: { httpStatus: 508, rpcCode: -31508 },
  DEADLINE_EXCEEDED: { httpStatus: 504, rpcCode: -31504 },
  UNAVAILABLE: { httpStatus: 503, rpcCode: -31503 },
  INTERNAL: { httpStatus: 500, rpcCode: -32603 },
} as const satisfies Record<GatewayErrorCode, { httpStatus: number; rpcCode: number }>;

/** As `error` of a JSON-RPC answer. */
export const rpcErrorOf = (
  { code, message, details }: GatewayError,
  requestId: string | undefined,
): { readonly code: number; readonly message: string; readonly data: object } => ({
  code: gatewayErrors[code].rpcCode,
  message,
  data: { code, requestId, ...details },
});

/** Every error the facade answers with, by the HTTP status it has where it is not sent by redirect. */
export const oauthErrors = {
  // RFC 6749 §4.1.2.1 and §5.2
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 400,
  server_error: 502,
  temporarily_unavailable: 503,
  // RFC 8707 §2
  invalid_target: 400,
  // OpenID Connect Core §3.1.2.6
  consent_required: 400,
  request_not_supported: 400,
  request_uri_not_supported: 400,
  // RFC 7591 §3.2.2
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
} as const;
export type OAuthErrorCode = keyof typeof oauthErrors;

export interface OAuthErrorOptions extends ErrorOptions {
  /** @default the code's own, from `oauthErrors` */
  readonly status?: number;
}

/** `description` reaches the caller: fixed text, in the characters of RFC 6749 §5.2 (no quotes, no backslashes). */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: OAuthErrorCode;
  readonly status: number;
  constructor(code: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(description, options);
    this.code = code;
    this.status = options.status ?? oauthErrors[code];
  }
}

/** A request whose client or redirect URI is not to be trusted: a person is told, and nothing is redirected. */
export class UntrustedRequestError extends Error {
  override readonly name = 'UntrustedRequestError';
  /** One word for the log. */
  readonly reason: string;
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

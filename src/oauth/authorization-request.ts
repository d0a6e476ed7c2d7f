import type { FacadeConfig } from './facade-env.ts';
import { OAuthError } from './oauth-error.ts';
import { checkResource, readScopes, refuseRepeated, type Parameters } from './parameters.ts';

export interface AuthorizationRequest {
  readonly scopes: readonly string[];
  readonly codeChallenge: string;
}

const maxStateLength = 1024;

/**
 * What a client asks for, once it is known where to answer it; or the error to answer with, by redirect
 * (RFC 6749 §4.1.2.1).
 */
export const readAuthorizationRequest = (
  parameters: Parameters,
  repeated: ReadonlySet<string>,
  config: FacadeConfig,
): AuthorizationRequest | OAuthError => {
  try {
    return readRequest(parameters, repeated, config);
  } catch (error) {
    if (error instanceof OAuthError) return error;
    throw error;
  }
};

/** @throws OAuthError for what may be told to the client by redirect. */
const readRequest = (
  parameters: Parameters,
  repeated: ReadonlySet<string>,
  config: FacadeConfig,
): AuthorizationRequest => {
  refuseRepeated(repeated);
  if (parameters.has('request')) {
    throw new OAuthError('request_not_supported', 'Request objects are not supported');
  }
  if (parameters.has('request_uri')) {
    throw new OAuthError('request_uri_not_supported', 'Request objects are not supported');
  }
  const responseType = parameters.get('response_type');
  if (responseType === undefined) {
    throw new OAuthError('invalid_request', 'response_type is missing');
  }
  if (responseType !== 'code') {
    throw new OAuthError('unsupported_response_type', 'The only response type is code');
  }
  if ((parameters.get('response_mode') ?? 'query') !== 'query') {
    throw new OAuthError('invalid_request', 'The only response mode is query');
  }
  if ((parameters.get('state') ?? '').length > maxStateLength) {
    throw new OAuthError('invalid_request', `state is longer than ${maxStateLength} characters`);
  }
  // RFC 7636 §4.3: without a method it is plain, which OAuth 2.1 and MCP do not allow.
  if (parameters.get('code_challenge_method') !== 'S256') {
    throw new OAuthError('invalid_request', 'PKCE with code_challenge_method S256 is required');
  }
  const codeChallenge = parameters.get('code_challenge') ?? '';
  if (!/^[\w-]{43}$/u.test(codeChallenge)) {
    throw new OAuthError('invalid_request', 'code_challenge is not a SHA-256 in base64url');
  }
  checkResource(parameters.get('resource'), config.resource);
  const scopes = readScopes(parameters.get('scope'), config.scopes);
  if ((parameters.get('prompt') ?? '').split(' ').includes('none')) {
    throw new OAuthError('consent_required', 'A person has to be asked');
  }
  return { scopes, codeChallenge };
};

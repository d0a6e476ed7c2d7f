import { OAuthError } from './oauth-error.ts';
import type { Parameters } from './parameters.ts';

export interface PresentedClient {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
}

const invalidClient = (): OAuthError =>
  new OAuthError('invalid_client', 'Client authentication failed');

/** @throws Error for what is not form-encoded. */
const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const fromBasic = (authorization: string): { clientId: string; clientSecret: string } => {
  const encoded = /^Basic +([\w+/=-]+) *$/iu.exec(authorization)?.[1];
  if (encoded === undefined) throw invalidClient();
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  try {
    return { clientId: formDecoded(id), clientSecret: formDecoded(secret.join(':')) };
  } catch {
    throw invalidClient();
  }
};

/**
 * Who asks for a token, by the Authorization header or by the body (RFC 6749 §2.3.1). The secret is the pool's to check.
 * @throws OAuthError invalid_request for both ways at once (§2.3), invalid_client for neither.
 */
export const presentedClient = (
  parameters: Parameters,
  authorization: string | undefined,
): PresentedClient => {
  if (parameters.has('client_assertion') || parameters.has('client_assertion_type')) {
    throw new OAuthError('invalid_client', 'Client assertions are not supported');
  }
  const inBody = parameters.get('client_id');
  if (authorization === undefined) {
    if (inBody === undefined) throw invalidClient();
    return { clientId: inBody, clientSecret: parameters.get('client_secret') };
  }
  if (parameters.has('client_secret')) {
    throw new OAuthError('invalid_request', 'The client authenticates in two ways at once');
  }
  const { clientId, clientSecret } = fromBasic(authorization);
  if (clientId === '') throw invalidClient();
  if (inBody !== undefined && inBody !== clientId) {
    throw new OAuthError('invalid_request', 'client_id is not that of the Authorization header');
  }
  return { clientId, clientSecret: clientSecret === '' ? undefined : clientSecret };
};

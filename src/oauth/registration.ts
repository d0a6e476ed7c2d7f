import * as z from 'zod';
import { isSharedRedirectUri } from './clients.ts';
import type { FacadeConfig } from './facade-env.ts';
import { OAuthError } from './oauth-error.ts';
import { readScopes } from './parameters.ts';

/** RFC 7591 §2. What is not named here is ignored, as the RFC asks. */
const clientMetadata = z.object({
  redirect_uris: z.array(z.string()).min(1).max(20),
  client_name: z.string().max(200).optional(),
  client_uri: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .optional(),
  software_id: z.string().max(200).optional(),
  software_version: z.string().max(100).optional(),
  application_type: z.enum(['native', 'web']).optional(),
  grant_types: z.array(z.string().max(100)).max(10).optional(),
  response_types: z.array(z.string().max(100)).max(10).optional(),
  scope: z.string().max(1000).optional(),
});

const grantTypes = ['authorization_code', 'refresh_token'];

/**
 * RFC 7591 registration that registers nothing: every client gets the id of the one public client that exists. What it
 * may redirect to was decided by the configuration, so there is nothing to store, to use up, or to clean up.
 *
 * @returns the client information response (§3.2.1).
 * @throws OAuthError invalid_redirect_uri, invalid_client_metadata or invalid_scope.
 */
export const registerClient = (metadata: unknown, config: FacadeConfig) => {
  const { data, error } = clientMetadata.safeParse(metadata);
  if (data === undefined) {
    const isRedirect = error.issues.some(({ path }) => path[0] === 'redirect_uris');
    throw isRedirect
      ? new OAuthError('invalid_redirect_uri', 'redirect_uris must list one to twenty URIs')
      : new OAuthError('invalid_client_metadata', 'The client metadata is not valid');
  }
  // Clients register every address that some version of them uses: they get those that are allowed (RFC 7591 §3.2.1).
  const redirectUris = data.redirect_uris.filter((uri) => isSharedRedirectUri(uri, config));
  if (redirectUris.length === 0) {
    throw new OAuthError('invalid_redirect_uri', 'A redirect URI is not allowed here');
  }
  if (data.grant_types?.includes('authorization_code') === false) {
    throw new OAuthError('invalid_client_metadata', 'The authorization_code grant is needed');
  }
  if (data.response_types?.includes('code') === false) {
    throw new OAuthError('invalid_client_metadata', 'The response type code is needed');
  }
  const { scope, grant_types: asked, ...echoed } = data;
  return {
    ...echoed,
    redirect_uris: redirectUris,
    client_id: config.publicClientId,
    grant_types: grantTypes.filter((type) => asked?.includes(type) ?? true),
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: registeredScopes(scope, config.scopes).join(' '),
  };
};

/** RFC 7591 §2: the server may register less than was asked for; it says what. */
const registeredScopes = (
  scope: string | undefined,
  supported: readonly string[],
): readonly string[] => {
  const known = (scope ?? '').split(' ').filter((one) => supported.includes(one));
  return readScopes(known.join(' '), supported);
};

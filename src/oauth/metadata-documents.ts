import type { FacadeConfig } from './facade-env.ts';

/** RFC 9728 §2. */
export const protectedResourceMetadata = (config: FacadeConfig) => ({
  resource: config.resource,
  authorization_servers: [config.issuer],
  scopes_supported: config.scopes,
  bearer_methods_supported: ['header'],
  resource_name: config.resourceName,
});

/** RFC 8414 §2, with RFC 7591, RFC 9207 and the Client ID Metadata Document draft. */
export const authorizationServerMetadata = (config: FacadeConfig) => ({
  issuer: config.issuer,
  authorization_endpoint: `${config.issuer}/oauth/authorize`,
  token_endpoint: `${config.issuer}/oauth/token`,
  registration_endpoint: `${config.issuer}/oauth/register`,
  jwks_uri: config.jwksUri,
  scopes_supported: config.scopes,
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
  code_challenge_methods_supported: ['S256'],
  client_id_metadata_document_supported: true,
  authorization_response_iss_parameter_supported: true,
});

/**
 * OpenID Connect Discovery §3: for clients that look there for RFC 8414's document. The facade hands out no ID tokens,
 * whose issuer would be the pool.
 */
export const openidConfiguration = (config: FacadeConfig) => ({
  ...authorizationServerMetadata(config),
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
});

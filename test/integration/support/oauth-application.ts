import { expect } from 'vitest';

/** Where a program on this machine has its answer sent, when nobody listens there. */
export const redirectUrl = 'http://127.0.0.1:53535/callback';
export const isCallback = (url: URL): boolean => url.href.startsWith(redirectUrl);

export interface ApplicationOptions {
  /** @default one that nobody listens at */
  readonly redirectUrl?: string;
  /** Its id, when it has one already: it then cannot register. */
  readonly clientId?: string;
  /** Where its Client ID Metadata Document is. */
  readonly clientMetadataUrl?: string;
}

export interface Kept {
  client?: { readonly client_id: string };
  tokens?: { readonly access_token: string; readonly refresh_token?: string };
  verifier?: string;
  /** Whom the person was sent to, so that the answer is taken to no other server. */
  discovered?: unknown;
}

/** What an application keeps for the SDKs' own OAuth code (their `OAuthClientProvider`). */
export const anApplication = (options: ApplicationOptions = {}) => {
  const { clientId, clientMetadataUrl } = options;
  const redirect = options.redirectUrl ?? redirectUrl;
  const kept: Kept = clientId === undefined ? {} : { client: { client_id: clientId } };
  const state = crypto.randomUUID();
  let authorizationUrl: URL | undefined;
  const provider = {
    redirectUrl: redirect,
    clientMetadata: {
      client_name: 'OAuth test',
      redirect_uris: [redirect],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    ...(clientMetadataUrl === undefined ? {} : { clientMetadataUrl }),
    state: () => state,
    clientInformation: () => kept.client,
    ...(clientId === undefined
      ? { saveClientInformation: (value: Required<Kept>['client']) => void (kept.client = value) }
      : {}),
    tokens: () => kept.tokens,
    saveTokens: (value: Required<Kept>['tokens']) => void (kept.tokens = value),
    redirectToAuthorization: (url: URL) => void (authorizationUrl = url),
    saveCodeVerifier: (value: string) => void (kept.verifier = value),
    saveDiscoveryState: (value: unknown) => void (kept.discovered = value),
    discoveryState: () => kept.discovered,
    codeVerifier: () => kept.verifier ?? expect.fail('no code verifier was kept'),
  };
  return {
    provider,
    kept,
    state,
    /** Where the application would send its person. */
    authorizationUrl: () => authorizationUrl ?? expect.fail('nobody was sent to sign in'),
  };
};

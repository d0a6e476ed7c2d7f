import { createPrivateKey, randomBytes } from 'node:crypto';
import {
  errors,
  interactionPolicy,
  Provider,
  type ClientMetadata,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import type { CognitoClient } from './cognito-settings.ts';
import type { Issue } from './token-claims.ts';
import { issueTokens, type TokenIssuerOptions } from './token-issuer.ts';
import { TriggerFailure, type TriggerSource } from './token-trigger.ts';
import type { ProviderStorage } from './provider-storage.ts';
import { errorPage } from './pages.ts';

/** "The authorization code is valid for five minutes." */
const CODE_SECONDS = 300;
/** "Managed login sets a session cookie that is valid for one hour." */
const SESSION_SECONDS = 3_600;
const LOGIN_PAGE_SECONDS = 600;

export interface OAuthProviderOptions extends TokenIssuerOptions {
  readonly storage: ProviderStorage;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

const metadataOf = (client: CognitoClient, secret: string | undefined): ClientMetadata => ({
  client_id: client.clientId,
  client_name: client.name,
  // The library takes an app's own scheme from native clients only.
  application_type: client.callbackUrls.every((url) => /^https?:/u.test(url)) ? 'web' : 'native',
  redirect_uris: [...client.callbackUrls],
  response_types: client.flow === 'code' ? ['code'] : [],
  grant_types:
    client.flow === 'code' ? ['authorization_code', 'refresh_token'] : ['client_credentials'],
  scope: client.scopes.join(' '),
  id_token_signed_response_alg: 'RS256',
  token_endpoint_auth_method: secret === undefined ? 'none' : 'client_secret_basic',
  ...(secret === undefined ? {} : { client_secret: secret }),
});

/** Cognito has no consent: who signs in grants what was asked for. The grant also remembers the `resource`. */
const grantWhatIsAsked = async (ctx: KoaContextWithOIDC) => {
  const { client, session, params, provider } = ctx.oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(String(params?.['scope']));
  const resource = params?.['resource'];
  if (typeof resource === 'string') grant.addResourceScope(resource, String(params?.['scope']));
  await grant.save();
  return grant;
};

const SOURCES: Readonly<Record<string, TriggerSource>> = {
  authorization_code: 'TokenGeneration_HostedAuth',
  refresh_token: 'TokenGeneration_RefreshTokens',
  client_credentials: 'TokenGeneration_ClientCredentials',
};

/**
 * The OAuth 2 machinery (codes, PKCE, client authentication, sessions, refresh) is oidc-provider's; the tokens in its
 * answers are replaced by Cognito's own.
 */
export const createOAuthProvider = (options: OAuthProviderOptions): Provider => {
  const { settings, state, storage, now, onError } = options;
  const clients = new Map(settings.clients.map((client) => [client.clientId, client]));
  const clientOf = (id: string | undefined): CognitoClient => {
    const client = clients.get(id ?? '');
    if (client === undefined) throw new Error(`The pool has no client ${id}.`);
    return client;
  };
  const longest = Math.max(3_600, ...settings.clients.map((one) => one.refreshTokenSeconds));
  const policy = interactionPolicy.base();
  policy.remove('consent');

  const provider = new Provider(settings.issuer, {
    adapter: (model: string) => storage.adapter(model),
    clients: settings.clients.map((client) =>
      metadataOf(client, state.clientSecret(client.clientId)),
    ),
    clientBasedCORS: () => false,
    conformIdTokenClaims: false,
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: { session: 'cognito', interaction: 'cognito-login', resume: 'cognito-resume' },
    },
    expiresWithSession: () => false,
    extraParams: ['resource'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      // The grant keeps the resource: the library would make a resource server's scopes of it.
      resourceIndicators: { enabled: false },
    },
    clientAuthMethods: ['client_secret_basic', 'none'],
    findAccount: (_ctx, sub) =>
      state.bySub(sub) === undefined ? undefined : { accountId: sub, claims: () => ({ sub }) },
    interactions: { policy, url: (_ctx, interaction) => `/login?uid=${interaction.uid}` },
    issueRefreshToken: () => true,
    // Its ID tokens are signed by a key of the pool, but nobody sees them.
    jwks: { keys: [createPrivateKey(state.signingKey.pkcs8).export({ format: 'jwk' })] },
    loadExistingGrant: grantWhatIsAsked,
    pkce: { required: () => false },
    renderError: (ctx, { error, error_description: description }) => {
      ctx.type = 'html';
      ctx.body = errorPage(description ?? error);
    },
    responseTypes: ['code'],
    rotateRefreshToken: (ctx) => clientOf(ctx.oidc.client?.clientId).rotatesRefreshTokens,
    routes: {
      authorization: '/oauth2/authorize',
      token: '/oauth2/token',
      revocation: '/oauth2/revoke',
    },
    scopes: [...new Set(settings.clients.flatMap(({ scopes }) => scopes))],
    ttl: {
      AccessToken: (_ctx, _token, client) => clientOf(client.clientId).accessTokenSeconds,
      AuthorizationCode: CODE_SECONDS,
      ClientCredentials: (_ctx, _token, client) => clientOf(client.clientId).accessTokenSeconds,
      Grant: longest,
      IdToken: CODE_SECONDS,
      Interaction: LOGIN_PAGE_SECONDS,
      RefreshToken: (_ctx, _token, client) => clientOf(client.clientId).refreshTokenSeconds,
      Session: SESSION_SECONDS,
    },
  });
  provider.on('server_error', (_ctx, error) => onError(error));
  // Exact, where the library lets native clients take any loopback port (RFC 8252 §7.3): Cognito does not.
  provider.Client.prototype.redirectUriAllowed = function redirectUriAllowed(uri: string) {
    return clientOf(this.clientId).callbackUrls.includes(uri);
  };

  const issueOf = (ctx: KoaContextWithOIDC): Issue => {
    const {
      AuthorizationCode: code,
      RefreshToken: refresh,
      Grant: grant,
      ClientCredentials: machine,
    } = ctx.oidc.entities;
    const source = code ?? refresh;
    const nowSeconds = Math.floor(now() / 1000);
    return {
      client: clientOf(ctx.oidc.client?.clientId),
      user: source?.accountId === undefined ? undefined : state.bySub(source.accountId),
      scopes: ((source ?? machine)?.scope ?? '').split(' ').filter((scope) => scope !== ''),
      resource: Object.keys(grant?.resources ?? {})[0],
      nonce: code?.nonce,
      authTime: source?.authTime ?? nowSeconds,
      now: nowSeconds,
      grantId: source?.grantId,
    };
  };

  const dressTokens = async (ctx: KoaContextWithOIDC): Promise<void> => {
    const { grant_type: grantType, aws_client_metadata: metadata } = ctx.oidc.body ?? {};
    const source = SOURCES[String(grantType)];
    if (source === undefined) throw new Error(`No trigger source for ${String(grantType)}.`);
    const issued = await issueTokens(options, issueOf(ctx), source, clientMetadata(metadata));
    const { refresh_token: refreshToken } = ctx.body as { readonly refresh_token?: string };
    const isNew =
      grantType === 'authorization_code' || ctx.oidc.entities.RotatedRefreshToken !== undefined;
    ctx.body = { ...issued, ...(isNew ? { refresh_token: refreshToken } : {}) };
  };

  provider.use(async (ctx, next) => {
    await next();
    const { route } = (ctx as Partial<KoaContextWithOIDC>).oidc ?? {};
    if (route === 'token' && ctx.status === 200) {
      await dressTokens(ctx as KoaContextWithOIDC).catch((error: unknown) => {
        ctx.status = error instanceof TriggerFailure ? 400 : 500;
        ctx.body =
          error instanceof TriggerFailure
            ? { error: 'invalid_request', error_description: error.message }
            : { error: 'server_error' };
        if (!(error instanceof TriggerFailure)) onError(error);
      });
    } else if (route === 'token' || route === 'revocation') {
      likeCognito(ctx);
    } else if (route === 'authorization' || route === 'resume') {
      withoutIssuer(ctx);
    }
  });
  return provider;
};

interface ErrorAnswer {
  status: number;
  body: unknown;
  remove(header: string): void;
}

/** invalid_client is a 400 without a challenge, and a client's foreign grant type an unauthorized_client. */
const likeCognito = (answer: ErrorAnswer): void => {
  if (answer.status === 401) {
    answer.status = 400;
    answer.remove('www-authenticate');
  }
  const { error_description: description = '' } = (answer.body ?? {}) as {
    readonly error_description?: string;
  };
  if (description.startsWith('requested grant type is not allowed')) {
    answer.body = { error: 'unauthorized_client' };
  }
};

/** Cognito does not send `iss` (RFC 9207) with its code. */
const withoutIssuer = (ctx: {
  readonly response: { get(name: string): string; set(name: string, value: string): void };
}): void => {
  const location = ctx.response.get('location');
  const url = URL.parse(location);
  if (url === null || !url.searchParams.has('iss')) return;
  ctx.response.set(
    'location',
    location.replace(/([?&])iss=[^&#]*(&|(?=#|$))/u, '$1').replace(/[?&]$/u, ''),
  );
};

const clientMetadata = (text: unknown): Readonly<Record<string, string>> | undefined => {
  if (typeof text !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return Object.fromEntries(
      Object.entries(parsed as object).filter(([, value]) => typeof value === 'string'),
    );
  } catch {
    throw new errors.InvalidRequest('aws_client_metadata is not JSON');
  }
};

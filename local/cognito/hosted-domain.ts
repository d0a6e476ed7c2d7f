import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { CognitoSettings } from './cognito-settings.ts';
import type { CognitoState } from './cognito-state.ts';
import { FormError, readForm, rewritten } from './form-request.ts';
import { LoginSession } from './login-session.ts';
import {
  clientAuthorization,
  readAuthorize,
  readTokenForm,
  type Clients,
} from './oauth-requests.ts';
import { errorPage, PAGE_HEADERS } from './pages.ts';
import { publicJwk } from './signing-keys.ts';
import { readUserInfo } from './user-info.ts';

export interface HostedDomainOptions {
  readonly url: string;
  readonly settings: CognitoSettings;
  readonly state: CognitoState;
  readonly provider: Provider;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  readonly onRequest: (method: string, path: string) => void;
}

type Route = (
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
) => Promise<void> | void;

const sendJson = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

const sendPage = (response: ServerResponse, status: number, html: string): void => {
  response.writeHead(status, PAGE_HEADERS).end(html);
};

/** The document as Cognito writes it: no code_challenge_methods_supported, no registration_endpoint. */
const discoveryOf = ({ issuer, poolId }: CognitoSettings, url: string) => ({
  authorization_endpoint: `${url}/oauth2/authorize`,
  end_session_endpoint: `${url}/logout`,
  id_token_signing_alg_values_supported: ['RS256'],
  issuer,
  jwks_uri: `${url}/${poolId}/.well-known/jwks.json`,
  response_types_supported: ['code', 'token'],
  revocation_endpoint: `${url}/oauth2/revoke`,
  scopes_supported: ['openid', 'email', 'phone', 'profile'],
  subject_types_supported: ['public'],
  token_endpoint: `${url}/oauth2/token`,
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  userinfo_endpoint: `${url}/oauth2/userInfo`,
});

/** Managed login's paths and the pool's public documents: everything that Cognito serves without AWS credentials. */
export const hostedDomain = (options: HostedDomainOptions): RequestListener => {
  const { url, settings, state, provider, onError, onRequest } = options;
  const clients: Clients = new Map(settings.clients.map((client) => [client.clientId, client]));
  const oauth = provider.callback();
  const login = new LoginSession({ provider, state, clients });

  const authorize: Route = (request, response, query) => {
    const read = readAuthorize(query, clients);
    if (read.kind === 'redirect') {
      response.writeHead(302, { location: read.location, 'cache-control': 'no-store' }).end();
      return;
    }
    void oauth(rewritten(request, { url: `/oauth2/authorize?${read.query.toString()}` }), response);
  };

  const token: Route = async (request, response) => {
    const form = await readForm(request);
    const authorization = clientAuthorization(request, form);
    readTokenForm(form, authorization, clients);
    void oauth(rewritten(request, { authorization, form }), response);
  };

  const revoke: Route = async (request, response) => {
    const form = await readForm(request);
    const authorization = clientAuthorization(request, form);
    if (form.get('token')?.split('.').length === 3) {
      throw new FormError('unsupported_token_type', 'Only refresh tokens can be revoked.');
    }
    void oauth(rewritten(request, { authorization, form }), response);
  };

  const userInfo: Route = (request, response) => {
    const { status, body, headers } = readUserInfo(options, request.headers.authorization);
    sendJson(response, status, body, headers);
  };

  const documents = `/${settings.poolId}/.well-known`;
  const cached = { 'cache-control': 'public, max-age=86400' };
  const routes: Readonly<Record<string, Route>> = {
    'GET /oauth2/authorize': authorize,
    'POST /oauth2/token': token,
    'POST /oauth2/revoke': revoke,
    'GET /oauth2/userInfo': userInfo,
    'POST /oauth2/userInfo': userInfo,
    'GET /login': (request, response, query) => login.show(request, response, query),
    'POST /login': async (request, response, query) =>
      login.submit(request, response, query, await readForm(request)),
    'GET /logout': (request, response, query) => login.end(request, response, query),
    [`GET ${documents}/jwks.json`]: (_request, response) =>
      sendJson(response, 200, { keys: state.signingKeys.map(publicJwk) }, cached),
    [`GET ${documents}/openid-configuration`]: (_request, response) =>
      sendJson(response, 200, discoveryOf(settings, url), cached),
  };
  /** Where the browser comes back to after the login page; its id is in a cookie too. */
  const resumePath = /^\/oauth2\/authorize\/[\w-]+$/u;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const method = request.method ?? '';
    onRequest(method, pathname);
    if (method === 'GET' && resumePath.test(pathname)) {
      void oauth(request, response);
      return;
    }
    const route = routes[`${method} ${pathname}`];
    if (route === undefined) return sendPage(response, 404, errorPage('There is no such page.'));
    await route(request, response, searchParams);
  };

  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (!(error instanceof FormError)) onError(error);
      if (response.headersSent || response.destroyed) return void response.destroy();
      if (error instanceof FormError) {
        sendJson(response, error.status, { error: error.code, error_description: error.message });
      } else {
        sendPage(response, 500, errorPage('The twin failed. Its own log tells why.'));
      }
    });
  };
};

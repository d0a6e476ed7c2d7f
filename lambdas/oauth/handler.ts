import middy from '@middy/core';
import type { Authorization, AuthorizationAnswer } from '../../src/oauth/authorization.ts';
import type { FacadeConfig } from '../../src/oauth/facade-env.ts';
import { errorPage, pageHeaders } from '../../src/oauth/html.ts';
import {
  authorizationServerMetadata,
  openidConfiguration,
  protectedResourceMetadata,
} from '../../src/oauth/metadata-documents.ts';
import { OAuthError, UntrustedRequestError } from '../../src/oauth/oauth-error.ts';
import { formParameters } from '../../src/oauth/parameters.ts';
import { registerClient } from '../../src/oauth/registration.ts';
import type { TokenEndpoint } from '../../src/oauth/token.ts';
import type { Log, LogFields } from '../../src/log/log.ts';
import {
  authorizationHeader,
  cookieHeader,
  pathOf,
  proxyEvent,
  queryParameters,
  readBody,
  type ProxyEvent,
} from './incoming.ts';

export interface OAuthHandlerDeps {
  readonly config: FacadeConfig;
  readonly authorization: Authorization;
  readonly token: TokenEndpoint;
  readonly log: Log;
}

export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer, and what the log says of it: never a code, token, state, verifier or secret. */
interface Served {
  readonly response: HttpResponse;
  readonly facts: LogFields;
}

interface Route {
  /** By method. */
  readonly serve: Readonly<Record<string, (event: ProxyEvent) => Promise<Served>>>;
  /** `page`: a person sees the errors, and no script of another origin has business here. */
  readonly audience: 'page' | 'api';
}

const cors = { 'access-control-allow-origin': '*' };

const jsonHeaders = {
  ...cors,
  'content-type': 'application/json',
  'cache-control': 'no-store',
  // RFC 6749 §5.1
  pragma: 'no-cache',
  'x-content-type-options': 'nosniff',
};

const json = (statusCode: number, body: object, headers: Record<string, string> = {}) => ({
  statusCode,
  headers: { ...jsonHeaders, ...headers },
  body: JSON.stringify(body),
});

const preflight = (methods: string): HttpResponse => ({
  statusCode: 204,
  headers: {
    ...cors,
    'access-control-allow-methods': methods,
    'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version',
    'access-control-max-age': '3600',
    'cache-control': 'no-store',
  },
  body: '',
});

const formType = 'application/x-www-form-urlencoded';

/** One route for each document, at its own path and with the path of a resource or an issuer behind it. */
const documentRoutes = (config: FacadeConfig): readonly (readonly [string, Route])[] => {
  // RFC 8414 §3.1 and RFC 9728 §3.1: what clients append to the well-known path.
  const issuerPath = new URL(config.issuer).pathname.replace(/\/$/u, '');
  const suffixes = [...new Set(['', '/mcp', issuerPath, `${issuerPath}/mcp`])];
  const documents = {
    'oauth-protected-resource': protectedResourceMetadata(config),
    'oauth-authorization-server': authorizationServerMetadata(config),
    'openid-configuration': openidConfiguration(config),
  };
  return Object.entries(documents).flatMap(([name, document]) => {
    const response = json(200, document, { 'cache-control': 'public, max-age=300' });
    const { pragma: _, ...headers } = response.headers as Record<string, string>;
    const served = { response: { ...response, headers }, facts: { outcome: 'ok' } };
    const route: Route = { audience: 'api', serve: { GET: async () => served } };
    return suffixes.map((suffix) => [`/.well-known/${name}${suffix}`, route] as const);
  });
};

const endpointRoutes = (deps: OAuthHandlerDeps): readonly (readonly [string, Route])[] => {
  const { authorization, token, config } = deps;
  const register = async (event: ProxyEvent): Promise<Served> => {
    const metadata = parseJson(readBody(event, 'application/json'));
    const body = registerClient(metadata, config);
    return { response: json(201, body), facts: { outcome: 'registered', client: 'shared' } };
  };
  const ask = async (event: ProxyEvent) =>
    toHttp(await authorization.ask(queryParameters(event), cookieHeader(event)), 302);
  const decide = async (event: ProxyEvent) => {
    const form = formParameters(readBody(event, formType));
    // RFC 9700 §4.12: 303, so that the form is not sent on.
    return toHttp(await authorization.decide(form, cookieHeader(event)), 303);
  };
  const comeBack = async (event: ProxyEvent) =>
    toHttp(await authorization.return(queryParameters(event), cookieHeader(event)), 302);
  const issue = async (event: ProxyEvent): Promise<Served> => {
    const form = formParameters(readBody(event, formType));
    const { client, grant, tokens } = await token.answer(form, authorizationHeader(event));
    return { response: json(200, tokens), facts: { outcome: 'tokens', client, grant } };
  };
  return [
    ['/oauth/register', { audience: 'api', serve: { POST: register } }],
    ['/oauth/authorize', { audience: 'page', serve: { GET: ask, POST: decide } }],
    ['/oauth/callback', { audience: 'page', serve: { GET: comeBack } }],
    ['/oauth/token', { audience: 'api', serve: { POST: issue } }],
  ];
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new OAuthError('invalid_client_metadata', 'The body is not JSON');
  }
};

const toHttp = (answer: AuthorizationAnswer, redirectStatus: 302 | 303): Served => {
  const { outcome, client } = answer;
  const response: HttpResponse =
    answer.kind === 'page'
      ? {
          statusCode: 200,
          headers: { ...pageHeaders, 'set-cookie': answer.setCookie },
          body: answer.html,
        }
      : {
          statusCode: redirectStatus,
          headers: {
            location: answer.location,
            'cache-control': 'no-store',
            'referrer-policy': 'no-referrer',
          },
          body: '',
        };
  return { response, facts: { outcome, client } };
};

const errorBody = (error: OAuthError): object => ({
  error: error.code,
  error_description: error.message,
});

const apiError = (error: OAuthError): HttpResponse =>
  json(error.status, errorBody(error), {
    // RFC 6749 §5.2. API Gateway renames the header; clients go by the body.
    ...(error.code === 'invalid_client' ? { 'www-authenticate': 'Basic realm="oauth"' } : {}),
    ...(error.code === 'temporarily_unavailable' ? { 'retry-after': '5' } : {}),
  });

const pageError = (statusCode: number, message: string): HttpResponse => ({
  statusCode,
  headers: pageHeaders,
  body: errorPage(message),
});

/** What went wrong, for whom: a page for people, JSON for programs. */
const failed = (error: unknown, audience: Route['audience']): Served & { isFault: boolean } => {
  if (error instanceof UntrustedRequestError) {
    const response = pageError(400, error.message);
    return { response, facts: { outcome: 'refused', reason: error.reason }, isFault: false };
  }
  const known =
    error instanceof OAuthError
      ? error
      : new OAuthError('server_error', 'Internal error', { status: 500 });
  const response =
    audience === 'api' ? apiError(known) : pageError(known.status, `${known.message}.`);
  return { response, facts: { outcome: known.code }, isFault: known.status >= 500 };
};

/** The OAuth facade: documents, registration, consent and tokens, in front of a pool that has only the last. */
export const createHandler = (deps: OAuthHandlerDeps) => {
  const routes = new Map([...documentRoutes(deps.config), ...endpointRoutes(deps)]);

  return middy(async (input: unknown): Promise<HttpResponse> => {
    const { data: event } = proxyEvent.safeParse(input);
    if (event === undefined) {
      deps.log.error('oauth.failed', new Error('the event is not of a proxy integration'));
      return failed(undefined, 'api').response;
    }
    const path = pathOf(event);
    const route = routes.get(path);
    if (route === undefined) {
      return json(404, errorBody(new OAuthError('invalid_request', 'There is nothing here')));
    }
    const methods = Object.keys(route.serve);
    if (route.audience === 'api' && event.httpMethod === 'OPTIONS') {
      return preflight([...methods, 'OPTIONS'].join(', '));
    }
    const serve = Object.hasOwn(route.serve, event.httpMethod)
      ? route.serve[event.httpMethod]
      : undefined;
    if (serve === undefined) {
      const error = new OAuthError('invalid_request', 'The method is not allowed');
      return json(405, errorBody(error), { allow: methods.join(', ') });
    }
    const common = { requestId: event.requestContext.requestId, path, method: event.httpMethod };
    try {
      const { response, facts } = await serve(event);
      deps.log.info('oauth.served', { ...common, status: response.statusCode, ...facts });
      return response;
    } catch (error) {
      const { response, facts, isFault } = failed(error, route.audience);
      const fields = { ...common, status: response.statusCode, ...facts };
      if (isFault) deps.log.error('oauth.failed', error, fields);
      else deps.log.warn('oauth.refused', { ...fields, ...causeOf(error) });
      return response;
    }
  });
};

/** Why a client's document was refused: the guard's own codes, nothing a stranger wrote. */
const causeOf = (error: unknown): LogFields => {
  const cause = error instanceof UntrustedRequestError ? error.cause : undefined;
  if (!(cause instanceof Error)) return {};
  const { code } = cause as { code?: unknown };
  return { cause: cause.name, causeCode: typeof code === 'string' ? code : undefined };
};

import type { IncomingMessage } from 'node:http';
import type { CognitoClient } from './cognito-settings.ts';
import { FormError } from './form-request.ts';

export type Clients = ReadonlyMap<string, CognitoClient>;

/** What the authorize endpoint reads; Cognito ignores other parameters, and so they go. */
const AUTHORIZE_PARAMETERS = [
  'response_type client_id redirect_uri state scope nonce login_hint prompt resource',
  'code_challenge code_challenge_method',
].flatMap((names) => names.split(' '));

export type AuthorizeRequest =
  | { readonly kind: 'forward'; readonly query: URLSearchParams }
  | { readonly kind: 'redirect'; readonly location: string };

/** "The value must begin with https://, http://localhost or a custom scheme." The twin's own URL is 127.0.0.1. */
const isResource = (text: string): boolean => {
  const url = URL.parse(text);
  if (url === null || text.includes('#')) return false;
  return url.protocol !== 'http:' || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
};

/** There is no consent page to prompt for, and no other account to select than by signing in. */
const promptOf = (prompt: string): string | undefined => {
  const values = prompt.split(' ').filter((value) => value !== 'consent');
  const known = values.map((value) => (value === 'select_account' ? 'login' : value));
  return known.length === 0 ? undefined : known.join(' ');
};

/**
 * Cognito's own rules of /oauth2/authorize: without `scope` the client's scopes are meant, a scope that the client
 * may not ask for is an error, `resource` must be a URL. Who may be redirected to is not decided here: what has no
 * known client and callback URL goes on to be refused.
 */
export const readAuthorize = (sent: URLSearchParams, clients: Clients): AuthorizeRequest => {
  const query = new URLSearchParams(
    [...sent].filter(([name]) => AUTHORIZE_PARAMETERS.includes(name)),
  );
  const client = clients.get(query.get('client_id') ?? '');
  const redirectUri = query.get('redirect_uri') ?? '';
  if (client?.callbackUrls.includes(redirectUri) !== true) return { kind: 'forward', query };

  const refuse = (error: string, description: string): AuthorizeRequest => {
    const location = new URL(redirectUri);
    location.searchParams.set('error', error);
    location.searchParams.set('error_description', description);
    const state = query.get('state');
    if (state !== null) location.searchParams.set('state', state);
    return { kind: 'redirect', location: location.href };
  };

  const repeated = [...query.keys()].find((name) => query.getAll(name).length > 1);
  if (repeated !== undefined) return refuse('invalid_request', `${repeated} comes twice`);
  const responseType = query.get('response_type');
  if (responseType !== null && responseType !== 'code') {
    const known = responseType === 'token';
    return refuse(known ? 'unauthorized_client' : 'unsupported_response_type', responseType);
  }
  const scopes = (query.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  if (!scopes.every((scope) => client.scopes.includes(scope))) {
    return refuse('invalid_scope', 'invalid_scope');
  }
  query.set('scope', (scopes.length === 0 ? client.scopes : scopes).join(' '));
  const resource = query.get('resource');
  if (resource !== null && !isResource(resource)) {
    return refuse('invalid_request', 'resource is not a URL that a token can be bound to');
  }
  const prompt = promptOf(query.get('prompt') ?? '');
  if (prompt === undefined || prompt === '') query.delete('prompt');
  else query.set('prompt', prompt);
  return { kind: 'forward', query };
};

/** Cognito takes a secret by Basic and in the body alike: afterwards it is always by Basic (RFC 6749 §2.3.1). */
export const clientAuthorization = (
  request: IncomingMessage,
  form: URLSearchParams,
): string | undefined => {
  const id = form.get('client_id');
  const secret = form.get('client_secret');
  form.delete('client_secret');
  if (request.headers.authorization !== undefined || id === null || secret === null) {
    return request.headers.authorization;
  }
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
};

const clientIdOf = (authorization: string | undefined, form: URLSearchParams): string => {
  const [, credentials = ''] = /^basic (.+)$/iu.exec(authorization ?? '') ?? [];
  const [id = ''] = Buffer.from(credentials, 'base64').toString('utf8').split(':');
  return id === '' ? (form.get('client_id') ?? '') : id;
};

/**
 * Cognito's own rules of /oauth2/token: `resource` has no meaning there, a refresh keeps its scopes, and client
 * credentials without `scope` get the client's. @throws FormError
 */
export const readTokenForm = (
  form: URLSearchParams,
  authorization: string | undefined,
  clients: Clients,
): void => {
  form.delete('resource');
  if (form.get('grant_type') !== 'client_credentials') {
    form.delete('scope');
    return;
  }
  const client = clients.get(clientIdOf(authorization, form));
  if (client === undefined) return;
  const scopes = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  if (!scopes.every((scope) => client.scopes.includes(scope))) {
    throw new FormError('invalid_grant', 'invalid_scope');
  }
  form.set('scope', (scopes.length === 0 ? client.scopes : scopes).join(' '));
};

import * as z from 'zod';
import { readAuthorizationRequest } from './authorization-request.ts';
import { bindBrowser, isBoundBrowser } from './browser-binding.ts';
import type { Client, ClientKind, Clients } from './clients.ts';
import { consentPage } from './consent-page.ts';
import { callbackUrl, type FacadeConfig } from './facade-env.ts';
import { OAuthError, UntrustedRequestError, type OAuthErrorCode } from './oauth-error.ts';
import { readParameters, type Parameters, type SentParameters } from './parameters.ts';
import { withParameters } from './redirect-uri.ts';
import type { Sealer } from '../sealing/sealer.ts';

/** The request as the person's answer and the pool's find it again: it travels sealed through the browser. */
const pendingRequest = z.object({
  kind: z.enum(['shared', 'other', 'document']),
  clientId: z.string(),
  poolClientId: z.string(),
  redirectUri: z.string(),
  state: z.string().optional(),
  scopes: z.array(z.string()),
  codeChallenge: z.string(),
  browser: z.string(),
});
type PendingRequest = z.infer<typeof pendingRequest>;

/** What a client's code holds. */
export const issuedCode = z.object({
  poolCode: z.string(),
  clientId: z.string(),
  redirectUri: z.string(),
  resource: z.string(),
  codeChallenge: z.string(),
});
export type IssuedCode = z.infer<typeof issuedCode>;

const pendingSeconds = 600;
const codeSeconds = 300;

export type AuthorizationAnswer = {
  readonly client?: ClientKind | undefined;
  /** One word for the log. */
  readonly outcome: string;
} & (
  | { readonly kind: 'page'; readonly html: string; readonly setCookie: string }
  | { readonly kind: 'redirect'; readonly location: string }
);

export interface AuthorizationDeps {
  readonly config: FacadeConfig;
  readonly clients: Clients;
  readonly sealer: Sealer;
}

/** The authorization endpoint and what follows it: consent, the pool, and the way back to the client. */
export class Authorization {
  readonly #config: FacadeConfig;
  readonly #clients: Clients;
  readonly #sealer: Sealer;
  readonly #isSecure: boolean;

  constructor({ config, clients, sealer }: AuthorizationDeps) {
    this.#config = config;
    this.#clients = clients;
    this.#sealer = sealer;
    this.#isSecure = config.issuer.startsWith('https:');
  }

  /**
   * A client sends a person: asks them for consent.
   * @throws UntrustedRequestError when there is nobody to redirect to.
   */
  async ask(sent: SentParameters, cookieHeader: string | undefined): Promise<AuthorizationAnswer> {
    const { parameters, repeated } = readParameters(sent);
    const client = await this.#clientOf(parameters);
    const redirectUri = redirectUriOf(parameters, client);
    const state = parameters.get('state');
    const request = readAuthorizationRequest(parameters, repeated, this.#config);
    if (request instanceof OAuthError) {
      // RFC 6749 §4.1.2.1: a state that came twice is not told from a forged one.
      return this.#refuse(client.kind, redirectUri, state, request.code, request.message);
    }
    const { setCookie, digest } = bindBrowser(cookieHeader, this.#isSecure);
    const { kind, clientId, poolClientId } = client;
    const pending: PendingRequest = {
      scopes: [...request.scopes],
      codeChallenge: request.codeChallenge,
      kind,
      clientId,
      poolClientId,
      redirectUri,
      state,
      browser: digest,
    };
    const { issuer, resourceName } = this.#config;
    return {
      kind: 'page',
      client: kind,
      outcome: 'asked',
      setCookie,
      html: consentPage({
        client,
        redirectUri,
        scopes: request.scopes,
        resourceName,
        action: `${issuer}/oauth/authorize`,
        sealedRequest: await this.#sealer.seal('consent', pending, pendingSeconds),
      }),
    };
  }

  /**
   * The person answered: on to the pool, or back to the client.
   * @throws UntrustedRequestError for an answer that this browser was not asked for.
   */
  async decide(
    sent: SentParameters,
    cookieHeader: string | undefined,
  ): Promise<AuthorizationAnswer> {
    const { parameters } = readParameters(sent);
    const pending = await this.#open('consent', parameters.get('request'), cookieHeader);
    const { kind, clientId, redirectUri, state } = pending;
    const decision = parameters.get('decision');
    if (decision === 'deny') {
      return this.#refuse(kind, redirectUri, state, 'access_denied', 'The person said no');
    }
    if (decision !== 'allow') {
      throw new UntrustedRequestError('decision', 'The answer was neither yes nor no.');
    }
    // The allow-list or the document may have changed since the person was asked.
    if (!(await this.#clients.find(clientId)).mayRedirectTo(redirectUri)) throw wrongRedirect();
    const location = withParameters(`${this.#config.poolUrl}/oauth2/authorize`, {
      response_type: 'code',
      client_id: pending.poolClientId,
      redirect_uri: callbackUrl(this.#config),
      scope: pending.scopes.join(' '),
      code_challenge: pending.codeChallenge,
      code_challenge_method: 'S256',
      // Also when the client named none: a token for nobody in particular is not handed out.
      resource: this.#config.resource,
      state: await this.#sealer.seal('state', pending, pendingSeconds),
    });
    return { kind: 'redirect', client: kind, outcome: 'allowed', location };
  }

  /**
   * The pool sends the person back: hands the client a code of ours.
   * @throws UntrustedRequestError for an answer that this browser did not wait for.
   */
  async return(
    sent: SentParameters,
    cookieHeader: string | undefined,
  ): Promise<AuthorizationAnswer> {
    const { parameters } = readParameters(sent);
    const pending = await this.#open('state', parameters.get('state'), cookieHeader);
    const { kind, clientId, redirectUri, state, codeChallenge } = pending;
    const poolError = parameters.get('error');
    if (poolError !== undefined) {
      return this.#refuse(kind, redirectUri, state, errorFromPool(poolError), 'Sign-in failed');
    }
    const poolCode = parameters.get('code');
    if (poolCode === undefined) {
      return this.#refuse(kind, redirectUri, state, 'server_error', 'Sign-in gave no code');
    }
    const { issuer, resource } = this.#config;
    const code: IssuedCode = { poolCode, clientId, redirectUri, resource, codeChallenge };
    const location = withParameters(redirectUri, {
      code: await this.#sealer.seal('code', code, codeSeconds),
      state,
      iss: issuer,
    });
    return { kind: 'redirect', client: kind, outcome: 'code', location };
  }

  async #clientOf(parameters: Parameters): Promise<Client> {
    const clientId = parameters.get('client_id');
    if (clientId === undefined) {
      throw new UntrustedRequestError('client', 'The application did not say who it is.');
    }
    return this.#clients.find(clientId);
  }

  async #open(
    purpose: 'consent' | 'state',
    sealed: string | undefined,
    cookieHeader: string | undefined,
  ): Promise<PendingRequest> {
    const opened =
      sealed === undefined
        ? undefined
        : pendingRequest.safeParse(await this.#sealer.open(purpose, sealed)).data;
    if (opened === undefined) {
      throw new UntrustedRequestError('sealed', 'The request is too old, or was not made here.');
    }
    if (!isBoundBrowser(cookieHeader, this.#isSecure, opened.browser)) {
      throw new UntrustedRequestError(
        'browser',
        'The request was begun in another browser, or this one keeps no cookies.',
      );
    }
    return opened;
  }

  /** RFC 6749 §4.1.2.1, with the issuer (RFC 9207 §2) so that a client tells our errors from another server's. */
  #refuse(
    client: ClientKind,
    redirectUri: string,
    state: string | undefined,
    error: OAuthErrorCode,
    description: string,
  ): AuthorizationAnswer {
    const location = withParameters(redirectUri, {
      error,
      error_description: description,
      state,
      iss: this.#config.issuer,
    });
    return { kind: 'redirect', client, outcome: error, location };
  }
}

const wrongRedirect = (): UntrustedRequestError =>
  new UntrustedRequestError(
    'redirect',
    'The application asked for the answer to be sent to a place that is not allowed for it.',
  );

const redirectUriOf = (parameters: Parameters, client: Client): string => {
  const redirectUri = parameters.get('redirect_uri');
  if (redirectUri === undefined || !client.mayRedirectTo(redirectUri)) throw wrongRedirect();
  return redirectUri;
};

const fromPool = [
  'access_denied',
  'temporarily_unavailable',
  'server_error',
] as const satisfies readonly OAuthErrorCode[];

/** Any other error of the pool is about the request that we made: the client cannot mend it. */
const errorFromPool = (error: string): OAuthErrorCode =>
  fromPool.find((one) => one === error) ?? 'server_error';

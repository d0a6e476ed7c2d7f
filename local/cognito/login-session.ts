import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Provider } from 'oidc-provider';
import type { CognitoState } from './cognito-state.ts';
import type { Clients } from './oauth-requests.ts';
import { errorPage, loginPage, PAGE_HEADERS, signedOutPage } from './pages.ts';

const STALE = 'This sign-in has expired. Go back to the application and begin anew.';
const SESSION_COOKIE = 'cognito';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

export interface LoginSessionOptions {
  readonly provider: Provider;
  readonly state: CognitoState;
  readonly clients: Clients;
}

const sendPage = (response: ServerResponse, status: number, html: string): void => {
  response.writeHead(status, PAGE_HEADERS).end(html);
};

const redirect = (response: ServerResponse, location: string): void => {
  response.writeHead(302, { location, 'cache-control': 'no-store' }).end();
};

const cookieIn = (request: IncomingMessage, name: string): string | undefined =>
  (request.headers.cookie ?? '')
    .split(/;\s*/u)
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);

/** Managed login as a person meets it: the form, a wrong password, signing out. */
export class LoginSession {
  readonly #provider: Provider;
  readonly #state: CognitoState;
  readonly #clients: Clients;

  constructor({ provider, state, clients }: LoginSessionOptions) {
    this.#provider = provider;
    this.#state = state;
    this.#clients = clients;
  }

  /** Without a sign-in under way /login takes the parameters of /oauth2/authorize, as Cognito's does. */
  async show(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
  ): Promise<void> {
    if (query.has('client_id')) return redirect(response, `/oauth2/authorize?${query.toString()}`);
    const interaction = await this.#interaction(request, response, query);
    if (interaction === undefined) return sendPage(response, 400, errorPage(STALE));
    const hint = interaction.params['login_hint'];
    this.#form(response, 200, interaction, typeof hint === 'string' ? hint : '');
  }

  async submit(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    form: URLSearchParams,
  ): Promise<void> {
    const interaction = await this.#interaction(request, response, query);
    if (interaction === undefined) return sendPage(response, 400, errorPage(STALE));
    const username = form.get('username') ?? '';
    const password = form.get('password') ?? '';
    const user = await this.#state.authenticate({ username, password });
    if (user === undefined) {
      return this.#form(response, 400, interaction, username, 'Incorrect username or password.');
    }
    if (interaction.session !== undefined && interaction.session.accountId !== user.sub) {
      // Another person at the same browser: the sign-in begins a session of its own.
      await this.#destroySession(request);
      delete interaction.session;
      await interaction.save(Math.max(1, interaction.exp - Math.floor(Date.now() / 1000)));
    }
    await this.#provider.interactionFinished(request, response, { login: { accountId: user.sub } });
  }

  /** "The logout endpoint": signs out, then goes to a registered `logout_uri`, or to the login page. */
  async end(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
  ): Promise<void> {
    const client = this.#clients.get(query.get('client_id') ?? '');
    const logoutUri = query.get('logout_uri');
    if (client === undefined) return sendPage(response, 400, errorPage('Unknown client_id.'));
    if (logoutUri !== null && !client.logoutUrls.includes(logoutUri)) {
      return sendPage(response, 400, errorPage('The logout_uri is not one of the client.'));
    }
    await this.#destroySession(request);
    response.setHeader(
      'set-cookie',
      `${SESSION_COOKIE}=; path=/; max-age=0; httponly; samesite=lax`,
    );
    if (logoutUri !== null) return redirect(response, logoutUri);
    if (query.has('redirect_uri'))
      return redirect(response, `/oauth2/authorize?${query.toString()}`);
    sendPage(response, 200, signedOutPage());
  }

  #form(
    response: ServerResponse,
    status: number,
    { uid, params }: Interaction,
    username: string,
    message?: string,
  ): void {
    const clientName = this.#clients.get(String(params['client_id']))?.name ?? 'the application';
    sendPage(response, status, loginPage({ uid, clientName, username, message }));
  }

  /** The sign-in that the browser's cookie and the page's address both name. */
  async #interaction(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
  ): Promise<Interaction | undefined> {
    try {
      const details = await this.#provider.interactionDetails(request, response);
      return details.uid === query.get('uid') ? details : undefined;
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return undefined;
      throw error;
    }
  }

  async #destroySession(request: IncomingMessage): Promise<void> {
    const id = cookieIn(request, SESSION_COOKIE);
    const session = id === undefined ? undefined : await this.#provider.Session.find(id);
    await session?.destroy();
  }
}

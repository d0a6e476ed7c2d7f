import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHandler, type HttpResponse } from '../../../lambdas/oauth/handler.ts';
import type { GuardedFetch } from '../../../src/fetch-guard/guarded-fetch.ts';
import { createLog } from '../../../src/log/log.ts';
import { Authorization } from '../../../src/oauth/authorization.ts';
import { ClientDocuments } from '../../../src/oauth/client-metadata-document.ts';
import { Clients } from '../../../src/oauth/clients.ts';
import { facadeConfigOf, facadeEnv } from '../../../src/oauth/facade-env.ts';
import { createAskPool } from '../../../src/oauth/pool-client.ts';
import { Sealer } from '../../../src/sealing/sealer.ts';
import { TokenEndpoint } from '../../../src/oauth/token.ts';

export const issuer = 'https://abc123.execute-api.eu-central-1.amazonaws.com/live';
export const resource = `${issuer}/mcp`;
export const claudeRedirect = 'https://claude.ai/api/mcp/auth_callback';
export const documentUrl = 'https://app.example.com/oauth/client.json';
export const verifier = 'v'.repeat(43);
export const challengeOf = (text: string): string =>
  createHash('sha256').update(text).digest('base64url');

/** A pool over real HTTP: signs everybody in, gives codes that are good once, checks PKCE and secrets. */
export class FakePool {
  readonly #codes = new Map<string, URLSearchParams>();
  readonly tokenRequests: { form: URLSearchParams; authorization: string | undefined }[] = [];
  /** Set to make the token endpoint misbehave. */
  misbehave: ((response: ServerResponse) => void) | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://pool');
    if (url.pathname === '/oauth2/authorize') {
      const query = url.searchParams;
      const code = randomUUID();
      this.#codes.set(code, query);
      const back = new URL(query.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', query.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const form = new URLSearchParams(body);
    this.tokenRequests.push({ form, authorization: request.headers.authorization });
    if (this.misbehave !== undefined) this.misbehave(response);
    else this.#token(form, request.headers.authorization, response);
  }

  #token(form: URLSearchParams, authorization: string | undefined, response: ServerResponse): void {
    const answer = (status: number, json: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    const tokens = { access_token: 'canary-access', token_type: 'Bearer', expires_in: 3600 };
    switch (form.get('grant_type')) {
      case 'client_credentials':
        return authorization === `Basic ${Buffer.from('machine:s%3Acret').toString('base64')}`
          ? void answer(200, tokens)
          : void answer(400, { error: 'invalid_client', error_description: 'pool internals' });
      case 'refresh_token':
        return form.get('refresh_token') === 'canary-refresh'
          ? void answer(200, { ...tokens, id_token: 'canary-id' })
          : void answer(400, { error: 'invalid_grant' });
    }
    const begun = this.#codes.get(form.get('code') ?? '');
    this.#codes.delete(form.get('code') ?? '');
    const fits =
      begun !== undefined &&
      begun.get('client_id') === form.get('client_id') &&
      begun.get('redirect_uri') === form.get('redirect_uri') &&
      begun.get('code_challenge') === challengeOf(form.get('code_verifier') ?? '');
    if (!fits) return void answer(400, { error: 'invalid_grant' });
    answer(200, { ...tokens, refresh_token: 'canary-refresh', id_token: 'canary-id' });
  }
}

export interface RigOptions {
  readonly poolUrl?: string;
  readonly publicUrl?: string;
  readonly guardedFetch?: GuardedFetch;
  readonly readSecret?: () => Promise<string>;
}

type Pairs = Readonly<Record<string, string>> | readonly (readonly [string, string])[];
const entriesOf = (pairs: Pairs): [string, string][] =>
  (Symbol.iterator in pairs ? [...pairs] : Object.entries(pairs)).map(([name, value]) => [
    name,
    value,
  ]);

interface Sent {
  readonly query?: Pairs;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
  readonly resource?: string;
}

export const clientDocument = {
  client_id: documentUrl,
  client_name: 'Example <App>',
  redirect_uris: ['https://app.example.com/callback', 'http://127.0.0.1/cb'],
};

/** The facade as API Gateway calls it. */
export const createRig = (options: RigOptions = {}) => {
  const { poolUrl = 'https://pool.example.com', publicUrl = issuer } = options;
  const env = facadeEnv.parse({
    PUBLIC_URL: publicUrl,
    OAUTH_POOL_URL: poolUrl,
    OAUTH_PUBLIC_CLIENT_ID: 'shared-1',
    OAUTH_REDIRECT_URIS: `${claudeRedirect} cursor://anysphere.cursor-mcp/oauth/callback`,
    OAUTH_SCOPES: 'drawbridge/mcp email',
    OAUTH_JWKS_URI: 'https://cognito-idp.eu-central-1.amazonaws.com/p/.well-known/jwks.json',
    OAUTH_SEALING_SECRET_ARN: 'arn:x',
    OAUTH_OTHER_CLIENTS: JSON.stringify([
      { clientId: 'partner', name: 'Partner', redirectUris: ['https://partner.example.com/cb'] },
    ]),
  });
  const config = facadeConfigOf(env);
  const clock = { now: Date.UTC(2026, 10, 21, 5) };
  const now = () => clock.now;
  const lines: string[] = [];
  const sealer = new Sealer(options.readSecret ?? (async () => 'k'.repeat(64)), now);
  const serveDocument: GuardedFetch = async () => ({
    status: 200,
    headers: new Map([['content-type', 'application/json']]),
    body: JSON.stringify(clientDocument),
  });
  const clients = new Clients({
    config,
    documents: new ClientDocuments(options.guardedFetch ?? serveDocument, now),
    loopbackOrigins: [],
  });
  const handler = createHandler({
    config,
    authorization: new Authorization({ config, clients, sealer }),
    token: new TokenEndpoint({
      config,
      clients,
      sealer,
      askPool: createAskPool(poolUrl, { timeoutMs: 300, maxResponseBytes: 64 * 1024 }),
    }),
    log: createLog((line) => void lines.push(line), now),
  });

  const send = async (
    httpMethod: string,
    path: string,
    { query = {}, headers = {}, body = null, resource = path }: Sent = {},
  ): Promise<HttpResponse> => {
    const many: Record<string, string[]> = {};
    for (const [name, value] of entriesOf(query)) (many[name] ??= []).push(value);
    return await handler(
      {
        resource,
        path,
        httpMethod,
        headers,
        multiValueHeaders: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, [value]]),
        ),
        queryStringParameters: Object.fromEntries(entriesOf(query)),
        multiValueQueryStringParameters: many,
        body,
        isBase64Encoded: false,
        requestContext: { requestId: 'req-1' },
      },
      {} as never,
    );
  };

  const post = (path: string, form: Pairs, headers: Readonly<Record<string, string>> = {}) =>
    send('POST', path, {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(entriesOf(form)).toString(),
    });

  const authorizeQuery = {
    response_type: 'code',
    client_id: 'shared-1',
    redirect_uri: claudeRedirect,
    state: 'st&te',
    scope: 'drawbridge/mcp',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    resource: `${publicUrl}/mcp`,
  };

  const ask = (changes: Readonly<Record<string, string>> = {}, cookie?: string) =>
    send('GET', '/oauth/authorize', {
      query: { ...authorizeQuery, ...changes },
      ...(cookie === undefined ? {} : { headers: { cookie } }),
    });

  const decide = (page: HttpResponse, decision: string, cookie = cookieOf(page)) =>
    post('/oauth/authorize', { request: sealedOf(page), decision }, { cookie });

  const comeBack = (location: string, cookie: string) =>
    send('GET', '/oauth/callback', {
      query: [...new URL(location).searchParams],
      headers: { cookie },
    });

  /** From the client's request to the code, as a browser goes. */
  const codeOf = async (changes: Readonly<Record<string, string>> = {}): Promise<URL> => {
    const page = await ask(changes);
    const cookie = cookieOf(page);
    const toPool = await decide(page, 'allow');
    const signedIn = await fetch(locationOf(toPool), { redirect: 'manual' });
    return new URL(locationOf(await comeBack(signedIn.headers.get('location') ?? '', cookie)));
  };

  const redeem = (changes: Readonly<Record<string, string>>, headers = {}) =>
    post(
      '/oauth/token',
      Object.entries({
        grant_type: 'authorization_code',
        client_id: 'shared-1',
        redirect_uri: claudeRedirect,
        code_verifier: verifier,
        resource: `${publicUrl}/mcp`,
        ...changes,
      }).filter(([, value]) => value !== ''),
      headers,
    );

  return {
    config,
    clock,
    lines,
    sealer,
    send,
    post,
    ask,
    decide,
    comeBack,
    codeOf,
    redeem,
    authorizeQuery,
  };
};

export const locationOf = ({ headers }: HttpResponse): string => headers['location'] ?? '';
export const cookieOf = ({ headers }: HttpResponse): string =>
  (headers['set-cookie'] ?? '').split(';')[0] ?? '';
export const sealedOf = ({ body }: HttpResponse): string =>
  /name="request" value="([^"]+)"/u.exec(body)?.[1] ?? '';
export const jsonOf = ({ body }: HttpResponse) => JSON.parse(body) as Record<string, unknown>;

import { createHash, createPublicKey, randomBytes, verify, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCognito, type Cognito, type CognitoOptions } from '../../../local/cognito/cognito.ts';
import { generateSigningKey } from '../../../local/cognito/signing-keys.ts';
import type { FunctionService, InvokeResult } from '../../../local/lambda/function-service.ts';
import type { DeployedResource } from '../../../local/template/deployment.ts';
import { deploymentOf, resource } from './aws-fixture.ts';

export const poolId = 'us-east-1_abc123XYZ';
export const issuer = `https://cognito-idp.us-east-1.amazonaws.com/${poolId}`;
export const triggerArn = 'arn:aws:lambda:us-east-1:123456789012:function:tokens';
export const callback = 'http://127.0.0.1:7400/oauth/callback';
export const mcp = 'http://127.0.0.1:7400/mcp';

/** Made once: it is what takes the longest of a first start. */
const signingKeys = [generateSigningKey()];

type Properties = Record<string, unknown>;

const part = (type: string, id: string, properties: Properties): DeployedResource =>
  resource(`AWS::Cognito::${type}`, id, id, { UserPoolId: poolId, ...properties });

export const client = (id: string, properties: Properties = {}): DeployedResource =>
  part('UserPoolClient', id, {
    ClientName: id,
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthFlows: ['code'],
    AllowedOAuthScopes: ['openid', 'email', 'drawbridge/mcp'],
    CallbackURLs: [callback, 'http://localhost:9999/cb', 'cursor://anysphere/callback'],
    LogoutURLs: ['http://127.0.0.1:7400/bye'],
    SupportedIdentityProviders: ['COGNITO'],
    ...properties,
  });

export const machine = (properties: Properties = {}): DeployedResource =>
  client('machine', {
    AllowedOAuthFlows: ['client_credentials'],
    AllowedOAuthScopes: ['drawbridge/mcp'],
    CallbackURLs: [],
    GenerateSecret: true,
    ...properties,
  });

export const pool = (properties: Properties = {}): DeployedResource =>
  resource('AWS::Cognito::UserPool', poolId, `arn:pool`, properties);

export const withTrigger = (version = 'V3_0'): readonly DeployedResource[] => [
  pool({
    LambdaConfig: { PreTokenGenerationConfig: { LambdaArn: triggerArn, LambdaVersion: version } },
  }),
  resource('AWS::Lambda::Permission', 'Permission', 'unused', {
    Action: 'lambda:InvokeFunction',
    FunctionName: triggerArn,
    Principal: 'cognito-idp.amazonaws.com',
  }),
];

export const resourceServer = part('UserPoolResourceServer', 'drawbridge', {
  Identifier: 'drawbridge',
  Name: 'drawbridge',
  Scopes: [{ ScopeName: 'mcp' }, { ScopeName: 'admin' }],
});

export const template: readonly DeployedResource[] = [
  pool(),
  resourceServer,
  part('UserPoolDomain', 'bridge', { Domain: 'bridge' }),
  part('UserPoolGroup', 'tenant.demo', { GroupName: 'tenant.demo' }),
  client('public'),
  client('secretive', { GenerateSecret: true }),
  machine(),
];

export const replacing = (resources: readonly DeployedResource[]): readonly DeployedResource[] => [
  ...template.filter((old) => !resources.some((one) => one.physicalId === old.physicalId)),
  ...resources,
];

export interface TriggerEvent {
  readonly version: string;
  readonly triggerSource: string;
  readonly userPoolId: string;
  readonly userName: string;
  readonly callerContext: { readonly clientId: string };
  readonly request: {
    readonly userAttributes: Readonly<Record<string, string>>;
    readonly groupConfiguration: { readonly groupsToOverride: readonly string[] };
    readonly scopes: readonly string[];
    readonly clientMetadata?: Readonly<Record<string, string>>;
  };
}

/** A function that answers every event with `details`, or fails. */
export class FakeTrigger implements Pick<FunctionService, 'invoke'> {
  readonly events: TriggerEvent[] = [];
  details: unknown = null;
  failure: string | undefined;

  async invoke(functionArn: string, payload: Buffer): Promise<InvokeResult> {
    if (functionArn !== triggerArn) throw new Error(functionArn);
    const event = JSON.parse(payload.toString('utf8')) as TriggerEvent;
    this.events.push(event);
    if (this.failure !== undefined) {
      const errorMessage = this.failure;
      return { kind: 'function-error', errorType: 'Error', errorMessage, payload: Buffer.alloc(0) };
    }
    const response = { claimsAndScopeOverrideDetails: this.details };
    return { kind: 'payload', payload: Buffer.from(JSON.stringify({ ...event, response })) };
  }
}

export type Claims = Readonly<Record<string, unknown>>;

export interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, string | number>>;
}

/** A browser with cookies, as far as managed login needs one. */
export class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();

  async fetch(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = [...this.#cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/u.exec(line) ?? [];
      const [, path = '/'] = /; path=([^;]*)/iu.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, { value, path });
    }
    return response;
  }

  /** Follows redirects within the pool; the last answer, and the address outside where it ends. */
  async follow(
    start: string,
    form?: Readonly<Record<string, string>>,
  ): Promise<{ readonly response: Response; readonly url: URL; readonly left: URL | undefined }> {
    let url = new URL(start);
    let response = await this.fetch(start, form);
    for (let hops = 0; hops < 10; hops++) {
      const location = response.headers.get('location');
      if (location === null) return { response, url, left: undefined };
      const next = new URL(location, url);
      if (next.host !== url.host) return { response, url, left: next };
      url = next;
      response = await this.fetch(url.href);
    }
    throw new Error('too many redirects');
  }
}

export class CognitoFixture implements AsyncDisposable {
  readonly cognito: Cognito;
  readonly trigger: FakeTrigger;
  readonly errors: unknown[];
  readonly requests: string[];
  readonly stateDir: string;
  readonly #keepState: boolean;
  readonly verifier = randomBytes(32).toString('base64url');

  private constructor(
    cognito: Cognito,
    parts: Pick<CognitoFixture, 'trigger' | 'errors' | 'requests' | 'stateDir'>,
    keepState: boolean,
  ) {
    this.cognito = cognito;
    this.trigger = parts.trigger;
    this.errors = parts.errors;
    this.requests = parts.requests;
    this.stateDir = parts.stateDir;
    this.#keepState = keepState;
  }

  static async start(
    resources: readonly DeployedResource[] = template,
    options: Partial<CognitoOptions> = {},
  ): Promise<CognitoFixture> {
    const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'twin-cognito-'));
    if (options.stateDir === undefined) {
      const state = { signingKeys, clientSecrets: {}, users: [] };
      writeFileSync(join(stateDir, 'cognito.json'), JSON.stringify(state));
    }
    const trigger = new FakeTrigger();
    const errors: unknown[] = [];
    const requests: string[] = [];
    const cognito = await startCognito({
      deployment: deploymentOf(resources),
      functions: trigger,
      stateDir,
      demoUser: {
        username: 'demo',
        groups: ['tenant.demo', 'role.user'],
        attributes: { email: 'demo@example.com', email_verified: 'true', 'custom:level': '3' },
      },
      onError: (error) => errors.push(error),
      onRequest: (method, path) => requests.push(`${method} ${path}`),
      ...options,
    });
    const parts = { trigger, errors, requests, stateDir };
    return new CognitoFixture(cognito, parts, options.stateDir !== undefined);
  }

  authorizeUrl(parameters: Readonly<Record<string, string>> = {}): string {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'public',
      redirect_uri: callback,
      scope: 'openid drawbridge/mcp',
      state: 'state-1',
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...parameters,
    });
    return `${this.cognito.url}/oauth2/authorize?${query.toString()}`;
  }

  /** Goes from the authorize endpoint through the login page, and back to the client. */
  async signIn(
    parameters: Readonly<Record<string, string>> = {},
    browser = new Browser(),
    credentials: Readonly<{ username: string; password: string }> = this.cognito.demoUser,
  ): Promise<URL> {
    const page = await browser.follow(this.authorizeUrl(parameters));
    if (page.left !== undefined) return page.left;
    const action = /action="([^"]+)"/u.exec(await page.response.text())?.[1];
    if (action === undefined) throw new Error('no login form');
    const done = await browser.follow(new URL(action, page.url).href, { ...credentials });
    if (done.left === undefined) throw new Error(await done.response.text());
    return done.left;
  }

  async token(
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TokenAnswer> {
    const response = await fetch(`${this.cognito.url}/oauth2/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(form),
    });
    return { status: response.status, body: (await response.json()) as TokenAnswer['body'] };
  }

  exchange(code: string | null, more: Readonly<Record<string, string>> = {}): Promise<TokenAnswer> {
    return this.token({
      grant_type: 'authorization_code',
      client_id: 'public',
      redirect_uri: callback,
      code: code ?? '',
      code_verifier: this.verifier,
      ...more,
    });
  }

  async tokens(parameters: Readonly<Record<string, string>> = {}): Promise<TokenAnswer['body']> {
    const { status, body } = await this.exchange(
      (await this.signIn(parameters)).searchParams.get('code'),
    );
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body;
  }

  secretOf(clientId: string): string {
    return this.cognito.clients.find((one) => one.clientId === clientId)?.clientSecret ?? '';
  }

  /** The claims of a token, verified by the pool's published keys. */
  async claims(token: string | number | undefined): Promise<Claims> {
    const [head = '', body = '', signature = ''] = String(token).split('.');
    const decode = (text: string): Claims =>
      JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Claims;
    const response = await fetch(`${this.cognito.url}/${poolId}/.well-known/jwks.json`);
    const { keys } = (await response.json()) as { keys: (JsonWebKey & { kid: string })[] };
    const { kid, alg } = decode(head);
    const key = keys.find((one) => one.kid === kid);
    if (key === undefined || alg !== 'RS256') throw new Error(`no key ${String(kid)}`);
    const publicKey = createPublicKey({ key, format: 'jwk' });
    if (
      !verify(
        'sha256',
        Buffer.from(`${head}.${body}`),
        publicKey,
        Buffer.from(signature, 'base64url'),
      )
    ) {
      throw new Error('bad signature');
    }
    return decode(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cognito.close();
    if (!this.#keepState) rmSync(this.stateDir, { recursive: true, force: true });
  }
}

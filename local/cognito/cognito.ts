import { sign } from 'node:crypto';
import type { FunctionService } from '../lambda/function-service.ts';
import type { Deployment } from '../template/deployment.ts';
import {
  cognitoAddresses,
  readCognitoSettings,
  type CognitoClient,
  type CognitoSettings,
} from './cognito-settings.ts';
import { CognitoState, type Credentials, type User, type UserSeed } from './cognito-state.ts';
import { hostedDomain } from './hosted-domain.ts';
import { openListener, type Listener } from './listener.ts';
import { createOAuthProvider } from './oauth-provider.ts';
import { ProviderStorage } from './provider-storage.ts';
import { signJwt } from './signing-keys.ts';

export interface CognitoOptions {
  readonly deployment: Deployment;
  /** Runs the pool's trigger. */
  readonly functions: Pick<FunctionService, 'invoke'>;
  readonly stateDir: string;
  /** 0 takes a free one. Not read when there is a `listener`. @default 0 */
  readonly port?: number;
  /** A port taken before, so that the deployment's addresses could be read with its URL. Closed by `close`. */
  readonly listener?: Listener;
  /** @default a user `demo` in no group */
  readonly demoUser?: Omit<UserSeed, 'password'>;
  /** Users beside the demo user, with their passwords set. */
  readonly users?: readonly UserSeed[];
  /** Unix milliseconds, for the times in tokens. @default Date.now */
  readonly now?: () => number;
  /** Hears what went wrong in the twin itself. */
  readonly onError?: (error: unknown) => void;
  /** Hears each request, without query or body. */
  readonly onRequest?: (method: string, path: string) => void;
}

export interface Cognito {
  /** The hosted domain, and what the JWKS' address is made of. */
  readonly url: string;
  readonly settings: CognitoSettings;
  readonly demoUser: Credentials;
  readonly clients: readonly (CognitoClient & { readonly clientSecret: string | undefined })[];
  readonly notEvaluated: readonly string[];
  /** For `loadDeployment`: what the template says at AWS, and where it is here. */
  readonly addressBook: ReturnType<typeof cognitoAddresses>;
  putUser(seed: UserSeed): Promise<User>;
  removeUser(username: string): void;
  /** As Cognito rotates: a new key signs, the old ones stay in the JWKS. Gives the new `kid`. */
  rotateSigningKey(): string;
  /** A JWT by the pool's own key with exactly these claims: for tests of who verifies them. */
  signClaims(claims: Readonly<Record<string, unknown>>): string;
  /** The pool's own RS256 signature of any text, in base64url: for tests with tokens that no pool writes. */
  signText(text: string): string;
  /** How often the JWKS has been asked for. */
  jwksRequests(): number;
  /** While it is cut, requests of the JWKS end without an answer; everything else is served. */
  cutJwks(isCut: boolean): void;
  close(): Promise<void>;
}

/**
 * The template's user pool with its managed login, on this machine.
 * @throws Error when the template has none, or asks for what the twin does not implement.
 */
export const startCognito = async (options: CognitoOptions): Promise<Cognito> => {
  const {
    deployment,
    functions,
    stateDir,
    users = [],
    demoUser: seed = { username: 'demo' },
  } = options;
  const { now = Date.now, onError = () => undefined, onRequest = () => undefined } = options;
  const settings = readCognitoSettings(deployment);
  if (settings === undefined) throw new Error('The template has no AWS::Cognito::UserPool.');
  const state = CognitoState.open(stateDir, settings);
  const demoUser = await state.ensureDemoUser(seed);
  for (const user of users) await state.putUser(user);
  const storage = new ProviderStorage(stateDir);
  const provider = createOAuthProvider({ settings, state, functions, storage, now, onError });
  const listener = options.listener ?? (await openListener(options.port ?? 0));
  const { url } = listener;
  const domain = hostedDomain({ url, settings, state, provider, now, onError, onRequest });
  const jwks = { path: `/${settings.poolId}/.well-known/jwks.json`, requests: 0, isCut: false };
  listener.serve((request, response) => {
    const isJwks = request.url?.split('?', 1)[0] === jwks.path;
    if (isJwks) jwks.requests += 1;
    if (isJwks && jwks.isCut) request.socket.destroy();
    else domain(request, response);
  });
  return {
    url,
    settings,
    demoUser,
    clients: settings.clients.map((client) => ({
      ...client,
      clientSecret: state.clientSecret(client.clientId),
    })),
    notEvaluated: settings.notEvaluated,
    addressBook: cognitoAddresses(settings, url),
    putUser: (user) => state.putUser(user),
    removeUser: (username) => state.removeUser(username),
    rotateSigningKey: () => state.rotateSigningKey().kid,
    signClaims: (claims) => signJwt(state.signingKey, claims),
    signText: (text) =>
      sign('sha256', Buffer.from(text), state.signingKey.pkcs8).toString('base64url'),
    jwksRequests: () => jwks.requests,
    cutJwks: (isCut) => {
      jwks.isCut = isCut;
    },
    close: () => listener.close(),
  };
};

import { createHash, randomUUID } from 'node:crypto';
import { OIDC_SCOPES, type CognitoClient, type CognitoSettings } from './cognito-settings.ts';
import type { User } from './cognito-state.ts';
import type { TokenOverrides } from './token-trigger.ts';

/** One successful token request, before any token is written. */
export interface Issue {
  readonly client: CognitoClient;
  /** Absent for client credentials. */
  readonly user: User | undefined;
  readonly scopes: readonly string[];
  /** RFC 8707 §2: the `resource` of the authorization request. */
  readonly resource: string | undefined;
  readonly nonce: string | undefined;
  /** Unix seconds. */
  readonly authTime: number;
  readonly now: number;
  /** All tokens of one sign-in have the same `origin_jti`. */
  readonly grantId: string | undefined;
}

type Claims = Record<string, unknown>;

/** "Claims and scopes reference" of the pre token generation trigger: what a function cannot write or suppress. */
const RESERVED = [
  'acr amr at_hash auth_time azp exp iat iss jti nbf nonce origin_jti sub token_use',
  'client_id device_key event_id identities scope username version',
].flatMap((names) => names.split(' '));

const isReserved = (name: string): boolean =>
  RESERVED.includes(name) || name.startsWith('cognito:') || name.startsWith('dev:');

export const usernameOf = ({ usernameIsSub }: CognitoSettings, { sub, username }: User): string =>
  usernameIsSub ? sub : username;

const originJti = (grantId: string): string =>
  createHash('sha256')
    .update(grantId)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/u, '$1-$2-$3-$4-$5');

const groupsOf = ({ user }: Issue, { groups }: TokenOverrides): Claims => {
  const held = groups ?? user?.groups ?? [];
  return held.length === 0 ? {} : { 'cognito:groups': held };
};

const override = (
  claims: Claims,
  change: TokenOverrides['idToken'],
  mayWrite: (name: string, value: unknown) => boolean,
): Claims => {
  const changed = { ...claims };
  for (const [name, value] of Object.entries(change?.claimsToAddOrOverride ?? {})) {
    if (mayWrite(name, value)) changed[name] = value;
  }
  for (const name of change?.claimsToSuppress ?? []) {
    if (!isReserved(name) || name === 'cognito:groups') delete changed[name];
  }
  return changed;
};

const grantedScopes = ({ scopes }: Issue, { accessToken }: TokenOverrides): string => {
  const added = (accessToken?.scopesToAdd ?? []).filter(
    (scope) => scope !== 'aws.cognito.signin.user.admin' && !/\s/u.test(scope),
  );
  const suppressed = new Set(accessToken?.scopesToSuppress ?? []);
  return [...new Set([...scopes, ...added])].filter((scope) => !suppressed.has(scope)).join(' ');
};

/** The access token's claims ("Understanding the access token"), with the trigger's changes. */
export const accessTokenClaims = (
  settings: CognitoSettings,
  issue: Issue,
  overrides: TokenOverrides,
): Claims => {
  const { client, user, resource, authTime, now, grantId } = issue;
  const origin = client.revocable && grantId !== undefined ? originJti(grantId) : undefined;
  const claims = {
    sub: user?.sub ?? client.clientId,
    ...groupsOf(issue, overrides),
    iss: settings.issuer,
    version: 2,
    client_id: client.clientId,
    ...(origin === undefined ? {} : { origin_jti: origin }),
    token_use: 'access',
    scope: grantedScopes(issue, overrides),
    auth_time: authTime,
    exp: now + client.accessTokenSeconds,
    iat: now,
    jti: randomUUID(),
    ...(user === undefined ? {} : { username: usernameOf(settings, user) }),
    ...(resource === undefined ? {} : { aud: resource }),
  };
  return override(claims, overrides.accessToken, (name, value) =>
    name === 'aud' ? value === client.clientId : !isReserved(name),
  );
};

const SCOPE_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** The attributes that scopes show: with `openid` alone all of them, `profile` all but email and phone. */
export const visibleAttributes = (
  { attributes }: User,
  scopes: readonly string[],
): Readonly<Record<string, unknown>> => {
  const everything = !OIDC_SCOPES.some((scope) => scope !== 'openid' && scopes.includes(scope));
  const ownerOf = (name: string): string =>
    Object.entries(SCOPE_ATTRIBUTES).find(([, names]) => names.includes(name))?.[0] ?? 'profile';
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => everything || scopes.includes(ownerOf(name)))
      .map(([name, value]) => [name, name.endsWith('_verified') ? value === 'true' : value]),
  );
};

/** The ID token's claims, with the trigger's changes; `undefined` without a user or the scope `openid`. */
export const idTokenClaims = (
  settings: CognitoSettings,
  issue: Issue,
  overrides: TokenOverrides,
  access: { readonly token: string; readonly claims: Readonly<Claims> },
): Claims | undefined => {
  const { client, user, scopes, nonce, authTime, now } = issue;
  if (user === undefined || !scopes.includes('openid')) return undefined;
  const leftHalf = createHash('sha256').update(access.token).digest().subarray(0, 16);
  const claims = {
    at_hash: leftHalf.toString('base64url'),
    sub: user.sub,
    ...groupsOf(issue, overrides),
    ...visibleAttributes(user, scopes),
    iss: settings.issuer,
    'cognito:username': usernameOf(settings, user),
    ...(nonce === undefined ? {} : { nonce }),
    ...('origin_jti' in access.claims ? { origin_jti: access.claims['origin_jti'] } : {}),
    aud: client.clientId,
    token_use: 'id',
    auth_time: authTime,
    exp: now + client.idTokenSeconds,
    iat: now,
    jti: randomUUID(),
  };
  return override(claims, overrides.idToken, (name) => name !== 'aud' && !isReserved(name));
};

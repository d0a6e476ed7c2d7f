import * as z from 'zod';
import type { CognitoSettings } from './cognito-settings.ts';
import type { CognitoState } from './cognito-state.ts';
import { openJwt } from './signing-keys.ts';
import { usernameOf, visibleAttributes } from './token-claims.ts';

const accessToken = z.object({
  sub: z.string(),
  iss: z.string(),
  token_use: z.literal('access'),
  scope: z.string(),
  exp: z.number(),
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

const refuse = (status: number, error: string, description: string): Answer => ({
  status,
  body: { error, error_description: description },
  headers: { 'www-authenticate': `Bearer error="${error}", error_description="${description}"` },
});

/** "The userInfo endpoint": the attributes that the token's scopes show; without `openid` none. */
export const readUserInfo = (
  {
    settings,
    state,
    now,
  }: {
    readonly settings: CognitoSettings;
    readonly state: CognitoState;
    readonly now: () => number;
  },
  authorization: string | undefined,
): Answer => {
  const [, token = ''] = /^bearer (\S+)$/iu.exec(authorization ?? '') ?? [];
  const { data: claims } = accessToken.safeParse(openJwt(state.signingKeys, token));
  const user = claims === undefined ? undefined : state.bySub(claims.sub);
  if (
    claims === undefined ||
    user === undefined ||
    claims.iss !== settings.issuer ||
    claims.exp * 1000 <= now()
  ) {
    return refuse(401, 'invalid_token', 'Access token is expired, disabled, or deleted.');
  }
  const scopes = claims.scope.split(' ');
  if (!scopes.includes('openid')) {
    return refuse(403, 'insufficient_scope', 'Access token does not have openid scope');
  }
  return {
    status: 200,
    body: {
      sub: user.sub,
      ...visibleAttributes(user, scopes),
      username: usernameOf(settings, user),
    },
    headers: { 'cache-control': 'no-store' },
  };
};

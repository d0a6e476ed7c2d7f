import type { FunctionService } from '../lambda/function-service.ts';
import type { CognitoSettings } from './cognito-settings.ts';
import type { CognitoState } from './cognito-state.ts';
import { signJwt } from './signing-keys.ts';
import { accessTokenClaims, idTokenClaims, usernameOf, type Issue } from './token-claims.ts';
import { runTokenTrigger, type TriggerSource } from './token-trigger.ts';

export interface IssuedTokens {
  readonly id_token?: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly token_type: 'Bearer';
}

export interface TokenIssuerOptions {
  readonly settings: CognitoSettings;
  readonly state: CognitoState;
  readonly functions: Pick<FunctionService, 'invoke'>;
}

/** Writes the pool's tokens, after its trigger had its say. @throws TriggerFailure */
export const issueTokens = async (
  { settings, state, functions }: TokenIssuerOptions,
  issue: Issue,
  source: TriggerSource,
  clientMetadata: Readonly<Record<string, string>> | undefined,
): Promise<IssuedTokens> => {
  const { client, user, scopes } = issue;
  const overrides = await runTokenTrigger(settings, functions, {
    source,
    clientId: client.clientId,
    user,
    userName: user === undefined ? client.clientId : usernameOf(settings, user),
    scopes,
    clientMetadata,
  });
  const key = state.signingKey;
  const claims = accessTokenClaims(settings, issue, overrides);
  const token = signJwt(key, claims);
  const idClaims = idTokenClaims(settings, issue, overrides, { token, claims });
  return {
    ...(idClaims === undefined ? {} : { id_token: signJwt(key, idClaims) }),
    access_token: token,
    expires_in: client.accessTokenSeconds,
    token_type: 'Bearer',
  };
};

import { createHash, timingSafeEqual } from 'node:crypto';
import { issuedCode, type IssuedCode } from './authorization.ts';
import { presentedClient, type PresentedClient } from './client-authentication.ts';
import type { ClientIdentity, ClientKind, Clients } from './clients.ts';
import { callbackUrl, type FacadeConfig } from './facade-env.ts';
import { OAuthError, type OAuthErrorCode } from './oauth-error.ts';
import {
  checkResource,
  readParameters,
  readScopes,
  refuseRepeated,
  type Parameters,
  type SentParameters,
} from './parameters.ts';
import type { AskPool, PoolAnswer, PoolCredentials, Tokens } from './pool-client.ts';
import type { Sealer } from '../sealing/sealer.ts';

export interface TokenDeps {
  readonly config: FacadeConfig;
  readonly clients: Clients;
  readonly sealer: Sealer;
  readonly askPool: AskPool;
}

export interface TokenAnswer {
  /** `machine`: a client of the pool that authenticates with a secret of its own. */
  readonly client: ClientKind | 'machine';
  readonly grant: string;
  readonly tokens: Tokens;
}

/** Errors of the pool that are the client's to mend (RFC 6749 §5.2). */
const passedOn = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
] as const satisfies readonly OAuthErrorCode[];

/** @throws OAuthError for anything but tokens; nothing of the pool's own words is in it. */
const tokensOf = (answer: PoolAnswer, isOwnClient: boolean): Tokens => {
  switch (answer.kind) {
    case 'tokens':
      return answer.tokens;
    case 'unavailable':
      throw new OAuthError('temporarily_unavailable', 'Sign-in cannot be reached right now', {
        cause: answer.cause,
      });
    case 'malformed':
      throw new OAuthError('server_error', 'Sign-in gave an answer that is none', {
        cause: new Error(`the pool answered ${answer.status}, and no token response`),
      });
    case 'refused': {
      const code = passedOn.find((one) => one === answer.error);
      // The shared client is ours: when the pool does not know it, no client can help that.
      const isOurs = isOwnClient && (code === 'invalid_client' || code === 'unauthorized_client');
      if (code === undefined || isOurs) {
        throw new OAuthError('server_error', 'Sign-in refused the request for a reason of its own');
      }
      throw new OAuthError(code, 'Sign-in refused the request');
    }
  }
};

const required = (parameters: Parameters, name: string): string => {
  const value = parameters.get(name);
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing`);
  return value;
};

/** RFC 7636 §4.6. */
const isVerifierOf = (challenge: string, verifier: string): boolean => {
  const own = createHash('sha256').update(verifier).digest('base64url');
  return (
    own.length === challenge.length && timingSafeEqual(Buffer.from(own), Buffer.from(challenge))
  );
};

/** The token endpoint (RFC 6749 §3.2): checks what only the facade knows, and has the pool do the rest. */
export class TokenEndpoint {
  readonly #deps: TokenDeps;

  constructor(deps: TokenDeps) {
    this.#deps = deps;
  }

  /** @throws OAuthError */
  async answer(sent: SentParameters, authorization: string | undefined): Promise<TokenAnswer> {
    const { parameters, repeated } = readParameters(sent);
    refuseRepeated(repeated);
    const grant = required(parameters, 'grant_type');
    const client = presentedClient(parameters, authorization);
    checkResource(parameters.get('resource'), this.#deps.config.resource);
    switch (grant) {
      case 'authorization_code':
        return { grant, ...(await this.#redeemCode(parameters, client)) };
      case 'refresh_token':
        return { grant, ...(await this.#refresh(parameters, client)) };
      case 'client_credentials':
        return { grant, client: 'machine', tokens: await this.#machine(parameters, client) };
      default:
        throw new OAuthError('unsupported_grant_type', 'This grant type is not supported');
    }
  }

  /** That a code is good for one use is the pool's doing: the code of its own inside is. */
  async #redeemCode(parameters: Parameters, presented: PresentedClient) {
    const { config, sealer, askPool } = this.#deps;
    const { client, credentials } = this.#identify(presented);
    const verifier = required(parameters, 'code_verifier');
    if (!/^[\w.~-]{43,128}$/u.test(verifier)) {
      throw new OAuthError('invalid_request', 'code_verifier is not one of RFC 7636');
    }
    const redirectUri = required(parameters, 'redirect_uri');
    const opened = await sealer.open('code', required(parameters, 'code'));
    const code = issuedCode.safeParse(opened).data;
    if (code === undefined || !isFor(code, presented.clientId, redirectUri, config, verifier)) {
      throw new OAuthError('invalid_grant', 'The code is not valid here');
    }
    const answer = await askPool(
      {
        grant_type: 'authorization_code',
        code: code.poolCode,
        code_verifier: verifier,
        client_id: client.poolClientId,
        redirect_uri: callbackUrl(config),
        resource: code.resource,
      },
      credentials,
    );
    return { client: client.kind, tokens: tokensOf(answer, client.kind !== 'other') };
  }

  async #refresh(parameters: Parameters, presented: PresentedClient) {
    const { config, askPool } = this.#deps;
    const { client, credentials } = this.#identify(presented);
    const scope = parameters.get('scope');
    const answer = await askPool(
      {
        grant_type: 'refresh_token',
        refresh_token: required(parameters, 'refresh_token'),
        client_id: client.poolClientId,
        resource: config.resource,
        ...(scope === undefined ? {} : { scope: readScopes(scope, config.scopes).join(' ') }),
      },
      credentials,
    );
    return { client: client.kind, tokens: tokensOf(answer, client.kind !== 'other') };
  }

  /** The pool takes no `resource` for this grant: such a token has no audience, and is told by its client. */
  async #machine(parameters: Parameters, { clientId, clientSecret }: PresentedClient) {
    const { config, askPool } = this.#deps;
    if (clientSecret === undefined) {
      throw new OAuthError('invalid_client', 'Client authentication failed');
    }
    const scopes = readScopes(parameters.get('scope'), config.scopes);
    const answer = await askPool(
      { grant_type: 'client_credentials', client_id: clientId, scope: scopes.join(' ') },
      { clientId, clientSecret },
    );
    return tokensOf(answer, false);
  }

  #identify({ clientId, clientSecret }: PresentedClient): {
    readonly client: ClientIdentity;
    readonly credentials?: PoolCredentials;
  } {
    const client = this.#deps.clients.identify(clientId);
    if (client === undefined) {
      throw new OAuthError('invalid_client', 'The client is not known here');
    }
    if (clientSecret === undefined) return { client };
    // A public client that sends a secret takes itself for another one (RFC 6749 §2.3.1).
    if (client.kind !== 'other') {
      throw new OAuthError('invalid_client', 'This client has no secret');
    }
    return { client, credentials: { clientId, clientSecret } };
  }
}

/** RFC 6749 §4.1.3: the same client, the same redirect URI; and the challenge of whoever began. */
const isFor = (
  code: IssuedCode,
  clientId: string,
  redirectUri: string,
  { resource }: FacadeConfig,
  verifier: string,
): boolean =>
  code.clientId === clientId &&
  code.redirectUri === redirectUri &&
  code.resource === resource &&
  isVerifierOf(code.codeChallenge, verifier);

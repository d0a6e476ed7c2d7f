import middy from '@middy/core';
import * as z from 'zod';
import { looksLikeJwt } from '../../src/credentials/looks-like-jwt.ts';
import type {
  AccessTokenVerification,
  AccessTokenVerifier,
} from '../../src/credentials/verify-access-token.ts';
import type { ApiKeyVerifier, Verification } from '../../src/credentials/verify-api-key.ts';
import type { Log } from '../../src/log/log.ts';
import { noMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import { toAuthorizerContext } from '../../src/principals/principal.ts';
import { refusalClasses, type AuthorizerRefusal } from './refusal-classes.ts';

/** What is used of a REQUEST authorizer's event (AWS: "Input to an API Gateway Lambda authorizer"). */
const requestEvent = z.object({
  methodArn: z.string().startsWith('arn:'),
  headers: z.record(z.string(), z.string().optional()),
  multiValueHeaders: z.record(z.string(), z.array(z.string()).optional()).nullish(),
  requestContext: z.object({
    requestId: z.string(),
    identity: z.object({ sourceIp: z.string() }),
  }),
});

type RequestEvent = z.infer<typeof requestEvent>;

export interface AuthorizerResponse {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: readonly [
      {
        readonly Action: 'execute-api:Invoke';
        readonly Effect: 'Allow';
        readonly Resource: string;
      },
    ];
  };
  readonly context: Readonly<Record<string, string>>;
  readonly usageIdentifierKey: string;
}

export interface AuthorizerDeps {
  readonly verifyApiKey: ApiKeyVerifier;
  /** Absent where no issuer is trusted: access tokens are refused then. */
  readonly verifyAccessToken?: AccessTokenVerifier | undefined;
  readonly log: Log;
  /** @default none */
  readonly metrics?: Metrics;
}

const bearer = /^Bearer +([^\s]+) *$/i;

const isAuthorization = ([name]: readonly [string, unknown]): boolean =>
  name.toLowerCase() === 'authorization';

/**
 * The bearer token of the one Authorization header, whatever the case of its name. Of a header sent twice API Gateway
 * puts the last value into `headers`; which one it caches by, it does not say.
 */
const bearerToken = ({ headers, multiValueHeaders }: RequestEvent): string | undefined => {
  const values = Object.entries(headers).filter(isAuthorization);
  const all = Object.entries(multiValueHeaders ?? {}).filter(isAuthorization);
  if (values.length !== 1 || all.flatMap(([, sent]) => sent ?? []).length > 1) return undefined;
  return bearer.exec(values[0]?.[1] ?? '')?.[1];
};

/**
 * The whole API of this stage. API Gateway caches the policy for every route under the same credential, so it must
 * not name the route that happened to be asked first.
 */
const everyRoute = (methodArn: string): string => {
  const [api = '', stage = ''] = methodArn.split('/');
  return `${api}/${stage}/*`;
};

/** API Gateway answers 401 to exactly this message, and 500 to every other error. */
const unauthorized = (): Error => new Error('Unauthorized');

/** An error of its own: what API Gateway gets, and the runtime logs, holds nothing of the cause. */
const unavailable = (): Error => new Error('Authorizer unavailable');

type Decision = Verification | AccessTokenVerification | Refusal;

interface Refusal {
  readonly kind: 'refused';
  readonly reason: AuthorizerRefusal;
}

export const createHandler = ({
  verifyApiKey,
  verifyAccessToken,
  log,
  metrics = noMetrics,
}: AuthorizerDeps) => {
  const failed = (error: unknown, requestId?: string): Error => {
    log.error('auth.failed', error, { requestId });
    metrics.emit({ AuthorizerFailures: 1 });
    return unavailable();
  };

  /**
   * By the form of the credential, which decides its lane: an API key holds no dot.
   * @throws Error when the credential could not be looked at.
   */
  const verify = async (event: RequestEvent): Promise<Decision> => {
    const token = bearerToken(event);
    if (token?.startsWith('smcp_')) {
      return verifyApiKey(token, event.requestContext.identity.sourceIp);
    }
    if (token === undefined || !looksLikeJwt(token)) {
      return { kind: 'refused', reason: 'malformed' };
    }
    return verifyAccessToken?.(token) ?? { kind: 'refused', reason: 'no-issuers' };
  };

  return middy(async (input: unknown): Promise<AuthorizerResponse> => {
    const event = requestEvent.safeParse(input).data;
    const requestId = event?.requestContext.requestId;
    if (event === undefined) {
      throw failed(new Error('the event is not of a REQUEST authorizer'));
    }
    const verification = await verify(event).catch((error: unknown) => {
      // Fail closed: every error but "Unauthorized" is a 5xx to the caller, never an Allow.
      throw failed(error, requestId);
    });
    if (verification.kind === 'refused') {
      const { reason } = verification;
      const keyId = 'keyId' in verification ? verification.keyId : undefined;
      // A key id from a token that proved nothing is whatever a stranger sent: it is not written down.
      const known = reason === 'malformed' || reason === 'unknown' ? undefined : keyId;
      log.warn('auth.refused', { requestId, reason, keyId: known });
      metrics.emit({ AuthorizerRefusals: 1 }, { reason: refusalClasses[reason] });
      throw unauthorized();
    }
    const { principal, usageKey } = verification;
    return {
      principalId: `${principal.tenant}/${principal.subject}`,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'execute-api:Invoke',
            Effect: 'Allow',
            Resource: everyRoute(event.methodArn),
          },
        ],
      },
      context: toAuthorizerContext(principal),
      usageIdentifierKey: usageKey,
    };
  });
};

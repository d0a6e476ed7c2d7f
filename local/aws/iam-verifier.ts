import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { IamIdentity, IamRequest, IamVerdict, VerifyIam } from '../gateway/iam.ts';
import type { Authorizer } from './authorization.ts';
import { AwsError } from './aws-error.ts';
import type { AccessKey, LocalCredentials } from './credentials.ts';
import { verifySignature, type RefusalReason } from './sigv4.ts';

type Refused = Omit<Extract<IamVerdict, { kind: 'refused' }>, 'kind'>;

const doesNotMatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const unknownToken: Refused = {
  type: 'INVALID_SIGNATURE',
  message: 'The security token included in the request is invalid.',
};

/**
 * The gateway response of each fault. AWS documents the types, not which fault gets which; messages are as seen on
 * the wire. A signature that is too old is an InvalidSignatureException there: EXPIRED_TOKEN is for session
 * credentials that ran out, which the twin's do not.
 */
const refusals: Readonly<Record<RefusalReason, Refused>> = {
  Missing: { type: 'MISSING_AUTHENTICATION_TOKEN', message: 'Missing Authentication Token' },
  Malformed: {
    type: 'INVALID_SIGNATURE',
    message: 'Authorization header is not one of Signature Version 4.',
  },
  WrongScope: {
    type: 'INVALID_SIGNATURE',
    message: 'Credential should be scoped to a valid region and to service: execute-api.',
  },
  Expired: {
    type: 'INVALID_SIGNATURE',
    message: 'Signature expired or not yet current: its date is more than 5 min. off.',
  },
  UnknownKey: unknownToken,
  WrongSessionToken: unknownToken,
  UnsignedHeader: {
    type: 'INVALID_SIGNATURE',
    message: "'Host' and every 'x-amz-' header must be a 'SignedHeader' in the Authorization.",
  },
  PayloadMismatch: { type: 'INVALID_SIGNATURE', message: doesNotMatch },
  InvalidSignature: { type: 'INVALID_SIGNATURE', message: doesNotMatch },
};

const refused = (reason: RefusalReason): IamVerdict => ({ kind: 'refused', ...refusals[reason] });

/** As node:http gives them: lower case, values of one name joined. */
const headersOf = (rawHeaders: readonly string[]): IncomingHttpHeaders => {
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before},${value}`;
  }
  return headers;
};

/** A unique id in the manner of IAM's, the same for the same ARN. */
const uniqueId = (prefix: 'AROA' | 'AIDA', arn: string): string =>
  prefix +
  BigInt(`0x${hash('sha256', arn)}`)
    .toString(36)
    .toUpperCase()
    .slice(0, 17);

/** `requestContext.identity` as API Gateway gives it to an integration (AWS: "IAM unique identifiers"). */
const identityOf = ({ accessKeyId, principal }: AccessKey, accountId: string): IamIdentity => {
  const { principalArn } = principal;
  const caller =
    principal.kind === 'role'
      ? `${uniqueId('AROA', principal.roleArn)}:${principalArn.slice(principalArn.lastIndexOf('/') + 1)}`
      : uniqueId('AIDA', principalArn);
  return { accessKey: accessKeyId, accountId, caller, user: caller, userArn: principalArn };
};

export interface IamVerifierOptions {
  readonly accountId: string;
  readonly region: string;
  readonly credentials: Pick<LocalCredentials, 'lookup'>;
  readonly authorizer: Pick<Authorizer, 'authorize'>;
  /** Unix milliseconds. @default Date.now */
  readonly now?: () => number;
}

/**
 * What API Gateway does on an AWS_IAM method: verifies the signature byte for byte, then asks whether the caller's
 * policies allow `execute-api:Invoke` on the method.
 */
export const createIamVerifier = ({
  accountId,
  region,
  credentials,
  authorizer,
  now = Date.now,
}: IamVerifierOptions): VerifyIam => {
  return async (request: IamRequest): Promise<IamVerdict> => {
    const verification = verifySignature(
      {
        method: request.method,
        path: request.path,
        query: request.queryString,
        headers: headersOf(request.rawHeaders),
        body: request.body,
      },
      {
        service: 'execute-api',
        region,
        now: now(),
        credentialsFor: (accessKeyId) => credentials.lookup(accessKeyId),
      },
    );
    if (verification.kind === 'refused') return refused(verification.reason);
    const key = credentials.lookup(verification.accessKeyId);
    if (key === undefined) return refused('UnknownKey');
    try {
      await authorizer.authorize(key.principal, 'execute-api:Invoke', request.methodArn);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { kind: 'refused', type: 'ACCESS_DENIED', message: error.message };
    }
    return { kind: 'allowed', identity: identityOf(key, accountId) };
  };
};

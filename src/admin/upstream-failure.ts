import * as z from 'zod';
import { AdminError, type AdminErrorCode } from './admin-error.ts';

const awsError = z.object({
  name: z.string(),
  message: z.string().catch(''),
  code: z.string().optional().catch(undefined),
});

interface Diagnosis {
  readonly code: AdminErrorCode;
  /** What to do about it. */
  readonly next: string;
}

const denied: Diagnosis = {
  code: 'UPSTREAM_DENIED',
  next: 'use credentials that may do this (docs/storage-schema.md, "Who may do what")',
};
const signedOut: Diagnosis = {
  code: 'UPSTREAM_DENIED',
  next: 'sign in to AWS again, or choose other credentials with --profile',
};
const unreachable: Diagnosis = {
  code: 'UPSTREAM_UNREACHABLE',
  next: 'check the network and the region, then try again',
};
const missing: Diagnosis = {
  code: 'UPSTREAM_NOT_FOUND',
  next: 'check --env and --region, and that the deployment is complete',
};
const busy: Diagnosis = { code: 'UPSTREAM_FAILED', next: 'wait a minute and try again' };
const other: Diagnosis = { code: 'UPSTREAM_FAILED', next: 'try again' };

/** By the error's `code` (Node's sockets), `name` (AWS) or message. */
const diagnoses: Readonly<Record<string, Diagnosis>> = {
  AccessDeniedException: denied,
  AccessDenied: denied,
  CredentialsProviderError: signedOut,
  TokenProviderError: signedOut,
  ExpiredTokenException: signedOut,
  ExpiredToken: signedOut,
  UnrecognizedClientException: signedOut,
  InvalidClientTokenId: signedOut,
  InvalidSignatureException: signedOut,
  UnauthorizedException: signedOut,
  ParameterNotFound: missing,
  ResourceNotFoundException: missing,
  NotFoundException: missing,
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  ETIMEDOUT: unreachable,
  TimeoutError: unreachable,
  ThrottlingException: busy,
  TooManyRequestsException: busy,
  ProvisionedThroughputExceededException: busy,
  RequestLimitExceeded: busy,
  /** The SDK's words, in an error without a name. */
  'Region is missing': {
    code: 'INVALID_INPUT',
    next: 'give --region, or set AWS_REGION or the profile’s region',
  },
};

/**
 * What an operator is told when `what` (such as `read the pepper secret <arn>`) failed. An `AdminError` stays as it
 * is.
 */
export const upstreamFailure = (what: string, error: unknown): AdminError => {
  if (error instanceof AdminError) return error;
  const parsed = awsError.safeParse(error);
  const { name, message, code } = parsed.success
    ? parsed.data
    : { name: 'Error', message: String(error), code: undefined };
  const diagnosis = diagnoses[code ?? ''] ?? diagnoses[name] ?? diagnoses[message] ?? other;
  const said = message === '' ? (code ?? name) : message.replace(/\.$/, '');
  const detail = name === 'Error' || said.includes(name) ? said : `${name}: ${said}`;
  return new AdminError(diagnosis.code, `could not ${what}: ${detail}. Next: ${diagnosis.next}.`, {
    cause: error,
  });
};

/** Runs one call to AWS; a failure becomes an `AdminError` that says what could not be done. */
export const reporting = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    throw upstreamFailure(what, error);
  }
};

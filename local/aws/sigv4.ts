import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { canonicalPath, canonicalQuery } from './sigv4-canonical.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 5 * 60 * 1000;
const MAX_CACHED_KEYS = 1000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 +Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request, *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})$/;
const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

export interface SignedRequest {
  readonly method: string;
  /** The path as it stood on the wire, still encoded, without the query. */
  readonly path: string;
  /** The query as it stood on the wire, without `?`; empty when there is none. */
  readonly query: string;
  /** As node:http gives them: names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface SigningSecret {
  readonly secretAccessKey: string;
  /** Temporary credentials carry one; a request must then send it. */
  readonly sessionToken?: string;
}

export interface VerificationContext {
  readonly service: string;
  readonly region: string;
  readonly credentialsFor: (accessKeyId: string) => SigningSecret | undefined;
  /** Unix milliseconds. */
  readonly now: number;
}

export type RefusalReason =
  | 'Missing'
  | 'Malformed'
  | 'WrongScope'
  | 'Expired'
  | 'UnknownKey'
  | 'WrongSessionToken'
  | 'UnsignedHeader'
  | 'PayloadMismatch'
  | 'InvalidSignature';

export type Verification =
  | { readonly kind: 'verified'; readonly accessKeyId: string }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

export interface AuthorizationHeader {
  readonly accessKeyId: string;
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** The parts of a SigV4 Authorization header; `undefined` for anything else. */
export const parseAuthorization = (header: string | undefined): AuthorizationHeader | undefined => {
  const match = AUTHORIZATION.exec(header ?? '');
  if (match === null) return undefined;
  const [, accessKeyId = '', date = '', region = '', service = '', signed = '', signature = ''] =
    match;
  return { accessKeyId, date, region, service, signedHeaders: signed.split(';'), signature };
};

const refused = (reason: RefusalReason): Verification => ({ kind: 'refused', reason });

/**
 * Verifies AWS Signature Version 4 in the Authorization header
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html): the signature, that it covers
 * `host` and every `x-amz-*` header, the body, and that it is at most five minutes old or ahead.
 * Presigned URLs and chunked payloads are not accepted.
 */
export const verifySignature = (
  request: SignedRequest,
  { service, region, credentialsFor, now }: VerificationContext,
): Verification => {
  const { headers } = request;
  if (headers.authorization === undefined) return refused('Missing');
  const authorization = parseAuthorization(headers.authorization);
  const amzDate = headers['x-amz-date'];
  if (authorization === undefined || typeof amzDate !== 'string') return refused('Malformed');
  const signedAt = parseAmzDate(amzDate);
  if (Number.isNaN(signedAt)) return refused('Malformed');

  const { accessKeyId, date, signedHeaders } = authorization;
  const inScope =
    authorization.service === service &&
    authorization.region === region &&
    amzDate.startsWith(`${date}T`);
  if (!inScope) return refused('WrongScope');
  if (Math.abs(now - signedAt) > MAX_SKEW_MS) return refused('Expired');

  const secret = credentialsFor(accessKeyId);
  if (secret === undefined) return refused('UnknownKey');
  if (secret.sessionToken !== undefined && headers['x-amz-security-token'] !== secret.sessionToken)
    return refused('WrongSessionToken');
  if (!coversRequired(signedHeaders, headers)) return refused('UnsignedHeader');

  const payloadHash = hash('sha256', request.body, 'hex');
  const declaredHash = headers['x-amz-content-sha256'];
  if (declaredHash !== undefined && declaredHash !== payloadHash) return refused('PayloadMismatch');

  const scope = `${date}/${region}/${service}/aws4_request`;
  const canonicalRequest = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(headers[name])}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
  const toSign = `${ALGORITHM}\n${amzDate}\n${scope}\n${hash('sha256', canonicalRequest, 'hex')}`;
  const key = signingKey(secret.secretAccessKey, date, region, service);
  const expected = createHmac('sha256', key).update(toSign).digest();
  return timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'))
    ? { kind: 'verified', accessKeyId }
    : refused('InvalidSignature');
};

const parseAmzDate = (text: string): number => {
  const [, year, month, day, hour, minute, second] = AMZ_DATE.exec(text) ?? [];
  if (year === undefined) return Number.NaN;
  return Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
};

const coversRequired = (signed: readonly string[], headers: IncomingHttpHeaders): boolean => {
  if (!signed.includes('host')) return false;
  if (signed.some((name) => headers[name] === undefined)) return false;
  for (const name in headers) {
    if (name.startsWith('x-amz-') && !signed.includes(name)) return false;
  }
  return true;
};

const canonicalValue = (value: string | string[] | undefined): string => {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.replace(/\s+/g, ' ').trim();
};

/** Derived keys by secret and scope: four HMACs less per request. */
const signingKeys = new Map<string, Buffer>();

const signingKey = (secret: string, date: string, region: string, service: string): Buffer => {
  const cacheKey = `${secret}/${date}/${region}/${service}`;
  const cached = signingKeys.get(cacheKey);
  if (cached !== undefined) return cached;
  const key = [date, region, service, 'aws4_request'].reduce<Buffer>(
    (previous, part) => createHmac('sha256', previous).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  );
  if (signingKeys.size >= MAX_CACHED_KEYS) signingKeys.clear();
  signingKeys.set(cacheKey, key);
  return key;
};

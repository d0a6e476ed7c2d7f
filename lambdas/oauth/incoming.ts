import * as z from 'zod';
import { OAuthError } from '../../src/oauth/oauth-error.ts';
import type { SentParameters } from '../../src/oauth/parameters.ts';

/** What is used of a proxy event (AWS: "Input format of a Lambda function for proxy integration"). */
export const proxyEvent = z.object({
  resource: z.string(),
  path: z.string(),
  httpMethod: z.string(),
  headers: z.record(z.string(), z.string().optional()).nullable(),
  multiValueHeaders: z.record(z.string(), z.array(z.string()).optional()).nullish(),
  queryStringParameters: z.record(z.string(), z.string().optional()).nullish(),
  multiValueQueryStringParameters: z.record(z.string(), z.array(z.string()).optional()).nullish(),
  body: z.string().nullable(),
  isBase64Encoded: z.boolean(),
  requestContext: z.object({ requestId: z.string() }),
});
export type ProxyEvent = z.infer<typeof proxyEvent>;

/** The path below the stage: of a greedy or named resource, what was really asked for. */
export const pathOf = ({ resource, path }: ProxyEvent): string => {
  const asked = resource.includes('{') ? path : resource;
  return asked.length > 1 ? asked.replace(/\/+$/u, '') : asked;
};

/** Every value of a header, whatever the case of its name. */
const headerValues = (event: ProxyEvent, name: string): readonly string[] => {
  const of = <T>(headers: Readonly<Record<string, T | undefined>> | null | undefined): T[] =>
    Object.entries(headers ?? {}).flatMap(([key, value]) =>
      key.toLowerCase() === name && value !== undefined ? [value] : [],
    );
  const all = of(event.multiValueHeaders).flat();
  return all.length > 0 ? all : of(event.headers);
};

/** HTTP/2 lets a browser send its cookies in several fields (RFC 9113 §8.2.3). */
export const cookieHeader = (event: ProxyEvent): string | undefined =>
  headerValues(event, 'cookie').join('; ') || undefined;

/** @throws OAuthError invalid_request for two: which one counts would be a guess. */
export const authorizationHeader = (event: ProxyEvent): string | undefined => {
  const values = headerValues(event, 'authorization');
  if (values.length > 1) {
    throw new OAuthError('invalid_request', 'There is more than one Authorization header');
  }
  return values[0];
};

/** API Gateway has decoded names and values. */
export const queryParameters = (event: ProxyEvent): SentParameters => {
  const many = Object.entries(event.multiValueQueryStringParameters ?? {});
  return many.length > 0
    ? many.flatMap(([name, values]) => (values ?? []).map((value) => [name, value] as const))
    : Object.entries(event.queryStringParameters ?? {}).map(
        ([name, value]) => [name, value ?? ''] as const,
      );
};

const maxBodyBytes = 16 * 1024;

/** @throws OAuthError invalid_request with status 413 or 415. */
export const readBody = (event: ProxyEvent, contentType: string): string => {
  const [type, ...others] = headerValues(event, 'content-type');
  if (others.length > 0 || type?.split(';', 1)[0]?.trim().toLowerCase() !== contentType) {
    throw new OAuthError('invalid_request', `Content-Type must be ${contentType}`, { status: 415 });
  }
  const body = event.body ?? '';
  const bytes = event.isBase64Encoded ? Buffer.from(body, 'base64') : Buffer.from(body);
  if (bytes.length > maxBodyBytes) {
    throw new OAuthError('invalid_request', `The body is larger than ${maxBodyBytes} bytes`, {
      status: 413,
    });
  }
  return bytes.toString('utf8');
};

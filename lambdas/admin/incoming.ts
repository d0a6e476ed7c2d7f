import * as z from 'zod';
import { GatewayError } from '../../src/errors/gateway-error.ts';

/** What is used of a proxy event (AWS: "Input format of a Lambda function for proxy integration"). */
export const adminEvent = z.object({
  httpMethod: z.string(),
  /** `{proxy}` is what stands below `/admin`; absent on `/admin` itself. */
  pathParameters: z.object({ proxy: z.string().optional() }).nullish(),
  multiValueQueryStringParameters: z.record(z.string(), z.array(z.string())).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(z.string())).nullish(),
  body: z.string().nullable(),
  isBase64Encoded: z.boolean(),
  requestContext: z.object({
    requestId: z.string(),
    /** The caller, whose signature API Gateway verified. */
    identity: z.object({ userArn: z.string().nullish() }),
  }),
});
export type AdminEvent = z.infer<typeof adminEvent>;

/** Larger than any policy that is taken (`policyRecord`), and than any entry of a server. */
const maxBodyBytes = 200_000;

/** @param wanted - in lower case. */
const valuesOf = ({ multiValueHeaders }: AdminEvent, wanted: string): readonly string[] =>
  Object.entries(multiValueHeaders ?? {}).flatMap(([name, sent]) =>
    name.toLowerCase() === wanted ? sent : [],
  );

export const lastHeaderOf = (event: AdminEvent, wanted: string): string | undefined =>
  valuesOf(event, wanted).at(-1);

/** A header that is sent twice has no one meaning. @throws GatewayError INVALID_REQUEST */
export const headerOf = (event: AdminEvent, wanted: string): string | undefined => {
  const values = valuesOf(event, wanted);
  if (values.length > 1) {
    throw new GatewayError('INVALID_REQUEST', `The header ${wanted} was sent more than once`);
  }
  return values[0];
};

/** @throws GatewayError INVALID_REQUEST for a parameter that was sent twice. */
export const queryOf = ({
  multiValueQueryStringParameters: sent,
}: AdminEvent): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(sent ?? {}).map(([name, values]) => {
      const [value = '', ...more] = values;
      if (more.length === 0) return [name, value];
      throw new GatewayError('INVALID_REQUEST', 'A query parameter was sent more than once');
    }),
  );

/**
 * The body as JSON; undefined when there is none.
 * @throws GatewayError REQUEST_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE or PARSE_ERROR.
 */
export const bodyOf = (event: AdminEvent): unknown => {
  const text = event.isBase64Encoded
    ? Buffer.from(event.body ?? '', 'base64').toString('utf8')
    : (event.body ?? '');
  if (text === '') return undefined;
  if (Buffer.byteLength(text) > maxBodyBytes) {
    throw new GatewayError('REQUEST_TOO_LARGE', `The body is larger than ${maxBodyBytes} bytes`);
  }
  const type = headerOf(event, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'Content-Type must be application/json');
  }
  try {
    return JSON.parse(text);
  } catch {
    // Node's own error quotes the text.
    throw new GatewayError('PARSE_ERROR', 'The body is not JSON');
  }
};

import { validateHeaderName, validateHeaderValue } from 'node:http';
import * as z from 'zod';
import type { Exchange } from './exchange.ts';
import type { WholeResponse } from './gateway-responses.ts';
import { responseHeaderName } from './header-table.ts';
import { isBinary, mediaType } from './media-types.ts';

/** What a function must return is at fault; `message` is for the execution log. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
}

const headerValue = z.union([z.string(), z.boolean()]);
const status = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{3}$/)
      .transform(Number),
  ])
  .pipe(z.number().int().min(200).max(599));

const head = {
  statusCode: status.nullish(),
  headers: z.record(z.string(), headerValue).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(headerValue)).nullish(),
};

/** "Output format of a Lambda function for proxy integration": every key is optional, no other key is allowed. */
const proxyOutput = z.strictObject({
  ...head,
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** "Lambda proxy integration format for response streaming": only these four keys. */
const streamMetadata = z.strictObject({ ...head, cookies: z.array(z.string()).nullish() });

export interface ResponseHead {
  readonly status: number;
  /** Name, value, name, value, …, renamed as API Gateway does and safe to send. */
  readonly headers: string[];
}

/** Values of `multiValueHeaders` win over `headers` of the same name ("API Gateway merges them"). */
const mergeHeaders = (output: z.infer<typeof streamMetadata>, isStream: boolean): string[] => {
  const multi = output.multiValueHeaders ?? {};
  const overridden = new Set(Object.keys(multi).map((name) => name.toLowerCase()));
  const headers: string[] = [];
  let hasContentType = false;
  const push = (name: string, value: string): void => {
    const lower = name.toLowerCase();
    const sent = isStream && lower === 'content-length' ? name : responseHeaderName(name);
    if (sent === undefined) return;
    validateHeaderName(sent);
    validateHeaderValue(sent, value);
    if (lower === 'content-type') hasContentType = true;
    headers.push(sent, value);
  };
  for (const [name, value] of Object.entries(output.headers ?? {})) {
    if (!overridden.has(name.toLowerCase())) push(name, String(value));
  }
  for (const [name, values] of Object.entries(multi)) {
    for (const value of values) push(name, String(value));
  }
  for (const cookie of output.cookies ?? []) push('Set-Cookie', cookie);
  if (!hasContentType) headers.push('Content-Type', 'application/json');
  return headers;
};

const readHead = (output: z.infer<typeof streamMetadata>, isStream: boolean): ResponseHead => {
  try {
    return { status: output.statusCode ?? 200, headers: mergeHeaders(output, isStream) };
  } catch (cause) {
    throw new MalformedResponse('The function returned a header that HTTP cannot carry', { cause });
  }
};

const parse = <T>(schema: z.ZodType<T>, json: string, what: string): T => {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new MalformedResponse(`${what}: not JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MalformedResponse(`${what}: ${z.prettifyError(parsed.error)}`);
};

/** @throws MalformedResponse when the metadata of a streamed response is not what API Gateway requires. */
export const parseStreamMetadata = (json: string): ResponseHead =>
  readHead(parse(streamMetadata, json, 'Malformed streaming metadata'), true);

/** "Return binary media from a Lambda proxy integration": the first media type of Accept decides. */
const isDecoded = (exchange: Exchange, headers: readonly string[]): boolean => {
  const { binaryMediaTypes } = exchange.api;
  if (binaryMediaTypes.length === 0) return false;
  const contentType = headers.findIndex(
    (name, index) => index % 2 === 0 && /^content-type$/i.test(name),
  );
  const accept = exchange.header('accept')?.split(',', 1)[0] ?? headers[contentType + 1];
  return isBinary(binaryMediaTypes, mediaType(accept));
};

/** @throws MalformedResponse when what a function returned is no proxy response. */
export const parseProxyResponse = (exchange: Exchange, payload: Buffer): WholeResponse => {
  const { body, isBase64Encoded, ...rest } = parse(
    proxyOutput,
    payload.toString('utf8'),
    'Malformed Lambda proxy response',
  );
  const { status: statusCode, headers } = readHead(rest, false);
  const text = body ?? '';
  return {
    status: statusCode,
    headers,
    body: isBase64Encoded && isDecoded(exchange, headers) ? Buffer.from(text, 'base64') : text,
  };
};

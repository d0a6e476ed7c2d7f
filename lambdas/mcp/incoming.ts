import * as z from 'zod';
import { GatewayError } from '../../src/errors/gateway-error.ts';

/** What is used of a proxy event (AWS: "Input format of a Lambda function for proxy integration"). */
export const proxyEvent = z.object({
  /** The resource of the API, as in `/tools/{name}`. */
  resource: z.string().default('/mcp'),
  httpMethod: z.string(),
  path: z.string(),
  pathParameters: z.record(z.string(), z.string().optional()).nullish(),
  queryStringParameters: z.record(z.string(), z.string().optional()).nullish(),
  headers: z.record(z.string(), z.string().optional()).nullable(),
  multiValueHeaders: z.record(z.string(), z.array(z.string()).optional()).nullish(),
  body: z.string().nullable(),
  isBase64Encoded: z.boolean(),
  requestContext: z.object({
    requestId: z.string(),
    domainName: z.string().optional(),
    /** With the stage in front on the API's default host. */
    path: z.string().optional(),
    authorizer: z.unknown().optional(),
    identity: z.object({
      sourceIp: z.string(),
      /** The caller of an AWS_IAM route, whose signature API Gateway verified; null on others. */
      userArn: z.string().nullish(),
    }),
  }),
});
export type ProxyEvent = z.infer<typeof proxyEvent>;

/** Header names in lower case. A header sent twice keeps its last value, as API Gateway gives it. */
export const lowerCaseHeaders = (event: ProxyEvent): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(event.headers ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), value] as const],
    ),
  );

/** @param wanted - in lower case. */
export const isSentTwice = ({ multiValueHeaders }: ProxyEvent, wanted: string): boolean =>
  Object.entries(multiValueHeaders ?? {})
    .filter(([name]) => name.toLowerCase() === wanted)
    .flatMap(([, values]) => values ?? []).length > 1;

/** Deeper than any honest tool call, shallower than any stack. */
const maxDepth = 64;

/** Whether brackets nest deeper than `limit` outside of strings. Linear, and stops at the first that does. */
export const nestsDeeperThan = (text: string, limit: number): boolean => {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (inString) {
      if (char === 0x5c) index++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > limit) return true;
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  return false;
};

/** @throws GatewayError REQUEST_TOO_LARGE, PARSE_ERROR or INVALID_REQUEST. */
export const readBody = (event: ProxyEvent, maxBytes: number): object => {
  const text = event.isBase64Encoded
    ? Buffer.from(event.body ?? '', 'base64').toString('utf8')
    : (event.body ?? '');
  if (Buffer.byteLength(text) > maxBytes) {
    throw new GatewayError('REQUEST_TOO_LARGE', `The body is larger than ${maxBytes} bytes`);
  }
  if (nestsDeeperThan(text, maxDepth)) {
    throw new GatewayError('INVALID_REQUEST', `The body nests deeper than ${maxDepth} levels`);
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new GatewayError('PARSE_ERROR', 'Parse error: the body is not JSON');
  }
  if (typeof body !== 'object' || body === null) {
    throw new GatewayError('INVALID_REQUEST', 'The body is not a JSON-RPC 2.0 message');
  }
  return body;
};

/** Longest batch of the 2025-03-26 revision that is served. */
const maxBatch = 20;

/** One JSON-RPC message as far as the audit needs it. Whether it is right is the SDK's business. */
const incomingMessage = z.object({
  id: z.union([z.string(), z.number()]).optional().catch(undefined),
  method: z.string().optional().catch(undefined),
  params: z
    .object({
      name: z.string().optional().catch(undefined),
      arguments: z.unknown().optional(),
      clientInfo: z.unknown().optional(),
      _meta: z.record(z.string(), z.unknown()).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});
export type IncomingMessage = z.infer<typeof incomingMessage>;

/** The messages of a body; a thing that is none stands for itself, with nothing known of it. */
export const messagesOf = (body: object): readonly IncomingMessage[] => {
  const items: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (items.length > maxBatch) {
    throw new GatewayError('INVALID_REQUEST', `A batch holds at most ${maxBatch} messages`);
  }
  const messages = items.map((item) => incomingMessage.safeParse(item).data ?? {});
  const ids = messages.flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (new Set(ids).size < ids.length) {
    throw new GatewayError('INVALID_REQUEST', 'Two messages of the batch have the same id');
  }
  return messages;
};

const clientInfo = z.object({
  name: z.string().regex(/^[\w .:/@+-]{1,64}$/),
  version: z.string().regex(/^[\w .:/@+-]{1,64}$/),
});

/** The name that the client gave itself, when it is a plain one: it is written to the audit. */
export const clientInfoOf = ({ params }: IncomingMessage) =>
  clientInfo.safeParse(params?.clientInfo ?? params?._meta?.['io.modelcontextprotocol/clientInfo'])
    .data ?? null;

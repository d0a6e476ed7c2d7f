import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { createSignedRequest, type AwsEnv } from './signed-request.ts';

export { awsEnv, type AwsEnv } from './signed-request.ts';

/** The AWS services that functions call: each speaks JSON over POST, one operation by `X-Amz-Target`. */
const services = {
  dynamodb: { target: 'DynamoDB_20120810', contentType: 'application/x-amz-json-1.0' },
  secretsmanager: { target: 'secretsmanager', contentType: 'application/x-amz-json-1.1' },
} as const;
export type AwsService = keyof typeof services;

/** An AWS service refused a call, or could not be reached. `name` is the service's own error type, as in its API. */
export class AwsError extends Error {
  override readonly name: string;
  /** HTTP status; absent when there was no answer. */
  readonly status: number | undefined;
  constructor(name: string, operation: string, status?: number, options?: ErrorOptions) {
    super(`${operation} failed`, options);
    this.name = name;
    this.status = status;
  }
}

export interface AwsLimits {
  readonly attempts: number;
  /** Of one attempt, from connecting to the last byte. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

/**
 * A service that hangs costs a caller three seconds, not the function's timeout. DynamoDB's largest answer is 1 MB,
 * Secrets Manager's 64 KB.
 */
const defaultLimits: AwsLimits = { attempts: 2, timeoutMs: 1_500, maxResponseBytes: 2_000_000 };

const errorBody = z.object({ __type: z.string() });

export type AwsCall = (operation: string, input: object) => Promise<unknown>;

/**
 * Calls one AWS service with the function's own role. A fifth of the AWS SDK's cold start: its two clients alone take
 * longer to load than the rest of the authorizer (docs/adr/0004-bundle-format.md).
 *
 * @returns a function that sends an operation's input and resolves with its output.
 * @throws AwsError from that function, after a second attempt where a second one could help.
 */
export const createAwsCall = (
  env: AwsEnv,
  service: AwsService,
  { attempts, timeoutMs, maxResponseBytes }: AwsLimits = defaultLimits,
): AwsCall => {
  const send = createSignedRequest(env, service);
  const { target, contentType } = services[service];

  const attempt = async (operation: string, body: string): Promise<unknown> => {
    let status: number;
    let text: string;
    try {
      const response = await send({
        path: '/',
        headers: { 'Content-Type': contentType, 'X-Amz-Target': `${target}.${operation}` },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      status = response.statusCode ?? 0;
      text = await read(response, maxResponseBytes);
    } catch (cause) {
      throw new AwsError('Unreachable', operation, undefined, { cause });
    }
    return outputOf(operation, status, text);
  };

  return async (operation, input) => {
    const body = JSON.stringify(input);
    for (let left = attempts; ;) {
      try {
        return await attempt(operation, body);
      } catch (error) {
        left -= 1;
        if (left === 0 || !(error instanceof AwsError) || !mayHelpToRepeat(error)) throw error;
      }
    }
  };
};

/** No answer, a fault of the service, or its throttling: the caller's input was not at fault. */
const mayHelpToRepeat = ({ name, status }: AwsError): boolean =>
  status === undefined || status >= 500 || /Throttl|TooManyRequests|ThroughputExceeded/u.test(name);

const read = async (response: IncomingMessage, maxResponseBytes: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxResponseBytes)
      throw new Error('the answer is larger than any AWS service gives');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const outputOf = (operation: string, status: number, text: string): unknown => {
  const output = parsed(text);
  if (output === undefined) {
    throw new AwsError('MalformedAnswer', operation, status >= 400 ? status : 502);
  }
  if (status === 200) return output;
  const type = errorBody.safeParse(output).data?.__type.split('#').at(-1) ?? 'UnknownError';
  throw new AwsError(type, operation, status);
};

/** Node's own error would quote the text, which may be a secret. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

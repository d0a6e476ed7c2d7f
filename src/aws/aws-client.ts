import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { createSignedRequest, type AwsEnv } from './signed-request.ts';

export { awsEnv, type AwsEnv } from './signed-request.ts';

/** The AWS services that functions call: each speaks JSON over POST, one operation by `X-Amz-Target`. */
const services = {
  codedeploy: { target: 'CodeDeploy_20141006', contentType: 'application/x-amz-json-1.1' },
  dynamodb: { target: 'DynamoDB_20120810', contentType: 'application/x-amz-json-1.0' },
  secretsmanager: { target: 'secretsmanager', contentType: 'application/x-amz-json-1.1' },
} as const;
export type AwsService = keyof typeof services;

export interface AwsErrorOptions extends ErrorOptions {
  readonly item?: unknown;
}

/** An AWS service refused a call, or could not be reached. `name` is the service's own error type, as in its API. */
export class AwsError extends Error {
  override readonly name: string;
  /** HTTP status; absent when there was no answer. */
  readonly status: number | undefined;
  readonly #item: unknown;
  constructor(name: string, operation: string, status?: number, options?: AwsErrorOptions) {
    super(`${operation} failed`, options);
    this.name = name;
    this.status = status;
    this.#item = options?.item;
  }

  /**
   * Of a ConditionalCheckFailedException the item that did not meet the condition, in DynamoDB JSON, where the call asked
   * for it and there is one. Not a property of its own: no log that prints the error has it.
   */
  get item(): unknown {
    return this.#item;
  }

  /** No answer, a fault of the service, or its throttling: the caller's input was not at fault. */
  get isPassing(): boolean {
    return this.status === undefined || this.status >= 500 || this.isThrottling;
  }

  get isThrottling(): boolean {
    return /Throttl|TooManyRequests|ThroughputExceeded|RequestLimitExceeded/u.test(this.name);
  }
}

export interface AwsLimits {
  readonly attempts: number;
  /** Of one attempt, from connecting to the last byte. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  /**
   * `passing`: after whatever may pass. `not-done`: for writes that count, only when the service did not do the first
   * one: it was throttled, or the connection could not be made or was closed before an answer began, as kept connections
   * are while a function sleeps. Of the last it is not sure: a service that dies at work closes connections too.
   * @default passing
   */
  readonly repeat?: 'passing' | 'not-done';
}

/**
 * A service that hangs costs a caller three seconds, not the function's timeout. DynamoDB's largest answer is 1 MB,
 * Secrets Manager's 64 KB.
 */
const defaultLimits: AwsLimits = { attempts: 2, timeoutMs: 1_500, maxResponseBytes: 2_000_000 };

/** For writes that count something: a lost answer is not asked for again. */
export const countingLimits: AwsLimits = { ...defaultLimits, repeat: 'not-done' };

const errorBody = z.object({ __type: z.string(), Item: z.unknown().optional() });

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
  { attempts, timeoutMs, maxResponseBytes, repeat = 'passing' }: AwsLimits = defaultLimits,
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
        until: timeoutMs,
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
        if (left === 0 || !(error instanceof AwsError)) throw error;
        if (!(repeat === 'passing' ? error.isPassing : wasNotDone(error))) throw error;
      }
    }
  };
};

const notConnected = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN']);

const wasNotDone = ({ isThrottling, cause }: AwsError): boolean =>
  isThrottling || notConnected.has(String((cause as NodeJS.ErrnoException | undefined)?.code));

/** An answer that was cut is told from a connection that gave none. */
const read = (response: IncomingMessage, maxResponseBytes: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const notWhole = (cause?: Error): void =>
      reject(new Error('the answer is not whole', cause && { cause }));
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxResponseBytes) chunks.push(chunk);
      else response.destroy(new Error('the answer is larger than any AWS service gives'));
    });
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.on('error', notWhole);
    // With an error or an end before it, this says nothing more.
    response.on('close', notWhole);
  });

const outputOf = (operation: string, status: number, text: string): unknown => {
  const output = parsed(text);
  if (output === undefined) {
    throw new AwsError('MalformedAnswer', operation, status >= 400 ? status : 502);
  }
  if (status === 200) return output;
  const { __type = '', Item: item } = errorBody.safeParse(output).data ?? {};
  const type = __type.split('#').at(-1) || 'UnknownError';
  throw new AwsError(
    type,
    operation,
    status,
    type === 'ConditionalCheckFailedException' ? { item } : undefined,
  );
};

/** Node's own error would quote the text, which may be a secret. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

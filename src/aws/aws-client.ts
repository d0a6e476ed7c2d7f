import { Agent, request, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { sign } from 'aws4';
import * as z from 'zod';

/** The AWS services that functions call: each speaks JSON over POST, one operation by `X-Amz-Target`. */
const services = {
  dynamodb: { target: 'DynamoDB_20120810', contentType: 'application/x-amz-json-1.0' },
  secretsmanager: { target: 'secretsmanager', contentType: 'application/x-amz-json-1.1' },
} as const;
export type AwsService = keyof typeof services;

/** What Lambda puts into every function's environment; the endpoints only where an operator sets them. */
export const awsEnv = z.object({
  AWS_REGION: z.string().min(1),
  AWS_ACCESS_KEY_ID: z.string().min(1),
  AWS_SECRET_ACCESS_KEY: z.string().min(1),
  AWS_SESSION_TOKEN: z.string().optional(),
  AWS_ENDPOINT_URL: z.url().optional(),
  AWS_ENDPOINT_URL_DYNAMODB: z.url().optional(),
  AWS_ENDPOINT_URL_SECRETS_MANAGER: z.url().optional(),
});
export type AwsEnv = z.infer<typeof awsEnv>;

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

const agentOptions = { keepAlive: true, maxSockets: 50 };
const errorBody = z.object({ __type: z.string() });

export type AwsCall = (operation: string, input: object) => Promise<unknown>;

const endpointOf = (env: AwsEnv, service: AwsService): URL => {
  const own =
    service === 'dynamodb' ? env.AWS_ENDPOINT_URL_DYNAMODB : env.AWS_ENDPOINT_URL_SECRETS_MANAGER;
  return new URL(
    own ?? env.AWS_ENDPOINT_URL ?? `https://${service}.${env.AWS_REGION}.amazonaws.com`,
  );
};

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
  const endpoint = endpointOf(env, service);
  const isTls = endpoint.protocol === 'https:';
  const agent = isTls ? new TlsAgent(agentOptions) : new Agent(agentOptions);
  const { target, contentType } = services[service];
  const credentials = {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    ...(env.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: env.AWS_SESSION_TOKEN }),
  };

  const attempt = (operation: string, body: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { headers = {} } = sign(
        {
          service,
          region: env.AWS_REGION,
          method: 'POST',
          host: endpoint.host,
          path: '/',
          headers: { 'Content-Type': contentType, 'X-Amz-Target': `${target}.${operation}` },
          body,
        },
        credentials,
      );
      const options = {
        method: 'POST',
        host: endpoint.hostname,
        port: endpoint.port,
        path: '/',
        headers: headers as Record<string, string>,
        agent,
        signal: AbortSignal.timeout(timeoutMs),
      };
      const unreachable = (cause: unknown) =>
        reject(new AwsError('Unreachable', operation, undefined, { cause }));
      const answered = (response: IncomingMessage): void => {
        read(response, maxResponseBytes).then(
          (text) => settle(operation, response.statusCode ?? 0, text, resolve, reject),
          unreachable,
        );
      };
      const outgoing = isTls ? tlsRequest(options, answered) : request(options, answered);
      outgoing.on('error', unreachable).end(body);
    });

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

const settle = (
  operation: string,
  status: number,
  text: string,
  resolve: (output: unknown) => void,
  reject: (error: AwsError) => void,
): void => {
  const output = parsed(text);
  if (output === undefined) {
    reject(new AwsError('MalformedAnswer', operation, status >= 400 ? status : 502));
    return;
  }
  if (status === 200) {
    resolve(output);
    return;
  }
  const type = errorBody.safeParse(output).data?.__type.split('#').at(-1) ?? 'UnknownError';
  reject(new AwsError(type, operation, status));
};

/** Node's own error would quote the text, which may be a secret. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

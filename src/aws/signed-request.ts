import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import aws4 from 'aws4';
import * as z from 'zod';

/** What Lambda puts into every function's environment; the endpoints only where an operator sets them. */
export const awsEnv = z.object({
  AWS_REGION: z.string().min(1),
  AWS_ACCESS_KEY_ID: z.string().min(1),
  AWS_SECRET_ACCESS_KEY: z.string().min(1),
  AWS_SESSION_TOKEN: z.string().optional(),
  AWS_ENDPOINT_URL: z.url().optional(),
  AWS_ENDPOINT_URL_CODEDEPLOY: z.url().optional(),
  AWS_ENDPOINT_URL_DYNAMODB: z.url().optional(),
  AWS_ENDPOINT_URL_LAMBDA: z.url().optional(),
  AWS_ENDPOINT_URL_SECRETS_MANAGER: z.url().optional(),
});
export type AwsEnv = z.infer<typeof awsEnv>;

const endpoints = {
  codedeploy: 'AWS_ENDPOINT_URL_CODEDEPLOY',
  dynamodb: 'AWS_ENDPOINT_URL_DYNAMODB',
  lambda: 'AWS_ENDPOINT_URL_LAMBDA',
  secretsmanager: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
} as const satisfies Record<string, keyof AwsEnv>;

const agentOptions = { keepAlive: true, maxSockets: 50 };

export interface SignedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the request, and the answer when it has begun: a caller's wish, or a time in milliseconds for all of it. */
  readonly until: AbortSignal | number;
}

/** Sends a POST, and resolves with the answer's head. Rejects when there is none. */
export type SendSigned = (parts: SignedRequest) => Promise<IncomingMessage>;

/** Signs requests to one AWS service with the function's own role, and keeps connections to it. */
export const createSignedRequest = (env: AwsEnv, service: keyof typeof endpoints): SendSigned => {
  const endpoint = new URL(
    env[endpoints[service]] ??
      env.AWS_ENDPOINT_URL ??
      `https://${service}.${env.AWS_REGION}.amazonaws.com`,
  );
  const isTls = endpoint.protocol === 'https:';
  const agent = isTls ? new TlsAgent(agentOptions) : new Agent(agentOptions);
  const credentials = {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    ...(env.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: env.AWS_SESSION_TOKEN }),
  };
  return ({ path, headers: unsigned, body, until }) =>
    new Promise((resolve, reject) => {
      const { headers = {} } = aws4.sign(
        {
          service,
          region: env.AWS_REGION,
          method: 'POST',
          host: endpoint.host,
          path,
          headers: { ...unsigned },
          body,
        },
        credentials,
      );
      const options = {
        method: 'POST',
        host: endpoint.hostname,
        port: endpoint.port,
        path,
        headers: headers as Record<string, string>,
        agent,
        ...(typeof until === 'number' ? {} : { signal: until }),
      };
      const outgoing = isTls ? tlsRequest(options, resolve) : request(options, resolve);
      if (typeof until === 'number') endAfter(until, outgoing);
      outgoing.on('error', reject).end(body);
    });
};

/** A timer that goes with its request: `AbortSignal.timeout` runs on for each of them, and costs a request several times as much. */
const endAfter = (ms: number, outgoing: ClientRequest): void => {
  const timer = setTimeout(() => outgoing.destroy(new Error('no whole answer in time')), ms);
  outgoing.once('close', () => clearTimeout(timer));
};

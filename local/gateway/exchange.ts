import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from './failures.ts';
import type { IamIdentity } from './iam.ts';
import type { Method } from './model.ts';
import type { RequestBody } from './request-body.ts';
import type { RestApi } from './rest-api.ts';

/** What a REQUEST authorizer, or its cached answer, said of the caller. */
export interface AuthorizerGrant {
  readonly principalId: string;
  /** Values as strings, as the integration gets them. */
  readonly context: Readonly<Record<string, string>>;
  readonly usageIdentifierKey: string | undefined;
}

/** Latency in milliseconds and status of one step, for the access log. */
export interface Step {
  latencyMs?: number;
  status?: number;
  error?: string;
}

/** The methods that a REST API can have; ANY stands for these. */
export const HTTP_METHODS: ReadonlySet<string> = new Set([
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
]);

const TRACE_ROOT = /(?:^|;)\s*(Root=1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)/i;

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const two = (value: number): string => String(value).padStart(2, '0');

/** CLF: `09/Apr/2015:12:34:56 +0000`. */
const formatClf = (epochMs: number): string => {
  const time = new Date(epochMs);
  const date = `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
  return `${date}:${clock} +0000`;
};

/** One request on its way through the gateway, and what each step found out about it. */
export class Exchange {
  readonly api: RestApi;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId = randomUUID();
  readonly startedAt = performance.now();
  readonly receivedAt: number;
  /** The method that API Gateway routes by: `X-HTTP-Method-Override` wins over the request line. */
  readonly httpMethod: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly queryString: string;
  readonly body: RequestBody;

  method: Method | undefined;
  pathParameters: Readonly<Record<string, string>> | undefined;
  grant: AuthorizerGrant | undefined;
  iam: IamIdentity | undefined;
  apiKey: string | undefined;
  apiKeyId: string | undefined;
  failure: Failure | undefined;

  wafArn: string | undefined;
  wafVerdict: 'WAF_ALLOW' | 'WAF_BLOCK' | undefined;
  status: number | undefined;
  responseBytes = 0;
  readonly waf: Step = {};
  readonly authorizerCall: Step & { integrationStatus?: number; requestId?: string } = {};
  readonly authentication: Step = {};
  readonly integration: Step & {
    functionStatus?: number;
    transferMode?: 'BUFFERED' | 'STREAMED';
    timeToAllHeadersMs?: number;
    timeToFirstContentMs?: number;
  } = {};

  #traceId: string | undefined;

  constructor(options: {
    readonly api: RestApi;
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly receivedAt: number;
    readonly path: string;
    readonly queryString: string;
    readonly body: RequestBody;
  }) {
    this.api = options.api;
    this.request = options.request;
    this.response = options.response;
    this.receivedAt = options.receivedAt;
    this.path = options.path;
    this.queryString = options.queryString;
    this.body = options.body;
    const override = this.header('x-http-method-override');
    this.httpMethod =
      override !== undefined && HTTP_METHODS.has(override)
        ? override
        : (options.request.method ?? 'GET');
  }

  /** The last value of a header, as API Gateway reads a single-valued one. */
  header(lowerCaseName: string): string | undefined {
    const { headers, rawHeaders } = this.request;
    if (headers[lowerCaseName] === undefined) return undefined;
    for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
      const name = rawHeaders[index] ?? '';
      if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) {
        return rawHeaders[index + 1];
      }
    }
    return undefined;
  }

  get sourceIp(): string {
    const address = this.request.socket.remoteAddress ?? '';
    return address.startsWith('::ffff:') ? address.slice(7) : address;
  }

  /** The port that the client connected to. */
  get port(): number | undefined {
    return this.request.socket.localPort;
  }

  /** Host without its port. */
  get domainName(): string {
    const host = this.request.headers.host ?? '';
    const port = /:\d+$/.exec(host);
    return port ? host.slice(0, port.index) : host;
  }

  get protocol(): string {
    return `HTTP/${this.request.httpVersion}`;
  }

  get requestTime(): string {
    return formatClf(this.receivedAt);
  }

  /** `x-amz-apigw-id`: 15 characters and `=`, as API Gateway's look. */
  get extendedRequestId(): string {
    return Buffer.from(this.requestId.replaceAll('-', '').slice(0, 22), 'hex').toString('base64');
  }

  /** The client's X-Ray root when it sent a valid one, else a new one: `Root=1-<8 hex>-<24 hex>`. */
  get traceId(): string {
    if (this.#traceId !== undefined) return this.#traceId;
    const [, root] = TRACE_ROOT.exec(this.header('x-amzn-trace-id') ?? '') ?? [];
    const seconds = Math.floor(this.receivedAt / 1000).toString(16);
    const unique = randomUUID().replaceAll('-', '').slice(0, 24);
    this.#traceId = root ?? `Root=1-${seconds.padStart(8, '0')}-${unique}`;
    return this.#traceId;
  }

  get methodArn(): string {
    const { accountId, apiId, region, stage } = this.api;
    return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${this.httpMethod}${this.path}`;
  }

  elapsedMs(): number {
    return Math.round(performance.now() - this.startedAt);
  }
}

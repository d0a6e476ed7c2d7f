import type {
  FunctionService,
  InvokeOptions,
  InvokeResult,
} from '../../lambda/function-service.ts';
import { AwsError, notImplemented } from '../aws-error.ts';
import type { AwsCall, AwsReply, AwsService } from '../aws-service.ts';
import { eventStream, failedStream } from './event-stream.ts';
import { functionArnOf, notFound } from './function-name.ts';

const routes = {
  invoke: /^\/2015-03-31\/functions\/([^/]+)\/invocations$/,
  stream: /^\/2021-11-15\/functions\/([^/]+)\/response-streaming-invocations$/,
} as const;

export interface LambdaApiOptions {
  readonly region: string;
  readonly accountId: string;
  /** What may be invoked, functions and their versions and aliases, and the version that runs then. */
  readonly versions: ReadonlyMap<string, string>;
  /** Asked for at each call: functions start after the AWS that they call. */
  readonly functions: () => FunctionService;
}

/** By the names of errors that the functions' side throws. */
const statuses: Readonly<Record<string, number>> = {
  InvalidParameterValueException: 400,
  RequestTooLargeException: 413,
};

const header = ({ headers }: AwsCall, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** @throws AwsError naming what of the call the twin would not do. */
const refuseOther = (call: AwsCall): void => {
  const type = header(call, 'x-amz-invocation-type') ?? 'RequestResponse';
  if (type !== 'RequestResponse') throw notImplemented(`lambda: InvocationType ${type}`);
  if ((header(call, 'x-amz-log-type') ?? 'None') !== 'None') {
    throw notImplemented('lambda: LogType Tail');
  }
  for (const name of ['x-amz-client-context', 'x-amz-durable-execution-name']) {
    if (header(call, name) !== undefined) throw notImplemented(`lambda: the header ${name}`);
  }
  if (call.query !== '') throw notImplemented(`lambda: the query ${call.query}`);
  const contentType = header(call, 'content-type')?.split(';', 1)[0]?.trim();
  if (contentType !== undefined && !/json|octet-stream/u.test(contentType)) {
    throw new AwsError('UnsupportedMediaTypeException', `Unsupported: ${contentType}`, 415);
  }
  try {
    if (call.body.length > 0) JSON.parse(call.body.toString());
  } catch (cause) {
    throw new AwsError(
      'InvalidRequestContentException',
      'Could not parse request body into json.',
      400,
      { cause },
    );
  }
};

/** @throws AwsError in the words of Lambda's API. */
const run = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (cause) {
    const status = cause instanceof Error ? statuses[cause.name] : undefined;
    if (!(cause instanceof Error) || status === undefined) throw cause;
    throw new AwsError(cause.name, cause.message, status, { cause });
  }
};

const throttled = (): AwsError => new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);

/** Lambda's Invoke APIs. IAM knows both as `lambda:InvokeFunction`. */
export class LambdaApiService implements AwsService {
  readonly signingName = 'lambda';
  /** Above the 6 MB that Lambda takes: what is too large is refused in its words. */
  readonly maxBodyBytes = 8 * 1024 * 1024;
  readonly #options: LambdaApiOptions;

  constructor(options: LambdaApiOptions) {
    this.#options = options;
  }

  async handle(call: AwsCall): Promise<AwsReply> {
    const [kind, name] = operationOf(call);
    const arn = functionArnOf(name, this.#options);
    await authorize(call, arn);
    const version = this.#options.versions.get(arn);
    if (version === undefined) throw notFound(arn);
    refuseOther(call);
    const tenantId = header(call, 'x-amz-tenant-id');
    const traceId = header(call, 'x-amzn-trace-id');
    const options: InvokeOptions = {
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(traceId === undefined ? {} : { traceId }),
    };
    const payload = call.body.length > 0 ? call.body : Buffer.from('{}');
    const functions = this.#options.functions();
    return kind === 'invoke'
      ? buffered(await run(functions.invoke(arn, payload, options)), version)
      : this.#streamed(arn, payload, options, version);
  }

  async #streamed(
    arn: string,
    payload: Buffer,
    options: InvokeOptions,
    version: string,
  ): Promise<AwsReply> {
    const functions = this.#options.functions();
    const result = await run(functions.invokeWithResponseStream(arn, payload, options));
    if (result.kind === 'throttled') throw throttled();
    const body =
      result.kind === 'stream'
        ? eventStream(result.body)
        : failedStream({
            ErrorCode: result.errorType,
            ErrorDetails: result.payload.toString('utf8'),
          });
    return {
      status: 200,
      headers: {
        'content-type': 'application/vnd.amazon.eventstream',
        'x-amz-executed-version': version,
      },
      body,
    };
  }
}

const operationOf = ({ method, path }: AwsCall): readonly ['invoke' | 'stream', string] => {
  for (const kind of ['invoke', 'stream'] as const) {
    const [, name] = (method === 'POST' && routes[kind].exec(path)) || [];
    if (name !== undefined) return [kind, decodeURIComponent(name)];
  }
  throw notImplemented(`lambda: ${method} ${path}`);
};

/** @throws AwsError with the status that Lambda gives a refusal. */
const authorize = async (call: AwsCall, arn: string): Promise<void> => {
  try {
    await call.authorize('lambda:InvokeFunction', arn);
  } catch (cause) {
    if (!(cause instanceof AwsError)) throw cause;
    throw new AwsError(cause.code, cause.message, 403, { cause });
  }
};

const buffered = (result: InvokeResult, version: string): AwsReply => {
  if (result.kind === 'throttled') throw throttled();
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amz-executed-version': version,
      ...(result.kind === 'function-error' ? { 'x-amz-function-error': 'Unhandled' } : {}),
    },
    body: result.payload,
  };
};

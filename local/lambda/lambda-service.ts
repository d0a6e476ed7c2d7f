import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { LogSink } from '../log/log-sink.ts';
import type {
  FunctionDefinition,
  FunctionService,
  InvokeOptions,
  InvokeResult,
  StreamedInvokeResult,
} from './function-service.ts';
import { functionError } from './invocation.ts';
import { MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES } from './limits.ts';
import { OrphanReaper } from '../orphan-reaper.ts';
import { FunctionPools, type FunctionPoolsOptions } from './function-pools.ts';
import type { PoolStats } from './sandbox-pool.ts';

export interface LambdaServiceOptions extends Pick<
  FunctionPoolsOptions,
  'maxSandboxesPerFunction' | 'maxQueueLength' | 'idleTimeoutMs' | 'initTimeoutMs'
> {
  readonly functions: readonly FunctionDefinition[];
  readonly log: LogSink;
  /** The credentials of the function's role and the AWS_ENDPOINT_URL_… variables. */
  readonly awsEnvironment: (definition: FunctionDefinition) => Readonly<Record<string, string>>;
}

/** The name that Lambda's Invoke API gives a payload above 6 MB. */
export class RequestTooLargeException extends Error {
  override readonly name = 'RequestTooLargeException';
}

/** The name that it gives a tenant id that the function cannot be invoked with. */
export class InvalidParameterValueException extends Error {
  override readonly name = 'InvalidParameterValueException';
}

/** AWS Lambda API, "Invoke", TenantId. */
const tenantIdPattern = /^[a-zA-Z0-9._:/=+\-@ ]{1,256}$/;

const refuseWrongTenant = (isPerTenant: boolean, tenantId: string | undefined): void => {
  if (isPerTenant && tenantId === undefined) {
    throw new InvalidParameterValueException(
      'The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.',
    );
  }
  if (!isPerTenant && tenantId !== undefined) {
    throw new InvalidParameterValueException(
      'The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.',
    );
  }
  if (tenantId !== undefined && !tenantIdPattern.test(tenantId)) {
    throw new InvalidParameterValueException(
      `The tenant ID does not satisfy the constraint: ${tenantIdPattern.source}`,
    );
  }
};

/** Lambda's data plane over local sandboxes. Nothing starts before the first event of a function. */
export class LambdaService implements FunctionService {
  readonly #reaper = new OrphanReaper();
  readonly #pools: ReadonlyMap<string, FunctionPools>;
  readonly #names: ReadonlyMap<string, string>;
  /** Functions by the ARNs of their versions and aliases. */
  readonly #qualified: ReadonlyMap<string, string>;

  #temporaryRoot: string | undefined;

  constructor({ functions, log, awsEnvironment, ...limits }: LambdaServiceOptions) {
    this.#names = new Map(functions.map(({ arn, displayName }) => [arn, displayName]));
    this.#qualified = new Map(
      functions.flatMap(({ arn, qualified = {} }) => Object.keys(qualified).map((by) => [by, arn])),
    );
    this.#pools = new Map(
      functions.map((definition) => [
        definition.arn,
        new FunctionPools({
          definition,
          log,
          reaper: this.#reaper,
          makeTemporaryDirectory: () => this.#makeTemporaryDirectory(),
          awsEnvironment: awsEnvironment(definition),
          ...limits,
        }),
      ]),
    );
  }

  /** A streaming function's bytes come as one payload, up to the 6 MB of a buffered answer. */
  async invoke(
    functionArn: string,
    payload: Buffer,
    options?: InvokeOptions,
  ): Promise<InvokeResult> {
    const outcome = await this.#poolsFor(functionArn, payload, options).run(payload, options);
    return outcome.kind === 'stream' ? buffered(outcome.body) : outcome;
  }

  async invokeWithResponseStream(
    functionArn: string,
    payload: Buffer,
    options?: InvokeOptions,
  ): Promise<StreamedInvokeResult> {
    const outcome = await this.#poolsFor(functionArn, payload, options).run(payload, options);
    if (outcome.kind !== 'payload') return outcome;
    return {
      kind: 'stream',
      contentType: 'application/json',
      body: Readable.from([outcome.payload], { objectMode: false }),
    };
  }

  /** Keyed by the function's display name. */
  stats(): Readonly<Record<string, PoolStats>> {
    return Object.fromEntries(
      [...this.#pools].map(([arn, pool]) => [this.#names.get(arn) ?? arn, pool.stats()]),
    );
  }

  /** Resolves when no process of any function is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#reaper.close();
    if (this.#temporaryRoot !== undefined)
      rmSync(this.#temporaryRoot, { recursive: true, force: true });
  }

  #makeTemporaryDirectory(): string {
    this.#temporaryRoot ??= mkdtempSync(join(tmpdir(), 'drawbridge-sandboxes-'));
    return mkdtempSync(join(this.#temporaryRoot, 'tmp-'));
  }

  #poolsFor(functionArn: string, payload: Buffer, options?: InvokeOptions): FunctionPools {
    const pools = this.#pools.get(this.#qualified.get(functionArn) ?? functionArn);
    if (pools === undefined) throw new Error(`No function has the ARN ${functionArn}.`);
    refuseWrongTenant(pools.isPerTenant, options?.tenantId);
    if (payload.length > MAX_REQUEST_BYTES) {
      throw new RequestTooLargeException(
        `Request must be smaller than ${MAX_REQUEST_BYTES} bytes for the InvokeFunction operation`,
      );
    }
    return pools;
  }
}

const buffered = async (body: Readable): Promise<InvokeResult> => {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_RESPONSE_BYTES) {
        return functionError(
          'Function.ResponseSizeTooLarge',
          `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
        );
      }
      chunks.push(chunk);
    }
  } catch (error) {
    const [, type = 'Unhandled', message = ''] =
      /^([^:]*): (.*)$/s.exec(error instanceof Error ? error.message : '') ?? [];
    return functionError(type, message);
  }
  return { kind: 'payload', payload: Buffer.concat(chunks) };
};

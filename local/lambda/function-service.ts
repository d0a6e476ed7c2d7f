import type { Readable } from 'node:stream';

/** What one function is, read from the synthesized template. Times in milliseconds, sizes in MB. */
export interface FunctionDefinition {
  readonly arn: string;
  readonly name: string;
  /** `aws:cdk:path` of the resource: how messages name the function to a person. */
  readonly displayName: string;
  /** The asset directory: the function's LAMBDA_TASK_ROOT. */
  readonly codeDirectory: string;
  /** `<file>.<export>` as in AWS::Lambda::Function Handler. */
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly roleArn: string;
  readonly logGroupName: string;
  /** Whether the platform logs a report of each invocation. @default true */
  readonly writesReports?: boolean;
  readonly environment: Readonly<Record<string, string>>;
  /** ReservedConcurrentExecutions; absent means unreserved. */
  readonly reservedConcurrency?: number;
  /** By the ARNs of its versions and aliases, the version that each stands for. @default none */
  readonly qualified?: Readonly<Record<string, string>>;
  /** TenancyConfig PER_TENANT: an execution environment serves one tenant only. @default false */
  readonly isPerTenant?: boolean;
}

/** The ways a Lambda invocation ends, by the names that the Invoke API gives them. */
export type InvokeResult =
  | { readonly kind: 'payload'; readonly payload: Buffer }
  | {
      readonly kind: 'function-error';
      readonly errorType: string;
      readonly errorMessage: string;
      readonly payload: Buffer;
    }
  | { readonly kind: 'throttled' };

/**
 * A streamed invocation. `body` is the raw byte stream that the function wrote: for an HTTP integration it begins
 * with the metadata JSON and eight NUL bytes. An error in mid-stream destroys `body` with an Error.
 */
export type StreamedInvokeResult =
  | { readonly kind: 'stream'; readonly contentType: string; readonly body: Readable }
  | Exclude<InvokeResult, { kind: 'payload' }>;

export interface InvokeOptions {
  /** `Root=1-…;Parent=…;Sampled=0`, handed to the function as its X-Ray header. */
  readonly traceId?: string;
  /** Of functions with tenant isolation, as X-Amz-Tenant-Id has it. */
  readonly tenantId?: string;
}

/** Lambda's data plane, as API Gateway uses it. An ARN may have a version or an alias at its end. */
export interface FunctionService {
  /**
   * @throws Error when no function has that ARN; InvalidParameterValueException for a tenant id that is missing, not
   * well formed, or not for this function.
   */
  invoke(functionArn: string, payload: Buffer, options?: InvokeOptions): Promise<InvokeResult>;
  /** Resolves at the function's first response byte, or at its error. */
  invokeWithResponseStream(
    functionArn: string,
    payload: Buffer,
    options?: InvokeOptions,
  ): Promise<StreamedInvokeResult>;
}

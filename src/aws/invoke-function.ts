import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { AwsError } from './aws-client.ts';
import { EventStreamReader } from './event-stream.ts';
import { createSignedRequest, type AwsEnv } from './signed-request.ts';

const operation = 'InvokeWithResponseStream';

/** Above what Lambda puts into one event of the stream. */
const maxEventBytes = 16 * 1024 * 1024;

export interface InvokeInput {
  readonly functionName: string;
  /** Of functions with tenant isolation, where an environment serves one tenant only; absent for all others. */
  readonly tenantId?: string;
  readonly payload: string;
  readonly signal: AbortSignal;
}

/**
 * The bytes that a function answers with, as they come.
 * @throws AwsError when Lambda refuses or cannot be reached; FunctionError when the function failed.
 */
export type InvokeFunction = (input: InvokeInput) => AsyncIterable<Uint8Array>;

/** The function ran, and failed: in its code, or by running out of time or memory. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';
  /** As Lambda has it: `Sandbox.Timedout`, `Runtime.ExitError`, `Function.ResponseSizeTooLarge`, or the error's own name. */
  readonly errorCode: string;
  readonly isTimeout: boolean;

  constructor(errorCode: string, details: string) {
    super('the function failed');
    this.errorCode = errorCode;
    this.isTimeout = /Timed?out/u.test(errorCode) || details.includes('Task timed out after');
  }
}

const invokeComplete = z.object({
  ErrorCode: z.string().optional(),
  ErrorDetails: z.string().optional(),
});

/** @throws FunctionError */
const endOf = (body: Uint8Array): void => {
  const { ErrorCode, ErrorDetails = '' } = invokeComplete.parse(
    JSON.parse(Buffer.from(body).toString() || '{}'),
  );
  if (ErrorCode !== undefined) throw new FunctionError(ErrorCode, ErrorDetails);
};

const refusalOf = (response: IncomingMessage): AwsError => {
  const type = response.headers['x-amzn-errortype'];
  const name = typeof type === 'string' ? type.split(':', 1)[0] : undefined;
  response.resume();
  return new AwsError(name ?? 'UnknownError', operation, response.statusCode);
};

/** @returns a function that invokes functions and streams their answers (AWS Lambda API, "InvokeWithResponseStream"). */
export const createInvokeFunction = (env: AwsEnv): InvokeFunction => {
  const send = createSignedRequest(env, 'lambda');
  return async function* ({ functionName, tenantId, payload, signal }) {
    const unreachable = (cause: unknown) =>
      new AwsError('Unreachable', operation, undefined, { cause });
    const response = await send({
      path: `/2021-11-15/functions/${encodeURIComponent(functionName)}/response-streaming-invocations`,
      headers: {
        'Content-Type': 'application/json',
        ...(tenantId === undefined ? {} : { 'X-Amz-Tenant-Id': tenantId }),
      },
      body: payload,
      until: signal,
    }).catch((cause: unknown) => {
      throw unreachable(cause);
    });
    if (response.statusCode !== 200) throw refusalOf(response);
    const reader = new EventStreamReader(maxEventBytes);
    let complete = false;
    const chunks = (response as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    for (;;) {
      const next = await chunks.next().catch((cause: unknown) => {
        throw unreachable(cause);
      });
      if (next.done === true) break;
      for (const { headers, body } of reader.read(next.value)) {
        if (headers[':message-type'] !== 'event') {
          throw new AwsError(headers[':exception-type'] ?? 'UnknownError', operation, 500);
        }
        if (headers[':event-type'] === 'PayloadChunk') yield body;
        if (headers[':event-type'] === 'InvokeComplete') {
          complete = true;
          endOf(body);
        }
      }
    }
    if (!complete || reader.isCut) throw unreachable(new Error('the stream was cut'));
  };
};

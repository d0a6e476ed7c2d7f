import type { Readable } from 'node:stream';
import type * as z from 'zod';
import { AwsError, notImplemented } from './aws-error.ts';
import type { Principal } from './credentials.ts';

/** A call whose signature holds. Its caller's right to make it is the service's to ask `authorize` about. */
export interface AwsCall {
  readonly method: string;
  /** The encoded path and the raw query. */
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly principal: Principal;
  /** @throws AwsError AccessDeniedException when the caller's policies do not allow `action` on `resource`. */
  authorize(action: string, resource: string): Promise<void>;
}

export interface AwsReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is sent as it comes. */
  readonly body: Buffer | string | Readable;
}

export interface AwsService {
  /** As in the credential scope of a signature. */
  readonly signingName: string;
  /** @default 5 MB */
  readonly maxBodyBytes?: number;
  handle(call: AwsCall): Promise<AwsReply>;
}

export const jsonReply = (document: unknown, version: '1.0' | '1.1', status = 200): AwsReply => ({
  status,
  headers: { 'content-type': `application/x-amz-json-${version}` },
  body: JSON.stringify(document),
});

/** The operation of an X-Amz-Target header. @throws AwsError when the header does not name one of `prefix`. */
export const targetOperation = (call: AwsCall, prefix: string, service: string): string => {
  const target = call.headers['x-amz-target'];
  if (call.method !== 'POST' || typeof target !== 'string' || !target.startsWith(`${prefix}.`)) {
    throw notImplemented(`${service}: ${call.method} ${call.path} (${String(target)})`);
  }
  return target.slice(prefix.length + 1);
};

export const parseDocument = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    throw new AwsError('SerializationException', 'The request body is not JSON.', 400, { cause });
  }
};

/**
 * The input of an operation. Schemas are strict: a parameter that the twin would ignore is refused by name.
 * @throws AwsError ValidationException
 */
export const parseInput = <S extends z.ZodType>(
  schema: S,
  input: unknown,
  operation: string,
): z.infer<S> => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      throw notImplemented(`the parameter ${issue.keys.join(', ')} of ${operation}`);
    }
  }
  const details = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'input'}: ${message}`,
  );
  throw new AwsError('ValidationException', `${operation}: ${details.join('; ')}`);
};

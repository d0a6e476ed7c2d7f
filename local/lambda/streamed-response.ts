import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Invocation } from './invocation.ts';
import { MAX_STREAMED_BYTES } from './limits.ts';
import { parseRuntimeError } from './runtime-error.ts';

const ERROR_TYPE = 'lambda-runtime-function-error-type';
const ERROR_BODY = 'lambda-runtime-function-error-body';

/** Ignores a failure that nobody is left to hear of: a consumer that cares has a listener of its own. */
const ignore = (): void => undefined;

/**
 * Hands a function's streamed response to the invocation as it arrives. A consumer that destroys the body does not
 * stop the function: as on Lambda it runs to its end, and what it still writes is dropped.
 */
export const receiveStream = (
  invocation: Invocation,
  request: IncomingMessage,
  accept: () => void,
): void => {
  let begun = false;
  let size = 0;
  const body = new Readable({
    read: () => void request.resume(),
    destroy: (error, callback) => {
      request.resume();
      callback(error);
    },
  });
  body.on('error', ignore);
  const begin = (): void => {
    if (begun) return;
    begun = true;
    invocation.beginStream(request.headers['content-type'] ?? 'application/octet-stream', body);
  };

  request.on('data', (chunk: Buffer) => {
    begin();
    size += chunk.length;
    if (size > MAX_STREAMED_BYTES) {
      invocation.fail('Function.ResponseSizeTooLarge', `More than ${MAX_STREAMED_BYTES} bytes.`);
    }
    if (!body.destroyed && !body.push(chunk)) request.pause();
  });

  request.on('end', () => {
    accept();
    const type = request.trailers[ERROR_TYPE];
    if (type !== undefined) {
      const error = parseRuntimeError(Buffer.from(request.trailers[ERROR_BODY] ?? '', 'base64'));
      invocation.fail(type, error.errorMessage, error.payload);
      return;
    }
    begin();
    body.push(null);
    invocation.completeStream();
  });
};

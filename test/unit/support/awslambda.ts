import { Writable } from 'node:stream';
import type { Context, StreamifyHandler } from 'aws-lambda';

/**
 * Stands in for the `awslambda` global of Lambda's Node runtime (aws-lambda-ric 4, index.mjs, `setupGlobals` and
 * `HttpResponseStream`): metadata goes out as JSON and eight NULs before the first write, and not without one.
 */
const integrationResponse = 'application/vnd.awslambda.http-integration-response';
const streaming = Symbol.for('aws.lambda.runtime.handler.streaming');
const delimiter = Buffer.alloc(8);

class CollectedStream extends Writable {
  readonly chunks: Buffer[] = [];
  contentType = 'application/octet-stream';
  _onBeforeFirstWrite: ((write: (chunk: string | Uint8Array) => void) => void) | undefined;
  #written = false;

  readonly setContentType = (contentType: string): void => {
    if (this.#written) throw new Error('Cannot set content-type, too late.');
    this.contentType = contentType;
  };

  override write(chunk: unknown, ...rest: unknown[]): boolean {
    if (!this.#written) {
      this.#written = true;
      this._onBeforeFirstWrite?.((prelude) => this.chunks.push(Buffer.from(prelude)));
    }
    return super.write(chunk, ...(rest as []));
  }

  override _write(chunk: Buffer | string, _: BufferEncoding, done: () => void): void {
    this.chunks.push(Buffer.from(chunk));
    done();
  }
}

Object.assign(globalThis, {
  awslambda: {
    streamifyResponse: (handler: object) => Object.assign(handler, { [streaming]: 'response' }),
    HttpResponseStream: {
      from: (stream: CollectedStream, metadata: object) => {
        stream.setContentType(integrationResponse);
        stream._onBeforeFirstWrite = (write) => {
          write(JSON.stringify(metadata));
          write(delimiter);
        };
        return stream;
      },
    },
  },
});

export interface StreamedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Calls a streaming handler as the runtime does, and reads what it wrote as API Gateway does. */
export const invokeStreaming = async (
  handler: unknown,
  event: unknown,
  context: Partial<Context> = {},
): Promise<StreamedAnswer> => {
  if (Reflect.get(handler as object, streaming) !== 'response') {
    throw new Error('the handler is not a streaming one');
  }
  const stream = new CollectedStream();
  await (handler as StreamifyHandler)(event, stream, context as Context);
  if (!stream.writableFinished) throw new Error('the handler left its answer open');
  if (stream.contentType !== integrationResponse) throw new Error('the answer has no metadata');
  const all = Buffer.concat(stream.chunks);
  const at = all.indexOf(delimiter);
  const { statusCode, headers } = JSON.parse(all.subarray(0, at).toString('utf8')) as {
    statusCode: number;
    headers: Record<string, string>;
  };
  return { status: statusCode, headers, text: all.subarray(at + 8).toString('utf8') };
};

import { Readable } from 'node:stream';
import { EventStreamCodec } from '@smithy/core/event-streams';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString(),
  (text) => Buffer.from(text),
);

const event = (type: string, contentType: string, body: Uint8Array): Buffer =>
  Buffer.from(
    codec.encode({
      headers: {
        ':event-type': { type: 'string', value: type },
        ':content-type': { type: 'string', value: contentType },
        ':message-type': { type: 'string', value: 'event' },
      },
      body,
    }),
  );

export interface StreamEnd {
  readonly ErrorCode?: string;
  readonly ErrorDetails?: string;
}

const complete = (end: StreamEnd): Buffer =>
  event('InvokeComplete', 'application/json', Buffer.from(JSON.stringify(end)));

/** How the stream of a function broke: `<type>: <message>` (local/lambda/invocation.ts). */
const endOf = (error: unknown): StreamEnd => {
  const text = error instanceof Error ? error.message : '';
  const [, ErrorCode = 'Unhandled', ErrorDetails = text] = /^([^: ]+): (.*)$/s.exec(text) ?? [];
  return { ErrorCode, ErrorDetails };
};

const events = async function* (body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) {
      yield event('PayloadChunk', 'application/octet-stream', chunk);
    }
  } catch (error) {
    yield complete(endOf(error));
    return;
  }
  yield complete({});
};

/** A function's bytes as the events of InvokeWithResponseStream. */
export const eventStream = (body: Readable): Readable => Readable.from(events(body));

/** The stream of a function that failed before its first byte. */
export const failedStream = (end: StreamEnd): Buffer => complete(end);

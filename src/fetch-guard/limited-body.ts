import type { IncomingMessage } from 'node:http';
import { GuardError } from './guard-error.ts';

export interface BodyLimits {
  /** Longest wait for the next bytes, milliseconds. */
  readonly idleMs: number;
  readonly maxBytes: number;
  /** What `maxBytes` is about: all of the body, or each event of an event stream that has no end. */
  readonly maxBytesOf: 'body' | 'event';
}

const queuedBytes = 65_536;

/** A blank line ends an event (HTML, "Event stream interpretation"). */
const blankLines = ['\n\n', '\n\r\n', '\r\r'];

/** Bytes of the chunk up to the end of its first event, and after the end of its last. */
const eventEnds = (chunk: Buffer): readonly [first: number, rest: number] | undefined => {
  const starts = blankLines.map((line) => chunk.indexOf(line)).filter((index) => index >= 0);
  if (starts.length === 0) return undefined;
  const last = Math.max(...blankLines.map((line) => chunk.lastIndexOf(line)));
  return [Math.min(...starts), chunk.length - last];
};

/**
 * The body of an answer as a web stream that is read as fast as its reader reads, and fails beyond its limits. Whatever
 * ends it early closes the connection.
 *
 * @param signal - ends it too; the reader gets what it was aborted for.
 * @param ended - is told once how the body ended: without an error, all of it came.
 */
export const limitedBody = (
  response: IncomingMessage,
  { idleMs, maxBytes, maxBytesOf }: BodyLimits,
  signal: AbortSignal,
  ended: (error?: Error) => void,
): ReadableStream<Uint8Array> => {
  let bytes = 0;
  let idle: NodeJS.Timeout | undefined;
  let isOver = false;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const end = (error?: Error): void => {
          if (isOver) return;
          isOver = true;
          clearTimeout(idle);
          if (error === undefined) controller.close();
          else {
            controller.error(error);
            response.destroy();
          }
          ended(error);
        };
        const waitOn = (): void => {
          clearTimeout(idle);
          if (isOver || !Number.isFinite(idleMs)) return;
          idle = setTimeout(
            () => end(new GuardError('timeout', 'The host took too long', { sent: true })),
            idleMs,
          );
        };
        const tooLarge = () =>
          new GuardError('too-large', 'The answer is too large', { sent: true });
        const brokeOff = (cause?: Error): void =>
          end(
            signal.aborted
              ? (signal.reason as Error)
              : new GuardError('unreachable', 'The host broke off', { cause, sent: true }),
          );
        if (maxBytesOf === 'body' && Number(response.headers['content-length'] ?? 0) > maxBytes) {
          end(tooLarge());
          return;
        }
        waitOn();
        response.on('resume', waitOn);
        response.on('data', (chunk: Buffer) => {
          if (isOver) return;
          const ends = maxBytesOf === 'event' ? eventEnds(chunk) : undefined;
          const [first, rest] = ends ?? [chunk.length, bytes + chunk.length];
          if (bytes + first > maxBytes) return end(tooLarge());
          bytes = rest;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) {
            // A reader that is slow is no fault of the host's.
            clearTimeout(idle);
            response.pause();
          } else waitOn();
        });
        response.once('end', () => end());
        response.on('error', brokeOff);
        response.once('close', () => brokeOff());
      },
      pull: () => {
        response.resume();
      },
      cancel: () => {
        isOver = true;
        clearTimeout(idle);
        response.destroy();
        ended();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: queuedBytes }),
  );
};

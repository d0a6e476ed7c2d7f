import { EventStreamCodec } from '@smithy/core/event-streams';

/** One message of `application/vnd.amazon.eventstream`, its headers as text. */
export interface EventStreamMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const utf8 = (bytes: Uint8Array | string): string => Buffer.from(bytes as Uint8Array).toString();
const codec = new EventStreamCodec(utf8, (text) => Buffer.from(text));

/** Cuts an event stream into its messages, whatever its chunks. Both checksums of a message are looked at. */
export class EventStreamReader {
  readonly #maxMessageBytes: number;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Whether the stream stands in the midst of a message. */
  get isCut(): boolean {
    return this.#size > 0;
  }

  /** @throws Error when it is no event stream. */
  *read(chunk: Buffer): Generator<EventStreamMessage> {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= 4) {
      const length = this.#head().readUInt32BE(0);
      if (length > this.#maxMessageBytes) throw new Error('the message is too large');
      if (length < 16) throw new Error('the message is too small');
      if (this.#size < length) return;
      const all = this.#parts.length === 1 ? this.#head() : Buffer.concat(this.#parts);
      const rest = all.subarray(length);
      this.#parts = rest.length > 0 ? [rest] : [];
      this.#size = rest.length;
      const { headers, body } = codec.decode(all.subarray(0, length));
      const texts = Object.entries(headers).map(([name, { value }]) => [name, String(value)]);
      yield { headers: Object.fromEntries(texts) as Record<string, string>, body };
    }
  }

  /** A buffer that holds at least the length of the next message. */
  #head(): Buffer {
    const [first] = this.#parts;
    if (first !== undefined && first.length >= 4) return first;
    const joined = Buffer.concat(this.#parts);
    this.#parts = [joined];
    return joined;
  }
}

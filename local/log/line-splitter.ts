import { StringDecoder } from 'node:string_decoder';

/** Lambda cuts a log line here: the size of one CloudWatch Logs event. */
export const MAX_LINE_BYTES = 256 * 1024;

/** Cuts a byte stream into lines, whatever its chunks. A line above 256 KB arrives in pieces of that size. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#emit(line);
    if (this.#rest.length > MAX_LINE_BYTES) {
      this.#emit(this.#rest);
      this.#rest = '';
    }
  }

  /** The end of the stream: what has no newline yet is the last line. */
  end(): void {
    const last = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (last !== '') this.#emit(last);
  }

  #emit(line: string): void {
    if (line === '') return;
    if (line.length * 3 <= MAX_LINE_BYTES || Buffer.byteLength(line) <= MAX_LINE_BYTES) {
      this.#onLine(line);
      return;
    }
    const bytes = Buffer.from(line);
    for (let start = 0; start < bytes.length;) {
      const end = characterBoundary(bytes, Math.min(start + MAX_LINE_BYTES, bytes.length));
      this.#onLine(bytes.toString('utf8', start, end));
      start = end;
    }
  }
}

/** `position`, or the start of the UTF-8 sequence that it would cut in two. */
const characterBoundary = (bytes: Buffer, position: number): number => {
  let boundary = position;
  while (boundary < bytes.length && (bytes[boundary]! & 0xc0) === 0x80) boundary--;
  return boundary;
};

const newline = 0x0a;

/** A line is longer than it may be. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError';
}

/** Cuts bytes into lines, whatever their chunks, without looking at a byte twice. */
export class ByteLines {
  readonly #maxLineBytes: number;
  readonly #parts: Buffer[] = [];
  #size = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** @throws LineTooLongError */
  *read(chunk: Buffer): Generator<string> {
    let rest = chunk;
    for (;;) {
      const end = rest.indexOf(newline);
      const part = end < 0 ? rest : rest.subarray(0, end);
      this.#size += part.length;
      if (this.#size > this.#maxLineBytes) throw new LineTooLongError('the line is too long');
      if (part.length > 0) this.#parts.push(part);
      if (end < 0) return;
      const [first] = this.#parts;
      const line = this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts);
      this.#parts.length = 0;
      this.#size = 0;
      yield line.toString('utf8');
      rest = rest.subarray(end + 1);
    }
  }
}

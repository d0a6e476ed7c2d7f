const maxBytes = 8 * 1024;
const maxLineLength = 500;

/** What may be said of a server's standard error without quoting it: it can hold secrets. */
export interface StderrFacts {
  readonly stderrBytes: number;
  readonly lastLineLength: number;
}

/** The end of what a server writes to its standard error, bounded. Lines go to `onLine` when somebody asked for them. */
export class StderrTail {
  readonly #onLine: ((line: string) => void) | undefined;
  #tail = '';
  #bytes = 0;
  #open = '';

  /** @param onLine - hears each line, cut to 500 characters. */
  constructor(onLine?: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const text = chunk.toString('utf8');
    this.#tail = (this.#tail + text).slice(-maxBytes);
    if (this.#onLine === undefined) return;
    const lines = (this.#open + text).split('\n');
    this.#open = (lines.pop() ?? '').slice(0, maxLineLength);
    for (const line of lines) this.#onLine(line.slice(0, maxLineLength));
  }

  facts(): StderrFacts {
    return {
      stderrBytes: this.#bytes,
      lastLineLength: this.#tail.trimEnd().split('\n').at(-1)?.length ?? 0,
    };
  }
}

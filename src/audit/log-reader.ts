/** A line of a log, as it was written. */
export interface LogLine {
  /** When the log took it, Unix milliseconds. */
  readonly ts: number;
  /** One of each container. */
  readonly stream: string;
  readonly line: string;
}

/** Fields of JSON lines that must have exactly these values. */
export type LineFilter = Readonly<Record<string, string>>;

export interface ReadRange {
  /** Unix milliseconds; both are included. */
  readonly from: number;
  readonly to: number;
  /** @default every line, JSON or not */
  readonly filter?: LineFilter;
}

export interface LogReader {
  /** Lines by their time, those of one stream in their order. */
  read(range: ReadRange): AsyncIterable<LogLine>;
}

/** The fields of a JSON line; undefined for one that is none. */
export const fieldsOf = (line: string): Readonly<Record<string, unknown>> | undefined => {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
};

/** Several logs as one. Each is read a line ahead. */
export const mergedReader = (readers: readonly LogReader[]): LogReader => ({
  read: async function* (range) {
    const sources = readers.map((reader) => reader.read(range)[Symbol.asyncIterator]());
    try {
      const heads: IteratorResult<LogLine>[] = [];
      for (const source of sources) heads.push(await source.next());
      for (;;) {
        let first = -1;
        for (const [index, head] of heads.entries()) {
          if (head.done === true) continue;
          const best = heads[first];
          if (best === undefined || best.done === true || head.value.ts < best.value.ts) {
            first = index;
          }
        }
        const head = heads[first];
        const source = sources[first];
        if (head === undefined || head.done === true || source === undefined) return;
        yield head.value;
        heads[first] = await source.next();
      }
    } finally {
      for (const source of sources) await source.return?.();
    }
  },
});

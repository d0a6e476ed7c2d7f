import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { indexLine, readEvents } from './log-index.ts';
import { twinStream, type LogEvent, type LogOrigin, type LogStore } from './log-sink.ts';

interface OpenLog {
  readonly path: string;
  fd: number;
  indexFd: number;
  size: number;
  pending: LogEvent[];
}

interface ReadLog {
  /** Sizes and times of the files that were read. */
  readonly version: string;
  readonly events: readonly LogEvent[];
}

const indexOf = (path: string): string => `${path}.index`;

const append = (path: string): number => openSync(path, 'a', 0o600);

/**
 * Appends each log group to `<directory>/<group with / as _>.log`, mode 0600: lines as they are. When and in which stream each came is
 * in `….log.index` beside it. A file that reaches `maxBytes` (20 MB) becomes `….log.1` in the place of the one before. Lines
 * that come in one turn are written at its end, before anything else is done: a twin that is killed has sent no answer whose
 * audit record it only held in memory. What is read is what the files say, whoever wrote them.
 */
export class FileLogSink implements LogStore {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #logs = new Map<string, OpenLog>();
  readonly #read = new Map<string, ReadLog>();
  #isDue = false;

  constructor(
    directory: string,
    options: { readonly maxBytes?: number; readonly now?: () => number } = {},
  ) {
    this.#directory = directory;
    this.#maxBytes = options.maxBytes ?? 20 * 1024 * 1024;
    this.#now = options.now ?? Date.now;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  write(logGroup: string, message: string, { stream = twinStream, ts }: LogOrigin = {}): void {
    let log = this.#logs.get(logGroup);
    if (log === undefined) {
      log = this.#open(logGroup);
      this.#logs.set(logGroup, log);
    }
    const ingestionTime = this.#now();
    log.pending.push({ ts: ts ?? ingestionTime, ingestionTime, stream, message });
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => this.flush());
  }

  /** The file of a log group, whether or not it exists yet. */
  pathOf(logGroup: string): string {
    return join(this.#directory, `${logGroup.replaceAll(/[^A-Za-z0-9.#_-]/g, '_')}.log`);
  }

  events(logGroup: string): readonly LogEvent[] {
    this.flush();
    const path = this.pathOf(logGroup);
    const files = [`${path}.1`, path].filter((file) => existsSync(file));
    const version = files
      .flatMap((file) => [file, indexOf(file)])
      .map((file) => (existsSync(file) ? `${statSync(file).size} ${statSync(file).mtimeMs}` : '-'))
      .join();
    const known = this.#read.get(path);
    if (known?.version === version) return known.events;
    const events = files.flatMap((file) => {
      const index = existsSync(indexOf(file)) ? readFileSync(indexOf(file), 'utf8') : '';
      return readEvents(readFileSync(file, 'utf8'), index, statSync(file).mtimeMs);
    });
    this.#read.set(path, { version, events });
    return events;
  }

  flush(): void {
    this.#isDue = false;
    for (const log of this.#logs.values()) if (log.pending.length > 0) this.#append(log);
  }

  close(): void {
    this.flush();
    for (const { fd, indexFd } of this.#logs.values()) {
      closeSync(fd);
      closeSync(indexFd);
    }
    this.#logs.clear();
  }

  #open(logGroup: string): OpenLog {
    const path = this.pathOf(logGroup);
    const fd = append(path);
    return {
      path,
      fd,
      indexFd: append(indexOf(path)),
      size: fstatSync(fd).size,
      pending: [],
    };
  }

  #append(log: OpenLog): void {
    const bytes = Buffer.from(`${log.pending.map(({ message }) => message).join('\n')}\n`);
    const index = `${log.pending.map(indexLine).join('\n')}\n`;
    log.pending = [];
    if (log.size > 0 && log.size + bytes.length > this.#maxBytes) this.#rotate(log);
    try {
      writeSync(log.fd, bytes);
      log.size += bytes.length;
      writeSync(log.indexFd, index);
    } catch {
      // A full disk loses log lines. It must not stop the functions that wrote them.
    }
  }

  #rotate(log: OpenLog): void {
    const { path } = log;
    closeSync(log.fd);
    closeSync(log.indexFd);
    renameSync(path, `${path}.1`);
    renameSync(indexOf(path), indexOf(`${path}.1`));
    log.fd = append(path);
    log.indexFd = append(indexOf(path));
    log.size = 0;
  }
}

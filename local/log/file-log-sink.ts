import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { LogSink } from './log-sink.ts';

const FLUSH_AFTER_MS = 20;

interface OpenLog {
  readonly path: string;
  fd: number;
  size: number;
  pending: string[];
}

/**
 * Appends each log group to `<directory>/<group with / as _>.log`, mode 0600. A file that reaches `maxBytes`
 * (20 MB) becomes `….log.1` in the place of the one before. Lines reach the disk within 20 ms, or at `close()`.
 */
export class FileLogSink implements LogSink {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #logs = new Map<string, OpenLog>();
  #timer: NodeJS.Timeout | undefined;

  constructor(directory: string, options: { readonly maxBytes?: number } = {}) {
    this.#directory = directory;
    this.#maxBytes = options.maxBytes ?? 20 * 1024 * 1024;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  write(logGroup: string, line: string): void {
    let log = this.#logs.get(logGroup);
    if (log === undefined) {
      log = this.#open(logGroup);
      this.#logs.set(logGroup, log);
    }
    log.pending.push(line);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }

  /** The file of a log group, whether or not it exists yet. */
  pathOf(logGroup: string): string {
    return join(this.#directory, `${logGroup.replaceAll(/[^A-Za-z0-9.#_-]/g, '_')}.log`);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const log of this.#logs.values()) if (log.pending.length > 0) this.#append(log);
  }

  close(): void {
    this.flush();
    for (const log of this.#logs.values()) closeSync(log.fd);
    this.#logs.clear();
  }

  #open(logGroup: string): OpenLog {
    const path = this.pathOf(logGroup);
    const fd = openSync(path, 'a', 0o600);
    return { path, fd, size: fstatSync(fd).size, pending: [] };
  }

  #append(log: OpenLog): void {
    const bytes = Buffer.from(`${log.pending.join('\n')}\n`);
    log.pending = [];
    if (log.size > 0 && log.size + bytes.length > this.#maxBytes) {
      closeSync(log.fd);
      renameSync(log.path, `${log.path}.1`);
      log.fd = openSync(log.path, 'a', 0o600);
      log.size = 0;
    }
    try {
      writeSync(log.fd, bytes);
      log.size += bytes.length;
    } catch {
      // A full disk loses log lines. It must not stop the functions that wrote them.
    }
  }
}

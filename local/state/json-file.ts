import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type * as z from 'zod';

/**
 * One JSON document on disk that survives a kill at any moment: each save writes a temporary file,
 * syncs it and renames it over the old one, so a reader sees the old state or the new one.
 */
export class JsonFile<S extends z.ZodType> {
  readonly #path: string;
  readonly #schema: S;
  #value: z.infer<S>;

  /** @throws Error naming the file when what is on disk is not what `schema` describes. */
  constructor(path: string, schema: S, initial: z.infer<S>) {
    this.#path = path;
    this.#schema = schema;
    this.#value = existsSync(path) ? this.#read() : initial;
  }

  get value(): z.infer<S> {
    return this.#value;
  }

  /** Replaces the document, on disk first. */
  save(value: z.infer<S>): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileAtomic.sync(this.#path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    this.#value = value;
  }

  #read(): z.infer<S> {
    try {
      return this.#schema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
    } catch (cause) {
      throw new Error(
        `${this.#path} is not readable twin state. Move it away, or start with --reset to begin anew.`,
        { cause },
      );
    }
  }
}

import { realpathSync, statSync } from 'node:fs';
import { extname, relative, resolve, sep } from 'node:path';
import { BaseResolver, isAbsoluteUrl, type Document, type Source } from '@redocly/openapi-core';

/** Of the document and all files that it refers to, together. */
const maxBytes = 5_000_000;
/** Values in one file. A few lines of YAML aliases can stand for billions. */
const maxValues = 1_000_000;
const maxDepth = 100;

const extensions = new Set(['.json', '.yaml', '.yml']);

/** @returns how many values are left of the budget. @throws Error when it is used up. */
const countValues = (value: unknown, depth: number, budget: number): number => {
  if (depth > maxDepth) throw new Error(`is nested deeper than ${maxDepth} levels`);
  if (budget <= 0) throw new Error(`has more than ${maxValues} values`);
  if (typeof value !== 'object' || value === null) return budget - 1;
  return Object.values(value).reduce<number>(
    (left, child) => countValues(child, depth + 1, left),
    budget - 1,
  );
};

/** Reads the files of one folder and of the folders in it, and nothing else. No request is ever made. */
export class FolderResolver extends BaseResolver {
  readonly #folder: string;
  #bytes = 0;

  constructor(folder: string) {
    super();
    this.#folder = realpathSync(folder);
  }

  override resolveExternalRef(base: string | null, ref: string): string {
    // `file://…` and `//host/…` are no relative paths either.
    return /^(?:[a-z][a-z0-9+.-]*:|\/\/)/iu.test(ref) ? ref : super.resolveExternalRef(base, ref);
  }

  override async loadExternalRef(file: string): Promise<Source> {
    if (isAbsoluteUrl(file) || /^(?:[a-z][a-z0-9+.-]+:|\/\/)/iu.test(file)) {
      throw new Error('it is remote; keep a copy in the folder of the document');
    }
    if (!extensions.has(extname(file).toLowerCase())) {
      throw new Error('only .json, .yaml and .yml files are read');
    }
    const real = this.#realPath(resolve(file));
    const inside = relative(this.#folder, real);
    if (inside.startsWith(`..${sep}`)) {
      throw new Error('it is outside of the folder of the document');
    }
    this.#bytes += statSync(real).size;
    if (this.#bytes > maxBytes) throw new Error(`the files are more than ${maxBytes} bytes`);
    return super.loadExternalRef(real);
  }

  override parseDocument(source: Source, isRoot = false): Document {
    const document = super.parseDocument(source, isRoot);
    countValues(document.parsed, 0, maxValues);
    return document;
  }

  #realPath(file: string): string {
    try {
      return realpathSync(file);
    } catch (cause) {
      throw new Error('there is no such file', { cause });
    }
  }
}

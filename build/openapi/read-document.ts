import { dirname, relative, resolve } from 'node:path';
import type { Document, NormalizedProblem } from '@redocly/openapi-core';
import * as z from 'zod';
import { UpstreamConfigError, type ConfigProblem } from '../../src/upstreams/mcp-servers.ts';

/** An OpenAPI document that is as the specification says, with every reference inside of it. */
export interface OpenApiDocument {
  readonly version: '3.0' | '3.1';
  readonly root: Readonly<Record<string, unknown>>;
}

/** What the document must keep beside its own shape: what a tool cannot be made without. */
const rules = {
  struct: 'error',
  'no-unresolved-refs': 'error',
  'path-parameters-defined': 'error',
  'path-not-include-query': 'error',
  'no-identical-paths': 'error',
} as const;

const header = z.looseObject({ openapi: z.string().optional(), swagger: z.unknown().optional() });

const unescape = (segment: string): string => {
  try {
    return decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return segment;
  }
};

/** `#/paths/~1items~1{id}/get` as `paths./items/{id}.get`. */
export const pathOfPointer = (pointer: string): string =>
  pointer
    .replace(/^#?\/?/u, '')
    .split('/')
    .map(unescape)
    .join('.') || '(file)';

const versionOf = (parsed: unknown): '3.0' | '3.1' | ConfigProblem => {
  const { data } = header.safeParse(parsed);
  if (data?.swagger !== undefined) {
    return {
      path: 'swagger',
      message: 'Swagger 2.0 is not supported: convert the document to OpenAPI 3.1',
    };
  }
  const version = /^3\.[01](?=\.)/u.exec(data?.openapi ?? '')?.[0];
  if (version === '3.0' || version === '3.1') return version;
  return { path: 'openapi', message: 'must be 3.0.x or 3.1.x' };
};

/**
 * Reads a document, JSON or YAML, with the files beside it that it refers to.
 * @throws UpstreamConfigError with everything that is wrong.
 */
export const readDocument = async (file: string): Promise<OpenApiDocument> => {
  // Loaded here: a project without an OpenAPI entry does not pay for it at synthesis.
  const { bundle, createConfig, lintDocument } = await import('@redocly/openapi-core');
  const { FolderResolver } = await import('./document-resolver.ts');
  const main = resolve(file);

  const fail = (problems: readonly ConfigProblem[], options?: ErrorOptions): never => {
    throw new UpstreamConfigError(file, problems, options);
  };
  const problemOf = ({ message, location }: NormalizedProblem): ConfigProblem => {
    const [place] = location;
    const path = pathOfPointer(place?.pointer ?? '');
    const source = place?.source.absoluteRef;
    return {
      path:
        source === undefined || source === document.source.absoluteRef
          ? path
          : `${relative(dirname(document.source.absoluteRef), source)}: ${path}`,
      message,
    };
  };

  let resolver: InstanceType<typeof FolderResolver>;
  let document: Document;
  try {
    resolver = new FolderResolver(dirname(main));
    document = (await resolver.resolveDocument(null, main, true)) as Document;
  } catch (cause) {
    return fail([{ path: '(file)', message: (cause as Error).message }], { cause });
  }
  const version = versionOf(document.parsed);
  if (typeof version !== 'string') return fail([version]);

  const config = await createConfig({ rules });
  const options = { config, externalRefResolver: resolver };
  try {
    const problems = await lintDocument({ document, ...options });
    if (problems.length > 0) return fail(problems.map(problemOf));
    const bundled = await bundle({
      doc: document,
      ...options,
      // Things of one name in two files get two names; nobody needs to hear of it.
      componentRenamingConflicts: 'off',
    });
    if (bundled.problems.length > 0) return fail(bundled.problems.map(problemOf));
    return { version, root: bundled.bundle.parsed as Readonly<Record<string, unknown>> };
  } catch (cause) {
    if (cause instanceof UpstreamConfigError) throw cause;
    // References that stand for each other, and files that cannot be parsed.
    return fail([{ path: '(file)', message: (cause as Error).message }], { cause });
  }
};

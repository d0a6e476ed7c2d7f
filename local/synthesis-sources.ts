import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { parseMcpServers, type McpServerEntry } from '../src/upstreams/mcp-servers.ts';
import { referencesOf } from '../src/upstreams/references.ts';

/** What the synthesized template depends on, below the project's directory. */
const sources = [
  'bin',
  'lib',
  'build',
  'lambdas',
  'src',
  'config',
  'content',
  'cdk.json',
  'package.json',
  'package-lock.json',
];

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const filesBelow = (
  path: string,
  isSkipped: (folder: string) => boolean = () => false,
): readonly string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const below = join(path, entry.name);
    if (entry.isDirectory()) return isSkipped(entry.name) ? [] : filesBelow(below, isSkipped);
    return entry.isFile() ? [below] : [];
  });

/** Of the files' paths below `base` and their contents, in the order of paths. */
export const hashOf = (files: readonly string[], base: string): string => {
  const hash = createHash('sha256');
  for (const file of files.toSorted()) {
    hash
      .update(`${file.slice(base.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
};

const contentSetting = z.object({ content: z.object({ folder: z.string() }).optional() });

/** The content folder that the environment's configuration names; what is wrong with it, synth will say. */
const contentFolderOf = (projectDirectory: string, env: string): string => {
  try {
    const file = join(projectDirectory, 'config', `${env}.json`);
    return (
      contentSetting.parse(JSON.parse(readFileSync(file, 'utf8'))).content?.folder ?? 'content'
    );
  } catch {
    return 'content';
  }
};

/** The entries of `config/mcp.json`; what is wrong with them, synth will say. */
const entriesOf = (text: string): readonly McpServerEntry[] => {
  try {
    return [...parseMcpServers(text).values()];
  } catch {
    return [];
  }
};

const generated = new Set(['node_modules', 'cdk.out', '.drawbridge', '.git']);

/** An OpenAPI document may refer to others in its folder and below. */
const documentsAt = (file: string): readonly string[] =>
  filesBelow(dirname(file), (folder) => generated.has(folder)).filter((path) =>
    /\.(?:json|ya?ml)$/iu.test(path),
  );

/** The files of an entry that are not in `config/`. */
const filesOf = (projectDirectory: string, entry: McpServerEntry): readonly string[] => {
  if (entry.kind === 'remote') return [];
  if (entry.kind === 'openapi') {
    const file = resolve(projectDirectory, entry.openapi);
    return existsSync(file) ? documentsAt(file) : [];
  }
  const folders = [entry.directory, entry.image].filter((folder) => folder !== undefined);
  return folders
    .map((folder) => resolve(projectDirectory, folder))
    .filter(isFolder)
    .flatMap((folder) => filesBelow(folder, (name) => name === '.git'));
};

/**
 * A hash of all that synthesis reads: sources, configuration, the files that upstreams are made of, and the variables that
 * their configuration names.
 */
export const sourcesHash = (
  projectDirectory: string,
  env: string,
  environment: Readonly<Record<string, string | undefined>>,
): string => {
  const file = join(projectDirectory, 'config', 'mcp.json');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const own = [...sources, contentFolderOf(projectDirectory, env)]
    .map((name) => join(projectDirectory, name))
    .filter((path) => existsSync(path))
    .flatMap((path) => (isFolder(path) ? filesBelow(path) : [path]));
  const upstreams = entriesOf(text).flatMap((entry) => filesOf(projectDirectory, entry));
  const variables = referencesOf(text)
    .filter(({ source }) => source === 'env')
    .map(({ name }) => `${name}=${environment[name] ?? ''}`);
  const files = new Set([...own, ...upstreams]);
  return createHash('sha256')
    .update(hashOf([...files], projectDirectory))
    .update(JSON.stringify([...new Set(variables)].sort()))
    .digest('hex');
};

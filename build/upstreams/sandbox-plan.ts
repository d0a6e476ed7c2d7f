import { statSync } from 'node:fs';
import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import type { StdioEntry } from '../../src/upstreams/mcp-servers.ts';
import type { SandboxFile } from '../../src/sandbox/server-command.ts';
import { lockedServerOf, type LockedServer } from './locked-package.ts';
import { problemAt } from './problems.ts';

/** What a sandbox function is made of; nothing of it is made yet. */
export interface SandboxPlan {
  readonly name: string;
  /** How the host starts the server: paths as they will be in the function. */
  readonly file: SandboxFile;
  readonly contents:
    | { readonly kind: 'package'; readonly server: LockedServer }
    | { readonly kind: 'directory' | 'image'; readonly directory: string };
}

/** Beside the host's bundle, the server's own files. */
export const serverFolder = 'server';

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** A folder of the project. @throws UpstreamConfigError */
const folderOf = (
  projectDirectory: string,
  server: string,
  field: 'directory' | 'image',
  path: string,
): string => {
  const folder = resolve(projectDirectory, path);
  const inside = relative(projectDirectory, folder);
  const isInside =
    inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
  if (!isInside) {
    throw problemAt(server, field, `"${path}" must be a folder in this project`);
  }
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw problemAt(server, field, `there is no folder "${path}" in this project`);
  }
  return folder;
};

const directoryFile = (
  server: string,
  { command, args, directory: shown }: StdioEntry,
  directory: string,
): SandboxFile => {
  if (command === 'node') {
    const [script = ''] = args;
    if (script === '') throw problemAt(server, 'args', 'must begin with the file that node runs');
    if (!script.startsWith('-') && !isFile(join(directory, script))) {
      throw problemAt(server, 'args.0', `"${script}" is not in ${shown}: build it before`);
    }
    return { command, args, cwd: serverFolder };
  }
  const program = posix.normalize(command.replaceAll('\\', '/'));
  const isInside = !posix.isAbsolute(program) && !program.startsWith('../');
  if (!isInside || !isFile(join(directory, program))) {
    throw problemAt(
      server,
      'command',
      `must be "node", or a program in ${shown}, for Linux on arm64: "${command}" is neither. ` +
        'What needs another runtime (uvx, docker, python) runs from a container image: give "image"',
    );
  }
  return { command: posix.join(serverFolder, program), args, cwd: serverFolder };
};

/**
 * What an entry's sandbox will consist of.
 * @throws UpstreamConfigError
 */
export const planSandbox = (
  {
    projectDirectory,
    configDirectory,
  }: Readonly<Record<'projectDirectory' | 'configDirectory', string>>,
  name: string,
  entry: StdioEntry,
): SandboxPlan => {
  if (entry.directory !== undefined && entry.image !== undefined) {
    throw problemAt(name, 'image', 'stands beside "directory": one of them is right');
  }
  if (entry.image !== undefined) {
    const directory = folderOf(projectDirectory, name, 'image', entry.image);
    if (!isFile(join(directory, 'Dockerfile'))) {
      throw problemAt(name, 'image', `there is no Dockerfile in ${entry.image}`);
    }
    const { command, args } = entry;
    return { name, file: { command, args, cwd: '.' }, contents: { kind: 'image', directory } };
  }
  if (entry.directory !== undefined) {
    const directory = folderOf(projectDirectory, name, 'directory', entry.directory);
    const file = directoryFile(name, entry, directory);
    return { name, file, contents: { kind: 'directory', directory } };
  }
  const server = lockedServerOf(configDirectory, name, entry);
  if (server === undefined) throw problemAt(name, 'command', 'names no npm package');
  const program = posix.join(serverFolder, 'node_modules', server.name, server.program);
  return {
    name,
    file: { command: 'node', args: [program, ...server.args], cwd: '.' },
    contents: { kind: 'package', server },
  };
};

import { closeSync, cpSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { copyFolder, OutsideLinkError } from './copy-folder.ts';
import type { Environment } from './fill-environment.ts';
import { NpmError } from './npm.ts';
import { problemAt } from './problems.ts';
import { serverFolder, type SandboxPlan } from './sandbox-plan.ts';
import { vendorPackage, type Platform } from './vendor-package.ts';

/** A sandbox function's code, or the context of its image. */
export interface SandboxAsset {
  readonly name: string;
  readonly packaging: 'zip' | 'image';
  readonly directory: string;
}

export interface AssembleOptions {
  /** The bundle of the host (lambdas/stdio-host). */
  readonly hostDirectory: string;
  /** A folder that does not exist yet. */
  readonly directory: string;
  /** Where installed packages are kept from one synthesis to the next. */
  readonly cache: string;
  readonly platform: Platform;
  readonly environment: Environment;
}

/** AWS: "Lambda quotas", deployment package unzipped. */
const maxBytes = 262_144_000;

/** Of an image's context: what its Dockerfile copies to the task root. */
const hostFolder = 'drawbridge-host';

/** At a folder's top. Variables of `.env` belong into the entry, where secrets are references. */
const stayingBehind: ReadonlySet<string> = new Set(['.git', '.env', hostFolder]);

const firstLineOf = (file: string): string => {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(128);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes)).split('\n', 1)[0] ?? '';
  } finally {
    closeSync(descriptor);
  }
};

const isNodeProgram = (file: string): boolean => {
  const line = firstLineOf(file);
  return line.startsWith('#!') ? /\bnode\b/u.test(line) : /^\.[cm]?js$/u.test(extname(file));
};

const writeHost = ({ file }: SandboxPlan, hostDirectory: string, directory: string): void => {
  cpSync(hostDirectory, directory, { recursive: true });
  writeFileSync(join(directory, 'sandbox.json'), `${JSON.stringify(file)}\n`);
};

/** Copies a server's files. @throws UpstreamConfigError for those that cannot go along. */
const copyServer = (name: string, field: string, from: string, to: string): number => {
  try {
    return copyFolder(from, to, (entry) => stayingBehind.has(entry));
  } catch (error) {
    if (!(error instanceof OutsideLinkError)) throw error;
    throw problemAt(name, field, `${error.message}: copy what it leads to`, { cause: error });
  }
};

const vendored = async (plan: SandboxPlan, options: AssembleOptions): Promise<string> => {
  const { name, contents } = plan;
  if (contents.kind !== 'package') return contents.directory;
  const { server } = contents;
  const shown = `${server.name}@${server.version}`;
  try {
    const folder = await vendorPackage(server, options.platform, options);
    const program = join(folder, 'node_modules', server.name, server.program);
    if (!isNodeProgram(program)) {
      throw problemAt(
        name,
        'args',
        `${shown} runs ${server.program}, which is no program of Node: give "image", a folder with a Dockerfile`,
      );
    }
    return join(folder, 'node_modules');
  } catch (cause) {
    if (!(cause instanceof NpmError)) throw cause;
    throw problemAt(name, 'args', `${shown} could not be installed: ${cause.message}`, { cause });
  }
};

/**
 * Makes the asset of a sandbox function: the host, `sandbox.json`, and the server's files. The same sources give the same
 * files.
 *
 * @throws UpstreamConfigError
 */
export const assembleSandbox = async (
  plan: SandboxPlan,
  options: AssembleOptions,
): Promise<SandboxAsset> => {
  const { name, contents } = plan;
  const { directory, hostDirectory } = options;
  const source = await vendored(plan, options);
  mkdirSync(directory, { recursive: true });
  if (contents.kind === 'image') {
    copyServer(name, 'image', source, directory);
    writeHost(plan, hostDirectory, join(directory, hostFolder));
    return { name, packaging: 'image', directory };
  }
  writeHost(plan, hostDirectory, directory);
  const field = contents.kind === 'package' ? 'args' : 'directory';
  const target = join(directory, serverFolder);
  const bytes =
    contents.kind === 'package'
      ? copyServer(name, field, source, join(target, 'node_modules'))
      : copyServer(name, field, source, target);
  if (bytes > maxBytes) {
    const megabytes = Math.ceil(bytes / 1_048_576);
    throw problemAt(
      name,
      field,
      `has ${megabytes} MB of files, and Lambda takes 250 MB: give "image", a folder with a Dockerfile`,
    );
  }
  return { name, packaging: 'zip', directory };
};

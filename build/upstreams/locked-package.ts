import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AdminError } from '../../src/admin/admin-error.ts';
import { npxPackageOf, type NpxPackage } from '../../src/admin/npx-package.ts';
import type { StdioEntry } from '../../src/upstreams/mcp-servers.ts';
import { problemAt } from './problems.ts';

/** An npm package at the version that the project has recorded, with everything that it depends on. */
export interface LockedServer {
  readonly name: string;
  readonly version: string;
  /** The server's own arguments. */
  readonly args: readonly string[];
  /** Its program, relative to the package's folder. */
  readonly program: string;
  /** The texts of `package.json` and `package-lock.json`. */
  readonly manifest: string;
  readonly lock: string;
}

const manifestFile = z.looseObject({
  dependencies: z.record(z.string(), z.string()).default({}),
});

const lockFile = z.looseObject({
  lockfileVersion: z.literal(3),
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      integrity: z.string().optional(),
      inBundle: z.boolean().optional(),
      bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

/** Semantic Versioning 2.0.0. */
const exactVersion = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/u;

/** The use case of the CLI knows what npx understands; its error names the field. */
const packageOf = (server: string, entry: StdioEntry): NpxPackage | undefined => {
  try {
    return npxPackageOf(server, entry);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    const [, field = 'command', message = error.message] =
      /^mcpServers\.[^.]+\.(\w+): ([\s\S]*)$/u.exec(error.message) ?? [];
    throw problemAt(server, field, message, { cause: error });
  }
};

/** As npx chooses: the only program, or that of the package's own name (libnpmexec, "get-bin-from-manifest"). */
const programOf = (
  name: string,
  bin: string | Readonly<Record<string, string>> | undefined,
): string | undefined => {
  if (bin === undefined || typeof bin === 'string') return bin;
  const programs = new Set(Object.values(bin));
  if (programs.size === 1) return [...programs][0];
  return bin[name.replace(/^@[^/]+\//u, '')];
};

const readJson = <T>(schema: z.ZodType<T>, text: string): T | undefined => {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/**
 * What an npx entry runs, by its lock in `config/stdio/<server>/`; undefined for an entry that is a folder of the
 * project. Nothing is fetched.
 *
 * @throws UpstreamConfigError
 */
export const lockedServerOf = (
  configDirectory: string,
  server: string,
  entry: StdioEntry,
): LockedServer | undefined => {
  const wanted = packageOf(server, entry);
  if (wanted === undefined) return undefined;
  const { name, range, args } = wanted;
  const again = `run \`npx drawbridge upstreams add\` with this entry (--replace), which records it`;
  if (!exactVersion.test(range)) {
    throw problemAt(server, 'args', `${name} has no exact version (as in ${name}@1.2.3): ${again}`);
  }
  const folder = join(configDirectory, 'stdio', server);
  const place = `config/stdio/${server}`;
  const files = ['package.json', 'package-lock.json'].map((file) => join(folder, file));
  const missing = files.findIndex((file) => !existsSync(file));
  if (missing !== -1) {
    const file = missing === 0 ? 'package.json' : 'package-lock.json';
    throw problemAt(
      server,
      'args',
      `${name}@${range} has no recorded contents (${place}/${file} is missing): ${again}`,
    );
  }
  const [manifest = '', lock = ''] = files.map((file) => readFileSync(file, 'utf8'));
  const packages = readJson(lockFile, lock)?.packages;
  const locked = packages?.[`node_modules/${name}`];
  const versions = [
    readJson(manifestFile, manifest)?.dependencies[name],
    packages?.['']?.dependencies?.[name],
    locked?.version,
  ];
  if (packages === undefined || versions.some((version) => version !== range)) {
    throw problemAt(server, 'args', `${name}@${range} is not what ${place} has recorded: ${again}`);
  }
  const loose = Object.entries(packages).find(
    ([path, { integrity, inBundle }]) =>
      path !== '' && integrity === undefined && inBundle !== true,
  );
  if (loose !== undefined) {
    throw problemAt(
      server,
      'args',
      `${place}/package-lock.json has no integrity for ${loose[0]}: only packages of a registry can be vendored`,
    );
  }
  const program = programOf(name, locked?.bin);
  if (program === undefined) {
    throw problemAt(server, 'args', `${name} has no program that npx would run`);
  }
  return { name, version: range, args, program: program.replace(/^\.\//u, ''), manifest, lock };
};

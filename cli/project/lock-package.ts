import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { AdminError } from '../../src/admin/admin-error.ts';
import type { LockedPackage } from '../../src/admin/ports.ts';

const npmTimeoutMs = 120_000;
const maxOutputBytes = 64_000;

const lockFile = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({ version: z.string().optional(), bin: z.unknown().optional() }),
  ),
});

const failed = (wanted: string, why: string, cause?: unknown): AdminError =>
  new AdminError('PACKAGE_UNRESOLVED', `npm could not lock ${wanted}: ${why}`, { cause });

/** What npm says of a failure, without its log's path and prefixes. */
const reasonOf = (stderr: string): string => {
  const lines = stderr
    .split('\n')
    .filter((line) => /^npm (?:error|ERR!)/u.test(line) && !/complete log|debug-\d/u.test(line))
    .map((line) => line.replace(/^npm (?:error|ERR!)\s*/u, '').trim())
    .filter((line) => line !== '' && !/^(?:code|\d{3}$)/u.test(line));
  return lines.slice(0, 3).join(' ') || 'it said no reason';
};

/** Runs npm with the user's own settings: their registry, proxy and credentials. */
const npm = (args: readonly string[], cwd: string, wanted: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn('npm', [...args], {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: npmTimeoutMs,
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < maxOutputBytes) stderr += text;
    });
    child.on('error', (error) =>
      reject(failed(wanted, 'npm is not on the PATH, which it must be', error)),
    );
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else if (signal !== null) reject(failed(wanted, 'it took longer than 2 minutes'));
      else reject(failed(wanted, reasonOf(stderr)));
    });
  });

const flags = [
  'install',
  '--package-lock-only',
  '--save-exact',
  // Nothing of the package runs here.
  '--ignore-scripts',
  '--omit=dev',
  // The lock is of contents (integrity), not of the registry that happened to be used.
  '--omit-lockfile-registry-resolved',
  '--no-workspaces',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  // Whoever started this may have wanted silence; the reason of a failure is wanted all the same.
  '--loglevel=error',
];

const replaceFolder = async (fresh: string, target: string): Promise<void> => {
  const old = `${target}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(target, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(fresh, target);
  await rm(old, { recursive: true, force: true });
};

/**
 * Writes `<directory>/<server>/package.json` and `package-lock.json` for a package at the version that npm finds for
 * `range`, as `npx` would. The folder is written whole or not at all.
 *
 * @throws AdminError PACKAGE_UNRESOLVED
 */
export const lockPackage = async (
  directory: string,
  server: string,
  name: string,
  range: string,
): Promise<LockedPackage> => {
  const wanted = `${name}@${range}`;
  await mkdir(directory, { recursive: true });
  // Beside its place, so that it can be moved there.
  const fresh = await mkdtemp(path.join(directory, `.${server}-`));
  try {
    const manifest = path.join(fresh, 'package.json');
    await writeFile(manifest, JSON.stringify({ name: `stdio-${server}`, private: true }));
    await npm([...flags, '--', wanted], fresh, wanted);
    const text = await readFile(path.join(fresh, 'package-lock.json'), 'utf8').catch(
      (error: unknown) => {
        throw failed(wanted, 'it wrote no lock file', error);
      },
    );
    const locked = lockFile.parse(JSON.parse(text)).packages[`node_modules/${name}`];
    if (locked?.version === undefined) throw failed(wanted, 'its lock file has no version of it');
    if (locked.bin === undefined) throw failed(wanted, 'the package has no program to run');
    const { version } = locked;
    const exact = {
      name: `stdio-${server}`,
      private: true,
      dependencies: { [name]: version },
    };
    await writeFile(manifest, `${JSON.stringify(exact, null, 2)}\n`);
    await replaceFolder(fresh, path.join(directory, server));
    return { name, version };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
};

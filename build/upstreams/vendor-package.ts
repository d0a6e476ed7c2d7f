import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './fill-environment.ts';
import type { LockedServer } from './locked-package.ts';
import { runNpm } from './npm.ts';

/** What packages are installed for: AWS Lambda on arm64, or this machine. */
export type Platform = 'lambda' | 'host';

const platformFlags: Readonly<Record<Platform, readonly string[]>> = {
  lambda: ['--os=linux', '--cpu=arm64', '--libc=glibc'],
  host: [],
};

const flags = [
  'ci',
  // Nothing of a package runs here, and nothing of it is linked to.
  '--ignore-scripts',
  '--no-bin-links',
  '--omit=dev',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--loglevel=error',
];

const unfinished = /^unfinished-/u;
/** No installation takes an hour: what is older was killed. */
const abandonedAfterMs = 3_600_000;

const removeAbandoned = (cache: string): void => {
  for (const name of readdirSync(cache).filter((entry) => unfinished.test(entry))) {
    const path = join(cache, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (mtimeMs !== undefined && Date.now() - mtimeMs > abandonedAfterMs) {
      rmSync(path, { recursive: true, force: true });
    }
  }
};

/**
 * Installs what a lock names, each package checked by its integrity, and returns the folder that has `node_modules`.
 * The same lock is installed once: the folder gets its name when it is complete.
 *
 * @param cache - where such folders are.
 * @throws NpmError
 */
export const vendorPackage = async (
  { manifest, lock }: Pick<LockedServer, 'manifest' | 'lock'>,
  platform: Platform,
  { cache, environment }: { readonly cache: string; readonly environment: Environment },
): Promise<string> => {
  const target = platform === 'host' ? `${process.platform}-${process.arch}` : 'lambda-arm64';
  const hash = createHash('sha256').update(JSON.stringify([1, target, manifest, lock]));
  const directory = join(cache, hash.digest('hex').slice(0, 32));
  if (existsSync(directory)) return directory;
  mkdirSync(cache, { recursive: true });
  removeAbandoned(cache);
  const fresh = join(cache, `unfinished-${randomBytes(8).toString('hex')}`);
  mkdirSync(fresh);
  try {
    writeFileSync(join(fresh, 'package.json'), manifest);
    writeFileSync(join(fresh, 'package-lock.json'), lock);
    await runNpm([...flags, ...platformFlags[platform]], fresh, environment);
    // Says by which registry they came.
    rmSync(join(fresh, 'node_modules', '.package-lock.json'), { force: true });
    renameSync(fresh, directory);
  } catch (error) {
    // Another synthesis may have been faster.
    if (!existsSync(directory)) throw error;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return directory;
};

// Plain JavaScript for any Node from 20 on: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const projectDirectory = dirname(import.meta.dirname);
const modules = join(projectDirectory, 'node_modules');

/** The Node that the dev dependency `node` brings: the version that Lambda runs. */
const nodeBinary = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const modifiedAt = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

const npm = (directory, ...args) => {
  const { npm_execpath: script } = process.env;
  const [command, prefix] =
    script === undefined || !script.endsWith('.js') ? ['npm', []] : [process.execPath, [script]];
  const { status, error } = spawnSync(command, [...prefix, ...args], {
    cwd: directory,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error !== undefined || status !== 0) {
    process.stderr.write(
      `npm ${args.join(' ')} failed. Mend what it says above, then run this again.\n`,
    );
    process.exit(1);
  }
};

/**
 * Installs what the package-lock.json of `directory` names, unless that has been done, after saying so with `notice`.
 * Install scripts stay off.
 */
export const installLocked = (directory, notice) => {
  const installed = join(directory, 'node_modules');
  // What a link leads to is another checkout's: `npm ci` would empty it.
  if (lstatSync(installed, { throwIfNoEntry: false })?.isSymbolicLink() === true) return;
  const installedAt = modifiedAt(join(installed, '.package-lock.json'));
  if (installedAt >= modifiedAt(join(directory, 'package-lock.json'))) return;
  process.stdout.write(`${notice}\n`);
  npm(directory, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
};

/**
 * Installs what package-lock.json names, unless that has been done, and returns the path of Node 24.
 *
 * Install scripts are off: aws-lambda-ric would compile C++ for over a minute for an addon that the twin replaces.
 * Only `node` needs its script, which fetches the binary for this platform from the registry.
 */
export const ensureInstalled = () => {
  installLocked(projectDirectory, 'Installing dependencies (once, about a minute) …');
  if (!existsSync(nodeBinary)) {
    npm(projectDirectory, 'rebuild', 'node', '--ignore-scripts=false', '--loglevel=error');
  }
  if (!existsSync(nodeBinary)) {
    process.stderr.write('Node 24 did not install. Delete node_modules and run this again.\n');
    process.exit(1);
  }
  return nodeBinary;
};

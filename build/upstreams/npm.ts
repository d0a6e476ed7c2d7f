import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Environment } from './fill-environment.ts';

const npmTimeoutMs = 300_000;
const maxOutputBytes = 64_000;

/** npm failed; the message says why, in its words. */
export class NpmError extends Error {
  override readonly name = 'NpmError';
}

/** Where npm is beside the Node that runs this, on Unix and on Windows. The `node` package of npm has none. */
const besideNode = ['../lib/node_modules/npm/bin/npm-cli.js', 'node_modules/npm/bin/npm-cli.js'];

/** The npm that started this, or that of this Node, or that of the PATH. */
const npmCommand = ({ npm_execpath: starter }: Environment): readonly [string, ...string[]] => {
  const scripts = [
    ...(starter !== undefined && /npm-cli\.js$/u.test(starter) ? [starter] : []),
    ...besideNode.map((path) => join(dirname(process.execPath), path)),
  ];
  const script = scripts.find((path) => existsSync(path));
  return script === undefined ? ['npm'] : [process.execPath, script];
};

/** What npm says of a failure, without its log's path and prefixes. */
const reasonOf = (stderr: string): string => {
  const lines = stderr
    .split('\n')
    .filter((line) => /^npm (?:error|ERR!)/u.test(line) && !/complete log|debug-\d/u.test(line))
    .map((line) => line.replace(/^npm (?:error|ERR!)\s*/u, '').trim())
    .filter((line) => line !== '' && !/^(?:code|\d{3}$)/u.test(line));
  return lines.slice(0, 3).join(' ') || 'it said no reason';
};

/**
 * Runs npm with the user's own settings: their registry, proxy and credentials.
 * @param args - without spaces and quotes: Windows runs npm by its shell.
 * @throws NpmError
 */
export const runNpm = (
  args: readonly string[],
  directory: string,
  environment: Environment,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const [command, ...prefix] = npmCommand(environment);
    const child = spawn(command, [...prefix, ...args], {
      cwd: directory,
      env: { ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32' && command === 'npm',
      timeout: npmTimeoutMs,
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < maxOutputBytes) stderr += text;
    });
    child.on('error', (cause) =>
      reject(new NpmError('npm is not on the PATH, which it must be', { cause })),
    );
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else if (signal !== null) reject(new NpmError('npm took longer than 5 minutes'));
      else reject(new NpmError(reasonOf(stderr)));
    });
  });

#!/usr/bin/env node
/** Starts the CLI on Node 24, whatever Node this is (20 or newer): ours comes with the dependencies. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const main = path.join(root, 'cli', 'main.ts');
const modules = path.join(root, 'node_modules');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Node strips types without a warning from 24.3 on. */
const runsTypeScript =
  (major > 24 || (major === 24 && minor >= 3)) && process.features.typescript === 'strip';

const bundledNode = () =>
  [path.join(modules, 'node', 'bin', 'node'), path.join(modules, '.bin', 'node')].find(existsSync);

const fail = (message) => {
  console.error(`error: ${message}`);
  process.exitCode = 1;
};

/** The child decides what a signal means: this process only passes it on, and ends as the child ended. */
const runOn = (node) => {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const forward = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) => fail(`${node} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    for (const name of signals) process.off(name, forward);
    if (signal === null) process.exitCode = code ?? 1;
    else process.kill(process.pid, signal);
  });
};

if (!existsSync(path.join(modules, 'commander'))) {
  fail('the dependencies are not installed: run `npm install` (or `npm start`) first');
} else if (runsTypeScript) {
  await import('./main.ts');
} else {
  const node = bundledNode();
  if (node === undefined)
    fail('Node 24 is not installed: run `npm install` (or `npm start`) first');
  else runOn(node);
}

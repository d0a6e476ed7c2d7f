// `node scripts/run.mjs FILE.ts …`: installs if needed, then runs the file on Node 24, which takes TypeScript as it is.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { ensureInstalled } from './ensure-installed.mjs';

const node = ensureInstalled();
const binaries = join(dirname(import.meta.dirname), 'node_modules', '.bin');
const child = spawn(node, process.argv.slice(2), {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...process.env, PATH: [dirname(node), binaries, process.env.PATH].join(delimiter) },
});

// Ctrl-C reaches the child by itself; this process waits for it to stop cleanly.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));

// When whoever started this is gone without a word, nothing may go on running.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM');
}, 1_000).unref();

child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));

import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Terminal } from './io.ts';
import { runCli } from './program.ts';
import { resolveTarget } from './target.ts';

const confirm = async (question: string): Promise<boolean> => {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => prompt.once('close', () => resolve('')));
  const answer = await Promise.race([prompt.question(`${question} [y/N] `), closed]);
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
};

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  ...(process.stdin.isTTY ? { confirm } : {}),
};

process.stdout.on('error', () => {
  process.exitCode = 1;
});

const packageRoot = path.resolve(import.meta.dirname, '..');
const exitCode = await runCli(process.argv.slice(2), {
  terminal,
  connect: async (options) => {
    const surroundings = { cwd: process.cwd(), packageRoot, env: process.env };
    const target = await resolveTarget(options, surroundings);
    const { connectTo } = await import('./connect.ts');
    return connectTo(target);
  },
});
process.exitCode ??= exitCode;

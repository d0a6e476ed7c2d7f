import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError } from './errors.ts';
import type { Terminal } from './io.ts';
import { runCli } from './program.ts';
import { openProject } from './project/open-project.ts';
import { demoKeyOf, resolveTarget } from './target.ts';

const confirm = async (question: string): Promise<boolean> => {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => prompt.once('close', () => resolve('')));
  const answer = await Promise.race([prompt.question(`${question} [y/N] `), closed]);
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
};

/** The line editor echoes into nothing. */
const askHidden = async (question: string): Promise<string> => {
  process.stderr.write(`${question}: `);
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output, terminal: true });
  const closed = new Promise<string>((resolve) => prompt.once('close', () => resolve('')));
  const answer = await Promise.race([prompt.question(''), closed]);
  prompt.close();
  process.stderr.write('\n');
  return answer;
};

const maxInputBytes = 1_000_000;

const readInput = async (): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxInputBytes) throw new CliError('USAGE', 'standard input is longer than 1 MB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  readInput,
  ...(process.stdin.isTTY ? { confirm, askHidden } : {}),
};

process.stdout.on('error', () => {
  process.exitCode = 1;
});

const packageRoot = path.resolve(import.meta.dirname, '..');
const exitCode = await runCli(process.argv.slice(2), {
  terminal,
  environment: process.env,
  demoKey: (options) => demoKeyOf(options, { cwd: process.cwd(), packageRoot, env: process.env }),
  connect: async (options) => {
    const surroundings = { cwd: process.cwd(), packageRoot, env: process.env };
    const target = await resolveTarget(options, surroundings);
    const { connectTo } = await import('./connect.ts');
    return connectTo(target);
  },
  readStacks: async (source) => {
    const { readStacks } = await import('./project/read-stacks.ts');
    return readStacks(packageRoot)(source);
  },
  openProject: (configDirectory) =>
    openProject(
      packageRoot,
      configDirectory === undefined ? undefined : path.resolve(configDirectory),
    ),
});
process.exitCode ??= exitCode;

import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { bearer, callOf, post } from './support/running-twin.ts';

const projectDirectory = join(import.meta.dirname, '..', '..');
const stateDirectory = mkdtempSync(join(tmpdir(), 'drawbridge-start-'));
const connectionFile = join(stateDirectory, 'connection.json');
const started: ChildProcess[] = [];

interface Running {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<number | null>;
}

/** What `npm start -- …` runs, without npm. */
const start = (...args: string[]): Running => {
  const child = spawn(
    process.execPath,
    [
      join(projectDirectory, 'scripts', 'run.mjs'),
      'local/main.ts',
      '--state',
      stateDirectory,
      ...args,
    ],
    { cwd: projectDirectory, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  started.push(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { process: child, output: () => output, exited };
};

const until = async (condition: () => boolean, what: () => string): Promise<void> => {
  for (let waited = 0; !condition(); waited += 50) {
    if (waited > 150_000) throw new Error(`waited too long: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const ready = async (running: Running): Promise<void> => {
  await until(
    () => /^ready\b/m.test(running.output()) || running.process.exitCode !== null,
    running.output,
  );
  expect(running.output()).toMatch(/^ready /m);
};

const connection = () =>
  JSON.parse(readFileSync(connectionFile, 'utf8')) as {
    url: string;
    mcpUrl: string;
    tenant: string;
    apiKey: string;
    twin: { pid: number };
  };

/** Processes of the twin with this id and of everything that it started. */
const processesOf = (pid: number): string =>
  execFileSync('ps', ['-eo', 'pid,ppid,pgid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(stateDirectory) || new RegExp(`(^|\\s)${pid}\\s`).test(line))
    .filter((line) => !line.includes('ps -eo'))
    .join('\n');

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(stateDirectory, { recursive: true, force: true }));

const slowly = { timeout: 180_000 };

it(
  'prints ready, writes the connection file for its owner alone, and serves the key it printed',
  slowly,
  async () => {
    const running = start('--port', '0');
    await ready(running);
    const { url, mcpUrl, tenant, apiKey, twin } = connection();
    expect(mcpUrl).toBe(`${url}/mcp`);
    expect(tenant).toBe('demo');
    expect(running.output()).toContain(apiKey);
    expect(statSync(connectionFile).mode & 0o077).toBe(0);
    const answer = await post(mcpUrl, callOf('search', { query: 'plan' }), bearer(apiKey));
    expect(answer.status).toBe(200);

    running.process.kill('SIGTERM');
    expect(await running.exited).toBe(0);
    await until(
      () => processesOf(twin.pid) === '',
      () => processesOf(twin.pid),
    );
  },
);

it(
  'keeps the demo key over a restart, and leaves no process behind when it is killed',
  slowly,
  async () => {
    const { apiKey } = connection();
    const running = start('--port', '0');
    await ready(running);
    const again = connection();
    expect(again.apiKey).toBe(apiKey);
    expect(
      (await post(again.mcpUrl, callOf('search', { query: 'plan' }), bearer(apiKey))).status,
    ).toBe(200);
    process.kill(again.twin.pid, 'SIGKILL');
    await running.exited;
    await until(
      () => processesOf(again.twin.pid) === '',
      () => processesOf(again.twin.pid),
    );

    const third = start('--port', '0');
    await ready(third);
    expect(connection().apiKey).toBe(apiKey);
    third.process.kill('SIGINT');
    third.process.kill('SIGTERM');
    expect(await third.exited).toBe(0);
  },
);

it('says in one line that a port is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const running = start('--port', String(port));
  expect(await running.exited).toBe(1);
  expect(running.output()).toContain(`Port ${port} is in use`);
  expect(running.output()).not.toMatch(/\n\s+at /);
  server.close();
});

it.each([['--port', 'abc'], ['--port', '70000'], ['--prot', '1'], ['extra']])(
  'refuses %s %s with the usage code',
  async (...args) => {
    const running = start(...args.filter((arg) => arg !== undefined));
    expect(await running.exited).toBe(2);
    expect(running.output()).not.toMatch(/\n\s+at /);
  },
);

it('says which file of the state cannot be read, and loses nothing', async () => {
  const file = join(stateDirectory, 'api-keys.json');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, '{ broken');
  const running = start('--port', '0');
  expect(await running.exited).toBe(1);
  expect(running.output()).toContain('api-keys.json');
  expect(running.output()).toContain('--reset');
  expect(readFileSync(file, 'utf8')).toBe('{ broken');
  writeFileSync(file, good);
});

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import { freePort } from './support/free-port.ts';
import { bearer, callOf, post } from './support/running-twin.ts';

const projectDirectory = join(import.meta.dirname, '..', '..');
/** What synthesis reads. */
const sources = [
  ...['bin', 'build', 'cli', 'config', 'content', 'examples', 'lambdas', 'lib', 'local', 'scripts'],
  ...['src', 'cdk.json', 'package.json', 'package-lock.json', 'tsconfig.json'],
];

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'drawbridge-project-'));
  for (const name of sources)
    cpSync(join(projectDirectory, name), join(copy, name), {
      recursive: true,
      preserveTimestamps: true,
    });
  symlinkSync(join(projectDirectory, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
});

const writeMcpJson = (mcpServers: unknown): void =>
  writeFileSync(join(copy, 'config', 'mcp.json'), JSON.stringify({ mcpServers }));

/** `npm start` in the copy, without npm. */
const start = (port: number) => {
  const child = spawn(process.execPath, [join(copy, 'local', 'main.ts'), '--port', String(port)], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said.text += chunk.toString()));
  }
  const says = (line: RegExp) => expect.poll(() => said.text, { timeout: 90_000 }).toMatch(line);
  return { child, said, says };
};

describe('npm start with a broken mcp.json', () => {
  it('says what is wrong, where, and ends with an error', { timeout: 120_000 }, async () => {
    writeMcpJson({ weather: { url: 'https://me:pw@weather.example/mcp', header: {} } });
    const { child, said } = start(await freePort());
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(1);
    expect(said.text).toContain('config/mcp.json is not right:');
    expect(said.text).toContain('mcpServers.weather.header: there is no such setting');
    expect(said.text).toContain('mcpServers.weather.url: has a user name or password in it');
    expect(said.text).not.toContain('    at ');
  });
});

/** Lines of the processes that work in the copy. */
const processesOfCopy = (): readonly string[] =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(copy));

describe.each([
  ['SIGINT', [0, null]],
  ['SIGTERM', [0, null]],
  ['SIGKILL', [null, 'SIGKILL']],
] as const)('npm start, by %s while it synthesizes', (signal, ended) => {
  it('stops, and so does what it started', { timeout: 120_000 }, async () => {
    writeMcpJson({ [signal.toLowerCase()]: { url: 'https://weather.example/mcp' } });
    const { child, said } = start(await freePort());
    await expect.poll(processesOfCopy).toContainEqual(expect.stringContaining('cdk synth'));
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual(ended);
    await expect.poll(processesOfCopy).toEqual([]);
    expect(said.text).toBe('Drawbridge: synthesizing what cdk deploy would deploy …\n');
  });
});

describe('a running twin', () => {
  it(
    'serves a changed mcp.json, keeps the last good one when it is broken, and refuses nobody meanwhile',
    { timeout: 240_000 },
    async () => {
      const upstream = await startModern();
      writeMcpJson({});
      const port = await freePort();
      const { says, said } = start(port);
      try {
        await says(/^ready/mu);
        const connection = JSON.parse(
          readFileSync(join(copy, '.drawbridge', 'connection.json'), 'utf8'),
        ) as { mcpUrl: string; apiKey: string };
        const headers = bearer(connection.apiKey);
        const ask = (name: string, args: object) =>
          post(connection.mcpUrl, callOf(name, args), headers);
        expect((await ask('mine_echo', { text: 'x' })).json?.error?.message).toBe('Unknown tool');

        const failures: string[] = [];
        let isAsking = true;
        const asking = (async () => {
          while (isAsking) {
            const answer = await ask('search', { query: 'key' }).catch((error: unknown) =>
              String(error),
            );
            if (typeof answer === 'string') failures.push(answer);
            else if (answer.status !== 200) failures.push(`${answer.status} ${answer.text}`);
          }
        })();
        writeMcpJson({ mine: { url: upstream.url } });
        await says(/^reloaded /mu);
        expect((await ask('mine_echo', { text: 'hello' })).json?.result).toMatchObject({
          content: [{ text: 'hello' }],
        });
        isAsking = false;
        await asking;
        expect(failures).toEqual([]);

        // As editors and the CLI save: another file takes the place of this one.
        for (const [times, name] of ['second', 'third'].entries()) {
          writeFileSync(
            join(copy, 'config', 'mcp.json.new'),
            JSON.stringify({ mcpServers: { [name]: { url: upstream.url } } }),
          );
          renameSync(join(copy, 'config', 'mcp.json.new'), join(copy, 'config', 'mcp.json'));
          await expect
            .poll(() => said.text.match(/^reloaded /gmu)?.length, { timeout: 60_000 })
            .toBe(times + 2);
          expect((await ask(`${name}_echo`, { text: name })).json?.result).toMatchObject({
            content: [{ text: name }],
          });
        }

        writeFileSync(join(copy, 'config', 'mcp.json'), '{"mcpServers": {');
        await says(/^problem .*config\/mcp\.json is not right/mu);
        expect(said.text).toContain('What was served before is served on.');
        expect((await ask('third_echo', { text: 'again' })).json?.result).toMatchObject({
          content: [{ text: 'again' }],
        });
      } finally {
        await upstream.close();
      }
    },
  );
});

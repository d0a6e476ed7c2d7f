import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { pepper, pepperDocument } from './admin-fixtures.ts';
import { startLegacyStateless } from '../fixtures/upstreams/legacy-http.ts';
import { startFakeAws, type FakeAws } from './cli-fake-aws.ts';

const launcher = path.resolve(import.meta.dirname, '../../cli/drawbridge.mjs');

let aws: FakeAws;
let directory: string;
let document: string;

beforeAll(async () => {
  aws = await startFakeAws();
  document = aws.state.document;
  directory = await mkdtemp(path.join(os.tmpdir(), 'drawbridge-cli-'));
  await writeFile(path.join(directory, 'connection.json'), JSON.stringify(aws.connection));
});
beforeEach(() => {
  aws.state.denied.clear();
  aws.state.document = document;
  aws.state.pepper = pepperDocument;
});
afterAll(async () => {
  await aws[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** Runs `npx drawbridge …` as its own process, with no terminal. */
const drawbridge = async (
  args: readonly string[],
  connection = 'connection.json',
  script = launcher,
  input = '',
) => {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], DRAWBRIDGE_CONNECTION: connection },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that does not read its input is gone before it is written.
  child.stdin.on('error', () => undefined).end(input);
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [out, err, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { exitCode, out, err };
};

const json = async (...args: string[]): Promise<unknown> => {
  const { exitCode, out, err } = await drawbridge([...args, '--json']);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  return JSON.parse(out);
};

const issued = z.looseObject({ key: z.string(), keyId: z.string() });

// Each command is a process: several of them take their time on a machine that is busy.
describe('the CLI as a process', { timeout: 60_000 }, () => {
  it('lives through a tenant’s and a key’s whole life, with nothing on stderr', async () => {
    await json('tenants', 'create', 'acme', '--plan', 'pro', '--name', 'Acme');
    const [gatewayKey] = aws.gatewayKeys.values();
    expect(gatewayKey).toMatchObject({ name: 'drawbridge/local/acme', plan: 'plan-pro' });
    expect(gatewayKey?.value).toMatch(/^[0-9A-Za-z]{40}$/);

    const first = issued.parse(
      await json('keys', 'create', '--tenant', 'acme', '--expires', '90d'),
    );
    const stored = await aws.registry.getKey(first.keyId);
    expect(pepper.matches(first.key, stored?.hash ?? '', '2')).toBe(true);

    const second = issued.parse(await json('keys', 'rotate', first.keyId, '--grace', '1h'));
    expect(await json('keys', 'revoke', second.keyId)).toMatchObject({ alreadyRevoked: false });
    expect(await json('keys', 'list', 'acme')).toMatchObject([
      { keyId: first.keyId, status: 'active', replacedBy: second.keyId },
      { keyId: second.keyId, status: 'revoked' },
    ]);
    expect(await json('tenants', 'show', 'acme')).toMatchObject({ keyCount: 2, activeKeyCount: 1 });
  });

  it('each command leaves a record in a log stream of its own, and no secret in it', async () => {
    aws.auditLines.clear();
    await json('tenants', 'create', 'audited', '--plan', 'free');
    const { key, keyId } = issued.parse(await json('keys', 'create', 'audited'));
    const refused = await drawbridge(['keys', 'show', 'Missing0']);
    expect(refused.exitCode).toBe(1);
    expect([...aws.auditLines.keys()].map((name) => name.replace(/[^-]*$/u, ''))).toEqual(
      Array.from({ length: 3 }, () => 'cli-iam-123456789012-user/dev-'),
    );
    const lines = [...aws.auditLines.values()].flat();
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.map(({ type }) => type)).toEqual(
      Array.from({ length: 3 }, () => ['audit', 'audit-checkpoint']).flat(),
    );
    expect(records.filter(({ type }) => type === 'audit')).toMatchObject([
      { method: 'admin/tenants.create', target: 'audited', tenant: 'audited', outcome: 'ok' },
      { method: 'admin/keys.create', subject: 'iam:123456789012:user/dev', code: null },
      { method: 'admin/keys.show', target: 'Missing0', outcome: 'refused', code: 'KEY_NOT_FOUND' },
    ]);
    expect(lines.join('')).not.toContain(key.slice(key.indexOf(keyId) + 8));
  });

  it('where the audit cannot be opened nothing is done', async () => {
    aws.state.denied.add('CreateLogStream');
    const before = [...aws.gatewayKeys.keys()];
    const { exitCode, out, err } = await drawbridge(['tenants', 'create', 'x', '--plan', 'free']);
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toMatch(/^error: nothing was done, since it could not be recorded: /);
    expect([...aws.gatewayKeys.keys()]).toEqual(before);
  });

  it('a key is shown although its creation cannot be recorded, and the exit code says so', async () => {
    await json('tenants', 'create', 'unwritten', '--plan', 'free');
    aws.state.denied.add('PutLogEvents');
    const { exitCode, out, err } = await drawbridge(['keys', 'create', 'unwritten']);
    expect(exitCode).toBe(1);
    expect(out).toContain('smcp_unwritten_');
    expect(err).toMatch(/^error: could not record what was done: .* It is done\.\n$/);
  });

  it('a refused step is undone in AWS and exits 1', async () => {
    const before = [...aws.gatewayKeys.keys()];
    aws.state.denied.add('PutItem');
    const { exitCode, err } = await drawbridge(['tenants', 'create', 'undone', '--plan', 'free']);
    expect(exitCode).toBe(1);
    expect(err).toMatch(
      /^error: could not write tenant "undone": AccessDeniedException: [^\n]*\n$/,
    );
    expect([...aws.gatewayKeys.keys()]).toEqual(before);
  });

  it('what is wrong as typed exits 2', async () => {
    expect(await drawbridge(['keys', 'create', 'acme', '--role', 'root'])).toMatchObject({
      exitCode: 2,
      out: '',
    });
  });

  it('a broken pepper secret is said without its value', async () => {
    aws.state.pepper = 'canary-secret';
    const { exitCode, out, err } = await drawbridge(['keys', 'create', 'acme']);
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toContain('secret arn:pepper holds no pepper');
    expect(err).not.toContain('canary');
  });

  it('a deployment document of another version is refused by name', async () => {
    aws.state.document = document.replace('"version":1', '"version":2');
    const { exitCode, err } = await drawbridge(['tenants', 'list', '--json']);
    expect(exitCode).toBe(1);
    expect(JSON.parse(err)).toMatchObject({
      error: {
        code: 'DEPLOYMENT_INVALID',
        message: expect.stringMatching(/check version/) as string,
      },
    });
  });

  it('a missing deployment parameter says what to check', async () => {
    const other = { ...aws.connection.twin, deployment: '/drawbridge/local/other' };
    await writeFile(
      path.join(directory, 'other.json'),
      JSON.stringify({ ...aws.connection, twin: other }),
    );
    const { exitCode, err } = await drawbridge(['tenants', 'list'], 'other.json');
    expect(exitCode).toBe(1);
    expect(err).toMatch(
      /could not read parameter \/drawbridge\/local\/other of local: .*ParameterNotFound/,
    );
  });

  it('a twin that has stopped is one line that says how to start it', async () => {
    const gone = { ...aws.connection.twin, awsEndpoint: 'http://127.0.0.1:1' };
    await writeFile(
      path.join(directory, 'gone.json'),
      JSON.stringify({ ...aws.connection, twin: gone }),
    );
    expect(await drawbridge(['tenants', 'list'], 'gone.json')).toEqual({
      exitCode: 1,
      out: '',
      err:
        'error: the twin is not running (nothing answers at http://127.0.0.1:1): start it with `npm start`, ' +
        'or choose a deployment with --env\n',
    });
  });

  it('a secret comes from standard input, and fills the header of a server that is added', async () => {
    const server = await startLegacyStateless();
    try {
      const token = 'canary-token';
      const set = await drawbridge(
        ['secrets', 'set', 'weather-token'],
        'connection.json',
        launcher,
        `${token}\n`,
      );
      expect(set).toMatchObject({ exitCode: 0, err: '' });
      expect(await json('secrets', 'list')).toEqual([
        { name: 'weather-token', isSet: true, changedAt: '2026-11-21T05:00:00.000Z' },
      ]);
      const entry = JSON.stringify({
        mcpServers: {
          weather: {
            url: server.url,
            headers: { Authorization: 'Bearer ${secret:weather-token}' },
          },
        },
      });
      const { exitCode, out, err } = await drawbridge(
        ['upstreams', 'add', '-', '--json'],
        'connection.json',
        launcher,
        entry,
      );
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
      expect(JSON.parse(out)).toMatchObject([
        { name: 'weather', pinned: true, check: { state: 'ok', era: 'legacy' } },
      ]);
      expect(server.requests.length).toBeGreaterThan(0);
      for (const { headers } of server.requests) {
        expect(headers.authorization).toBe(`Bearer ${token}`);
      }
      const shown = await drawbridge(['upstreams', 'show', 'weather']);
      const diff = await drawbridge(['pins', 'diff', 'weather']);
      expect(diff.out).toMatch(/^weather: all \d+ tools are as approved\n$/);
      expect(set.out + out + shown.out + diff.out).not.toContain(token);
      expect(await aws.upstreams.listPins()).toHaveLength(1);
    } finally {
      await server.close();
    }
  });

  it('without its dependencies it says how to install them', async () => {
    const bare = path.join(directory, 'bare', 'cli');
    await mkdir(bare, { recursive: true });
    await copyFile(launcher, path.join(bare, 'drawbridge.mjs'));
    expect(await drawbridge([], '', path.join(bare, 'drawbridge.mjs'))).toEqual({
      exitCode: 1,
      out: '',
      err: 'error: the dependencies are not installed: run `npm install` (or `npm start`) first\n',
    });
  });
});
